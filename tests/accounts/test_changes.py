"""The change log as it is shown: who sees what, filters, cursors, and that nothing leaks."""

from dataclasses import dataclass, replace

import pytest

from alpage.accounts import sight
from alpage.api.history import SUBJECTS
from alpage.api.streams import EventStream
from alpage.identity.applications import Application
from alpage.identity.grants import Grant
from alpage.products.domains import domains
from alpage.storage import pulse
from alpage.storage.changes import HIDDEN, NOBODY, SECRET
from alpage.storage.database import Database
from alpage.storage.tables import Base
from tests.accounts.conftest import join
from tests.conftest import Person

DNS = ("dns:read", "dns:write")


def listed(person, query="", token=None):
    """All changes a person sees."""
    caller = person if token is None else replace(person, token=token)
    found, cursor = [], ""
    while True:
        answer = caller.call("GET", f"/1/changes?{query}&cursor={cursor}")
        assert answer.status_code == 200, answer.text
        body = answer.json()
        found += body["data"]
        cursor = body["cursor"]
        if not body["has_more"]:
            return found


def labels(changes):
    return {f"{change['event']} {change['action']} {change['object_id']}" for change in changes}


def registered(person, name):
    with person.platform.database.transaction(NOBODY) as transaction:
        domain = domains.create(transaction.session, person.account.id, name, 1)
    assert person.call("POST", f"/2/zones/{name}", {}).status_code == 200
    return domain


def add_record(person, zone, source="www"):
    body = {"source": source, "type": "A", "ttl": 300, "target": "192.0.2.1"}
    answer = person.call("POST", f"/2/zones/{zone}/records", body)
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]["id"]


@dataclass
class World:
    """An account in which something happened, and the people around it."""

    heidi: Person  # owns it
    anna: Person  # administers it
    nils: Person  # may change one of its domains
    carl: Person  # is a member and has no right
    dora: Person  # was a member, and may do nothing any more
    peter: Person  # has an account of his own
    first: int  # a domain of heidi's
    second: int  # another
    other: int  # peter's

    @property
    def account(self):
        return self.heidi.account.id


@pytest.fixture
def world(heidi, anna, nils, peter):
    carl, dora = join(heidi, "carl"), join(heidi, "dora", "admin")
    first, second, other = registered(heidi, "first.ch"), registered(heidi, "second.ch"), registered(peter, "other.ch")
    heidi.platform.right(first, nils.user, "technical")
    add_record(heidi, "first.ch"), add_record(heidi, "second.ch"), add_record(nils, "first.ch", "nils")
    add_record(peter, "other.ch")
    heidi.call("POST", f"/1/accounts/{heidi.account.id}/tags", {"name": "heidis"})
    anna.call("POST", f"/1/accounts/{heidi.account.id}/tags", {"name": "annas"})
    dora.call("POST", f"/1/accounts/{heidi.account.id}/tags", {"name": "doras"})
    for person in (heidi, anna, nils, carl, dora, peter):
        assert person.call("PATCH", "/2/profile", {"birth_at": "1990-01-01"}).status_code == 200
    assert heidi.call("DELETE", f"/2/accounts/{heidi.account.id}/users/{dora.user.id}").status_code == 200
    return World(heidi, anna, nils, carl, dora, peter, first.id, second.id, other.id)


def of_the_log(world, wanted):
    """The changes there are, by hand: those of which `wanted` says yes."""
    with world.heidi.platform.database.reading() as transaction:
        return labels(dict(row._mapping) for row in transaction.execute(sight.ENTRIES) if wanted(row))


def is_own(person):
    return lambda row: row.owner_id == person.user.id


SEEN = {
    "heidi": lambda world: lambda row: row.account_id == world.account or is_own(world.heidi)(row),
    "anna": lambda world: lambda row: row.account_id == world.account or is_own(world.anna)(row),
    "nils": lambda world: lambda row: row.product_id == world.first or is_own(world.nils)(row),
    "carl": lambda world: is_own(world.carl),
    "dora": lambda world: is_own(world.dora),
    "peter": lambda world: lambda row: row.account_id == world.peter.account.id or is_own(world.peter)(row),
}


@pytest.mark.parametrize("name", SEEN)
def test_who_sees_what(world, name):
    wanted = of_the_log(world, SEEN[name](world))
    assert wanted
    assert labels(listed(getattr(world, name))) == wanted
    assert labels(listed(getattr(world, name), "order=desc&limit=3")) == wanted


@pytest.mark.parametrize("name", SEEN)
def test_a_change_is_shown_to_who_sees_it_in_the_list(world, name):
    person = getattr(world, name)
    seen = {change["id"]: change for change in listed(person)}
    with person.platform.database.reading() as transaction:
        ids = [row.id for row in transaction.execute(sight.ENTRIES)]
    for id in ids:
        answer = person.call("GET", f"/1/changes/{id}")
        assert answer.status_code == (200 if id in seen else 404)
        assert id not in seen or answer.json()["data"] == seen[id]


FILTERS = (
    "filter[request_id]={change[request_id]}",
    "filter[event]={change[event]}&filter[object_id]={change[object_id]}",
    "filter[user_id]={change[user_id]}",
    "filter[token_id]={change[token_id]}",
    "filter[product_id]={change[product_id]}",
    "filter[account_id]={change[account_id]}",
    "filter[event]={change[event]}",
    "filter[since]={change[created_at]}",
)


@pytest.mark.parametrize("pattern", FILTERS)
@pytest.mark.parametrize("name", ["nils", "carl", "dora", "peter"])
def test_no_filter_shows_more_than_there_is_to_see(world, name, pattern):
    person = getattr(world, name)
    seen = labels(listed(person))
    queries = {pattern.format(change=change) for change in listed(world.heidi)}
    for query in queries:
        if "None" not in query:
            assert labels(listed(person, query)) <= seen


def test_a_right_that_is_given_shows_what_was_before_and_one_that_is_taken_hides_it(world):
    assert not listed(world.carl, f"filter[product_id]={world.second}")
    world.heidi.platform.right(
        type("Product", (), {"id": world.second, "account_id": world.account, "service_id": 14}),
        world.carl.user,
        "statistic",
    )
    assert listed(world.carl, f"filter[product_id]={world.second}")
    world.heidi.call("DELETE", f"/2/accounts/{world.account}/users/{world.carl.user.id}")
    assert labels(listed(world.carl)) == of_the_log(world, is_own(world.carl))


def test_a_former_member_sees_nothing_of_what_he_did(world):
    assert listed(world.heidi, f"filter[user_id]={world.dora.user.id}&filter[event]=account.tag")
    assert not listed(world.dora, "filter[event]=account.*")


def test_a_member_sees_what_he_did_himself_as_long_as_he_is_one(world):
    with world.heidi.platform.database.transaction(NOBODY) as transaction:
        from alpage.accounts.members import Membership  # noqa: PLC0415 - of this test alone

        place = transaction.session.query(Membership).filter_by(user_id=world.anna.user.id).one()
        place.role_type = "normal"
    assert [change["after"]["name"] for change in listed(world.anna, "filter[event]=account.*")] == ["annas"]


# tokens see what their scopes and limits let them


def test_a_token_sees_what_its_scopes_let_it_read(world):
    token = world.heidi.platform.token(world.heidi.user, "dns:read")
    seen = listed(world.heidi, token=token)
    assert labels(seen) == labels(listed(world.heidi, "filter[event][]=dns.*&filter[event][]=product"))
    without = world.heidi.platform.token(world.heidi.user, "dns:write")
    assert {change["event"] for change in listed(world.heidi, token=without)} == {"product"}  # any token lists these


def test_a_token_limited_to_accounts_sees_these_alone(world):
    world.heidi.platform.member(world.peter.account, world.heidi.user, "admin")
    token = world.heidi.platform.token(world.heidi.user, account_ids=[world.account])
    assert labels(listed(world.heidi, token=token)) == of_the_log(world, lambda row: row.account_id == world.account)
    elsewhere = world.heidi.platform.token(world.heidi.user, account_ids=[world.peter.account.id])
    assert labels(listed(world.heidi, token=elsewhere)) == of_the_log(
        world, lambda row: row.account_id == world.peter.account.id
    )


def test_a_token_limited_to_products_sees_these_alone(world):
    token = world.heidi.platform.token(world.heidi.user, product_ids=[world.first])
    assert labels(listed(world.heidi, token=token)) == of_the_log(world, lambda row: row.product_id == world.first)


# what is in an entry


def test_an_entry_names_who_did_it_and_with_what(world):
    application = Application(
        client_id="c", name="Robot", user_id=None, is_confidential=False, token_endpoint_auth_method="none",
        grant_types=[], scopes=[], redirect_uris=[], created_at=1,
    )  # fmt: skip
    world.heidi.platform.add(application)
    with world.heidi.platform.database.transaction(NOBODY) as transaction:
        grant = transaction.session.query(Grant).filter_by(user_id=world.anna.user.id).one()
        grant.application_id = application.id
    (change,) = listed(world.heidi, f"filter[event]=account.tag&filter[user_id]={world.anna.user.id}&with=*")
    assert change["user"] == {"id": world.anna.user.id, "display_name": "Anna Test", "avatar": None}
    assert change["application"] == {"id": application.id, "name": "Robot"}
    assert (change["application_id"], change["token_id"]) == (application.id, grant.id)
    assert (change["before"], change["after"]["name"], change["reverts"]) == (None, "annas", None)
    assert len(change["request_id"]) == 24


def test_what_nobody_did_has_no_actor(world):
    change = listed(world.heidi, "filter[event]=domain&with=user")[0]
    assert (change["user_id"], change["token_id"], change["request_id"], change["user"]) == (None, None, None, None)


def test_a_change_can_be_unchanged(world):
    change = listed(world.heidi)[0]
    answer = world.heidi.call("GET", f"/1/changes/{change['id']}")
    tag = answer.headers["etag"]
    assert world.heidi.call("GET", f"/1/changes/{change['id']}", headers={"If-None-Match": tag}).status_code == 304


def test_no_secret_and_no_hash_is_in_the_log():
    """A column whose name says that it opens something is secret, or its values are in the log."""
    harmless = {"public_key", "token_endpoint_auth_method", "resource_tokens", "id_token_alg"}
    telling = {"hash", "secret", "sealed", "nonce", "seed", "private", "token", "code", "pepper", "key"}
    for subject in SUBJECTS:
        for name, column in subject.columns.items():
            if name not in harmless and telling & set(name.split("_")):
                assert SECRET in column.info, f"{subject.event} shows {name}"


def test_every_logged_table_says_who_may_read_it():
    told = {subject.event for subject in SUBJECTS}
    for mapper in Base.registry.mappers:
        model = mapper.class_
        if model.__event__ and model.__audience__ != "platform":
            assert model.__event__ in told, f"{model.__name__} has no subject: who may read its changes?"
            needed = {"account": ["account_id"], "product": ["account_id", "product_id"], "user": ["user_id"]}
            assert all(hasattr(model, name) for name in needed[model.__audience__])


def test_what_is_the_platforms_own_is_seen_by_nobody():
    platforms = {m.class_.__event__ for m in Base.registry.mappers if m.class_.__audience__ == "platform"} - {""}
    assert platforms == {
        "signing_key", "status.event", "status.comment", "status.text", "status.service", "status.concern",
    }  # fmt: skip


def test_hidden_values_stay_hidden(world):
    world.heidi.call("POST", f"/1/accounts/{world.account}/invitations", {
        "email": "new@example.org", "first_name": "N", "last_name": "N", "locale": "de_DE", "role_type": "normal",
    })  # fmt: skip
    (change,) = listed(world.heidi, "filter[event]=account.invitation")
    assert (change["after"]["nonce"], change["after"]["key_hash"]) == (HIDDEN, HIDDEN)


# filters


def test_events_by_name_and_by_beginning(world):
    assert {one["event"] for one in listed(world.heidi, "filter[event]=dns.record")} == {"dns.record"}
    assert {one["event"] for one in listed(world.heidi, "filter[event][]=dns.record&filter[event][]=account.t*")} == {
        "dns.record",
        "account.tag",
    }
    assert labels(listed(world.heidi, "filter[event]=*")) == labels(listed(world.heidi))


def test_an_event_that_there_is_not(world):
    answer = world.heidi.call("GET", "/1/changes?filter[event]=dns.recor")
    (fault,) = answer.json()["error"]["errors"]
    assert (fault["code"], fault["context"]["suggestion"]) == ("attribute_in", "dns.record")
    assert "signing_key" not in fault["context"]["values"]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("filter[action]=deleted", lambda world: lambda row: row.action == "deleted"),
        ("filter[action][]=deleted&filter[action][]=updated", lambda world: lambda row: row.action != "created"),
        ("filter[account_id]={world.account}", lambda world: lambda row: row.account_id == world.account),
        ("filter[account_id]={world.peter.account.id}", lambda world: lambda row: False),
        ("filter[product_id]={world.first}", lambda world: lambda row: row.product_id == world.first),
        ("filter[product_id]={world.other}", lambda world: lambda row: False),
        ("filter[user_id]={world.nils.user.id}", lambda world: lambda row: row.user_id == world.nils.user.id),
        (
            "filter[event]=dns.record&filter[object_id]=2",
            lambda world: lambda row: (row.event, row.object_id) == ("dns.record", 2),
        ),
        (
            "filter[event]=dns.*&filter[action]=created&filter[user_id]={world.heidi.user.id}",
            lambda world: lambda row: row.event[:3] == "dns" and row.action == "created" and row.user_id == 1,
        ),
        ("filter[event]=user", lambda world: lambda row: row.event == "user"),
        (
            "filter[event]=user&filter[account_id]={world.account}",
            lambda world: lambda row: False,
        ),
    ],
)
def test_filters(world, query, wanted):
    visible, asked = SEEN["heidi"](world), wanted(world)
    found = labels(listed(world.heidi, query.format(world=world)))
    assert found == of_the_log(
        world, lambda row: visible(row) and (row.account_id != world.peter.account.id) and asked(row)
    )


def test_an_object_is_one_of_a_kind(world):
    for query in ("filter[object_id]=1", "filter[object_id]=1&filter[event]=dns.*"):
        (fault,) = world.heidi.call("GET", f"/1/changes?{query}").json()["error"]["errors"]
        assert (fault["code"], fault["context"]["attribute"]) == ("attribute_required_with", "filter.event")


def test_filter_by_token_and_by_request(world):
    (tag,) = [one for one in listed(world.heidi, "filter[event]=account.tag") if one["after"]["name"] == "annas"]
    own = labels(listed(world.heidi, f"filter[token_id]={tag['token_id']}"))
    assert own == {f"account.tag created {tag['object_id']}"}
    assert labels(listed(world.heidi, f"filter[request_id]={tag['request_id']}")) == own
    assert listed(world.heidi, "filter[token_id]=999999") == []


def test_filter_by_time(world):
    with world.heidi.platform.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE changes SET created_at = 1000 + id * 10")
    everything = listed(world.heidi)
    half = everything[len(everything) // 2]
    since = [change["id"] for change in listed(world.heidi, f"filter[since]={half['created_at']}")]
    until = [change["id"] for change in listed(world.heidi, f"filter[until]={half['created_at']}")]
    assert since[0] == half["id"]
    assert until + since == [change["id"] for change in everything]
    assert listed(world.heidi, f"filter[since]={half['created_at']}&filter[until]={half['created_at']}") == []
    assert [change["id"] for change in listed(world.heidi, "filter[since]=0&filter[until]=99999999")] == until + since


# a long log


@pytest.mark.parametrize(
    "query", ["filter[action]=deleted", "filter[user_id]={world.heidi.user.id}&filter[event]=account.tag"]
)
def test_what_is_rare_is_found_by_going_on(world, query, monkeypatch):
    """Only so many entries are looked at for one answer; nothing is passed over for it, whichever way one goes."""
    query = query.format(world=world)
    everything = [change["id"] for change in listed(world.heidi, query)]
    assert everything
    monkeypatch.setattr(sight, "SIFTED", 3)
    first = world.heidi.call("GET", f"/1/changes?{query}").json()
    assert first["has_more"]
    assert [change["id"] for change in listed(world.heidi, query)] == everything
    assert [change["id"] for change in listed(world.heidi, f"{query}&order=desc")] == everything[::-1]


@pytest.mark.parametrize("most", [0, 1, 100])
def test_many_strands_are_read_as_few(world, most, monkeypatch):
    monkeypatch.setattr(sight, "MOST_STRANDS", most)
    for name in ("heidi", "nils"):
        person = getattr(world, name)
        assert labels(listed(person)) == of_the_log(world, SEEN[name](world))
        assert {one["event"] for one in listed(person, "filter[event]=dns.record")} == {"dns.record"}


# as they happen


class Ears:
    """A listener's stream, read by hand."""

    def __init__(self, person, monkeypatch, query="", headers=None):
        opened = []
        monkeypatch.setattr(EventStream, "run", lambda stream, *_: opened.append(stream) or _nothing())
        accept = {"Accept": "text/event-stream", **(headers or {})}
        answer = person.call("GET", f"/1/changes?{query}", headers=accept)
        assert answer.status_code == 200, answer.text
        (self.stream,) = opened

    def hear(self):
        """The events since one last listened."""
        return [*self.stream.read()]


async def _nothing():
    return None


@pytest.fixture
def steady_pulse(monkeypatch):
    """A pulse that is never too old, so that nothing has to be waited for."""
    monkeypatch.setattr(pulse, "LOOK_SECONDS", 0)


def tag(person, name):
    answer = person.call("POST", f"/1/accounts/{person.account.id}/tags", {"name": name})
    assert answer.status_code == 201, answer.text


def test_a_listener_hears_what_happens_from_now_on(heidi, peter, monkeypatch, steady_pulse):
    tag(heidi, "before")
    ears = Ears(heidi, monkeypatch)
    assert ears.hear() == []
    tag(heidi, "one"), tag(peter, "none of hers"), tag(heidi, "two")
    events = ears.hear()
    assert [event.data["after"]["name"] for event in events] == ["one", "two"]
    assert events[0].data == heidi.call("GET", f"/1/changes/{events[0].data['id']}").json()["data"]
    assert ears.hear() == []


def test_a_listener_who_comes_back_has_missed_nothing(heidi, monkeypatch, steady_pulse):
    ears = Ears(heidi, monkeypatch)
    tag(heidi, "one"), tag(heidi, "two")
    first, second = ears.hear()
    again = Ears(heidi, monkeypatch, headers={"Last-Event-ID": first.id})
    assert [event.data for event in again.hear()] == [second.data]
    cursor = heidi.call("GET", "/1/changes?order=desc&limit=1").json()["cursor"]
    assert cursor == second.id
    assert Ears(heidi, monkeypatch, f"cursor={first.id}").hear() == [second]


def test_an_id_that_is_none(heidi):
    headers = {"Accept": "text/event-stream", "Last-Event-ID": "17"}
    answer = heidi.call("GET", "/1/changes", headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_cursor_error")


def test_a_listener_hears_what_he_asked_for(heidi, monkeypatch, steady_pulse):
    ears = Ears(heidi, monkeypatch, "filter[event]=user&with=user")
    tag(heidi, "one")
    heidi.call("PATCH", "/2/profile", {"birth_at": "1990-01-01"})
    (event,) = ears.hear()
    assert (event.data["event"], event.data["user"]["display_name"]) == ("user", "Heidi Test")


def test_a_listener_hears_many_at_once(heidi, monkeypatch, steady_pulse):
    ears = Ears(heidi, monkeypatch, "filter[event]=account.tag")
    operations = [
        {"method": "POST", "path": f"/1/accounts/{heidi.account.id}/tags", "body": {"name": f"t{n}"}}
        for n in range(250)
    ]
    heidi.call("POST", "/1/batch", {"requests": operations})
    assert [event.data["after"]["name"] for event in ears.hear()] == [f"t{n}" for n in range(250)]


def test_a_right_that_is_taken_ends_what_a_listener_hears(world, monkeypatch, steady_pulse):
    ears = Ears(world.nils, monkeypatch, "filter[event]=dns.record")
    add_record(world.heidi, "first.ch", "one"), add_record(world.heidi, "second.ch", "one")
    (event,) = ears.hear()
    assert event.data["product_id"] == world.first
    world.heidi.call("DELETE", f"/2/accounts/{world.account}/users/{world.nils.user.id}")
    add_record(world.heidi, "first.ch", "two")
    assert ears.hear() == []


def test_many_listeners_ask_the_database_once(heidi, monkeypatch):
    """While nothing happens, one look at the log serves all of a process."""
    monkeypatch.setattr(pulse, "LOOK_SECONDS", 3600)
    ears = [Ears(heidi, monkeypatch) for _ in range(10)]
    asked = []
    reading = Database.reading
    monkeypatch.setattr(Database, "reading", lambda self: asked.append(1) or reading(self))
    assert [one.hear() for one in ears for _ in range(5)] == [[]] * 50
    assert len(asked) == 1
