"""The picture of the caller."""

from base64 import b64encode
from io import BytesIO

import pytest
from PIL import Image

from alpage.identity.avatar import SHOWN_SIDE

ORIENTATION = 0x0112


def picture(kind="png", size=(64, 64), mode="RGB", **options):
    drawn = BytesIO()
    Image.new(mode, size, 0 if mode in ("P", "L") else "green").save(drawn, kind, **options)
    return drawn.getvalue()


def upload(person, content, encoding="png", query=""):
    body = {"avatar": b64encode(content).decode(), "encoding": encoding}
    return person.call("POST", f"/2/profile/avatar{query}", body)


def path_of(person):
    address = person.call("GET", "/2/profile").json()["data"]["avatar"]
    return address and address.removeprefix(person.platform.settings.public_url)


def rule(answer):
    assert answer.status_code == 422
    (fault,) = answer.json()["error"]["errors"]
    assert (fault["code"], fault["context"]["attribute"]) == ("attribute_image", "avatar")
    return fault["context"]["rule"]


@pytest.mark.parametrize(("kind", "content_type"), [("png", "image/png"), ("jpeg", "image/jpeg"), ("gif", "image/png")])
def test_a_picture_is_seen_by_anybody_at_its_address(heidi, client, kind, content_type):
    answer = upload(heidi, picture(kind), kind)
    assert answer.status_code == 200
    assert answer.json()["data"] == {"avatar": heidi.call("GET", "/2/profile").json()["data"]["avatar"]}
    seen = client.get(path_of(heidi))
    assert seen.status_code == 200
    assert seen.headers["content-type"] == content_type
    assert seen.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert seen.headers["x-content-type-options"] == "nosniff"
    assert Image.open(BytesIO(seen.content)).size == (64, 64)


def test_looking_at_pictures_costs_nothing(heidi, client):
    upload(heidi, picture())
    first, second = (client.get(path_of(heidi)).headers["x-ratelimit-remaining"] for _ in range(2))
    assert first == second


def test_a_picture_is_drawn_anew(heidi, client):
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    exif[0x010F] = "Camera of the alp"
    drawn = BytesIO()
    image = Image.new("RGB", (1024, 1024), "green")
    image.paste("red", (0, 0, 1024, 512))
    image.save(drawn, "jpeg", exif=exif, comment=b"taken at the hut")
    assert upload(heidi, drawn.getvalue(), "jpeg").status_code == 200
    content = client.get(path_of(heidi)).content
    assert b"alp" not in content
    assert b"hut" not in content
    kept = Image.open(BytesIO(content))
    assert kept.size == (SHOWN_SIDE, SHOWN_SIDE)
    assert dict(kept.getexif()) == {}
    red, green, _ = kept.getpixel((SHOWN_SIDE - 10, 10))  # turned as the camera was held: red is at the right
    assert red > green


def test_what_is_clear_stays_clear(heidi, client):
    upload(heidi, picture("png", mode="RGBA"))
    assert Image.open(BytesIO(client.get(path_of(heidi)).content)).mode == "RGBA"


def test_another_picture_has_another_address(heidi, client):
    upload(heidi, picture())
    first = path_of(heidi)
    upload(heidi, picture())
    assert path_of(heidi) != first
    assert client.get(first).status_code == 404
    assert client.get(path_of(heidi)).status_code == 200


def test_a_dry_run_keeps_nothing(heidi, client):
    answer = upload(heidi, picture(), query="?dry_run=1")
    address = answer.json()["data"]["avatar"]
    assert heidi.call("GET", "/2/profile").json()["data"]["avatar"] is None
    assert client.get(address.removeprefix(heidi.platform.settings.public_url)).status_code == 404
    assert len(answer.text) < 2000  # the picture itself does not stand among the changes


def test_deleting_a_picture(heidi, client):
    upload(heidi, picture())
    path = path_of(heidi)
    answer = heidi.call("DELETE", "/2/profile/avatar")
    assert (answer.status_code, answer.json()["data"]) == (200, True)
    assert path_of(heidi) is None
    assert client.get(path).status_code == 404
    again = heidi.call("DELETE", "/2/profile/avatar")
    assert (again.status_code, again.json()["error"]["code"]) == (404, "object_not_found")


def test_pictures_are_their_owners(heidi, peter):
    upload(heidi, picture())
    assert peter.call("DELETE", "/2/profile/avatar").status_code == 404
    assert path_of(peter) is None
    assert path_of(heidi) is not None


@pytest.mark.parametrize(
    ("content", "encoding", "expected"),
    [
        (picture(size=(64, 63)), "png", "square"),
        (picture(size=(15, 15)), "png", "min_side"),
        (picture("jpeg"), "png", "format"),
        (picture("png"), "gif", "format"),
        (picture("jpeg")[:300], "jpeg", "format"),
        (b"no picture at all", "jpeg", "format"),
        (b"", "png", "format"),
    ],
    ids=["not square", "too small", "jpeg as png", "png as gif", "cut off", "text", "nothing"],
)
def test_what_is_no_such_picture_is_refused(heidi, content, encoding, expected):
    assert rule(upload(heidi, content, encoding)) == expected
    assert path_of(heidi) is None


def test_a_picture_of_few_bytes_and_many_pixels_is_refused(heidi):
    assert rule(upload(heidi, picture(size=(8200, 8200), mode="L"), "png")) == "max_side"


def test_what_is_no_base64_is_refused(heidi):
    assert rule(heidi.call("POST", "/2/profile/avatar", {"avatar": "äöü", "encoding": "png"})) == "base64"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, {("avatar", "attribute_required"), ("encoding", "attribute_required")}),
        ({"avatar": "", "encoding": "webp"}, {("encoding", "attribute_in")}),
        ({"avatar": "A" * 1_398_200, "encoding": "png"}, {("avatar", "attribute_max_length")}),
    ],
    ids=["nothing", "encoding", "too large"],
)
def test_a_body_that_cannot_be_used_is_refused(heidi, body, expected):
    answer = heidi.call("POST", "/2/profile/avatar", body)
    assert answer.status_code == 422
    assert {(f["context"]["attribute"], f["code"]) for f in answer.json()["error"]["errors"]} == expected


def test_pictures_need_token_and_scope(client, heidi):
    assert client.post("/2/profile/avatar", json={}).status_code == 401
    assert client.delete("/2/profile/avatar").status_code == 401
    heidi.token = heidi.platform.token(heidi.user, "dns")
    assert upload(heidi, picture()).json()["error"]["code"] == "all_scopes"
    assert heidi.call("DELETE", "/2/profile/avatar").json()["error"]["code"] == "all_scopes"


def test_an_unknown_address_is_not_there(client):
    answer = client.get("/2/profile/avatar/nobody.png")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "object_not_found")
