"""What a form has sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpage.web import forms


def test_fields_and_files_are_told_apart(browser):
    token = browser.get("/farm/form").text
    files = {"logo": ("ziege.svg", b"<svg/>", "image/svg+xml"), "none": ("", b"", "application/octet-stream")}
    answer = browser.post("/farm/form", data={"csrf": token, "tag": ["a", "ä"]}, files=files)
    assert answer.status_code == 200
    assert "('tag', 'a'), ('tag', 'ä')" in answer.text
    assert answer.text.endswith("{'logo': ('ziege.svg', '<svg/>')}")


@pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/form-data; boundary=x"])
@pytest.mark.parametrize("body", [b"nonsense", b"--x\r\nbroken", b'--x\r\nContent-Disposition: form-data; name="a'])
def test_a_broken_form_is_the_senders_mistake(browser, content_type, body):
    assert browser.post("/farm/foreign", content=body, headers={"content-type": content_type}).status_code == 400


def test_text_that_is_not_utf_8_is_the_senders_mistake(browser):
    headers = {"content-type": forms.URLENCODED}
    assert browser.post("/farm/foreign", content=b"a=\xff", headers=headers).status_code == 400


@given(st.binary(), st.sampled_from([forms.URLENCODED, f"{forms.MULTIPART}; boundary=x", "text/plain", ""]))
def test_whatever_is_sent_is_read_or_refused(body, content_type):
    try:
        form = forms.read(body, content_type)
    except forms.MalformedFormError:
        return
    assert all(isinstance(value, str) for _, value in form.fields.multi_items())
