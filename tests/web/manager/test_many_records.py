"""Many records at once: pasted lines, zone files, templates — the plan first, then the change that was agreed to."""

import pytest

from tests.web.manager.making import FQDN, ZONE, Api, make_domain

PASTE, IMPORT, TEMPLATES = f"/zones/{FQDN}/paste", f"/zones/{FQDN}/import", f"/zones/{FQDN}/templates"


@pytest.fixture
def api(browser, site, login, platform):
    made = Api(site, platform.token(login.user))
    make_domain(platform, made("GET", "/1/accounts")[0]["id"])
    made("POST", f"/2/zones/{FQDN}", {"skel": ZONE})
    return made


def plan_of(page):
    """The form that carries a plan out."""
    return next(form for form in page.forms if form.named("plan"))


def test_pasted_lines_show_their_plan_and_change_only_what_was_agreed_to(browser, api):
    before = api.lines()
    text = "ftp IN A 192.0.2.70\nwww 300 IN CNAME alm.example.\n- mail IN A 192.0.2.26\n@ IN A 192.0.2.10"
    page = browser.send(browser.get(PASTE).form("/paste#plan"), text=text)
    assert "One new record, one changed, one deleted." in page.text
    assert "One line is in the zone as it is." in page.text
    assert "<del>3600</del>" in page.html
    assert api.lines() == before
    done = browser.follow(browser.send(plan_of(page)))
    assert "3 records were changed." in done.text
    assert api.lines() == [
        ". A 3600 192.0.2.10",
        ". MX 3600 10 mail.alm.example",
        "ftp A 3600 192.0.2.70",
        "mail A 3600 192.0.2.25",
        "www CNAME 300 alm.example",
    ]


def test_a_plan_that_no_longer_holds_is_shown_anew(browser, api):
    page = browser.send(browser.get(PASTE).form("/paste#plan"), text="- mail IN A")
    api("DELETE", f"/2/zones/{FQDN}/records/{api.id_of('mail', 'A')}")
    again = browser.send(plan_of(page))
    assert again.status == 200
    assert "The zone has changed meanwhile" in again.text
    assert "mail A 3600 192.0.2.26" in api.lines()
    browser.send(plan_of(again))
    assert not any(line.startswith("mail A") for line in api.lines())


def test_pasting_replaces_what_has_the_same_name_and_type(browser, api):
    known = api.id_of("mail", "A")
    page = browser.send(browser.get(PASTE).form("/paste#plan"), text="mail A 192.0.2.99", mode="replace")
    assert "One changed, one deleted." in page.text
    browser.send(plan_of(page))
    assert [line for line in api.lines() if line.startswith("mail A")] == ["mail A 3600 192.0.2.99"]
    assert api.id_of("mail", "A") == known


def test_a_table_is_pasted_as_well(browser, api):
    text = "Name;Type;TTL;Priority;Value\nmail2;A;300;;192.0.2.27\n@;MX;600;20;mail2.alm.example"
    page = browser.send(browser.get(PASTE).form("/paste#plan"), text=text)
    assert "2 new records" in page.text
    browser.send(plan_of(page))
    assert "mail2 A 300 192.0.2.27" in api.lines()
    assert ". MX 600 20 mail2.alm.example" in api.lines()


def test_what_cannot_be_taken_is_said_by_line_in_the_words_of_the_api(browser, api):
    text = "ftp A 192.0.2.70\nbad A 192.0.2.700\n\nwww A 192.0.2.1\nnonsense"
    page = browser.send(browser.get(PASTE).form("/paste#plan"), text=text)
    assert page.status == 422
    assert "Line 5: This line has no type of record that is known here." in page.text
    page = browser.send(page.form("/paste#plan"), text=text.removesuffix("\nnonsense"))
    assert "2 lines cannot be taken" in page.text
    assert "Line 2: " in page.text
    assert "is not an IPv4 address" in page.text
    assert "Line 4: " in page.text
    assert page.form("/paste#plan").named("text") == [text.removesuffix("\nnonsense")]
    assert len(api.lines()) == 5


def test_records_that_are_there_in_another_spelling_are_passed_over(browser, api):
    text = "ALM.EXAMPLE. MX 010 mail.alm.example.\nftp A 192.0.2.70"
    page = browser.send(browser.get(PASTE).form("/paste#plan"), text=text)
    assert "One new record." in page.text
    assert "One line is in the zone as it is." in page.text


def test_changing_much_of_a_large_zone_must_be_meant(browser, api):
    create = [{"source": f"h{number}", "type": "A", "ttl": 300, "target": "192.0.2.1"} for number in range(60)]
    api("PATCH", f"/2/zones/{FQDN}/records", {"create": create})
    text = "\n".join(f"- h{number} A" for number in range(40))
    page = browser.send(browser.get(PASTE).form("/paste#plan"), text=text)
    assert "This would change 40 of 65 entries" in page.text
    refused = browser.send(plan_of(page))
    assert refused.status == 200
    assert len(api.lines()) == 65
    browser.follow(browser.send(plan_of(refused), force="1"))
    assert len(api.lines()) == 25


def test_nothing_to_do_is_said(browser, api):
    page = browser.send(browser.get(PASTE).form("/paste#plan"), text="www CNAME alm.example")
    assert "Nothing would change" in page.text


def test_a_zone_file_is_imported_after_its_plan(browser, api):
    text = "@ 3600 IN A 192.0.2.11\n@ 30 IN TXT hello\n"
    page = browser.send(browser.get(IMPORT).form("/import#plan"), files={"file": ("alm.zone", text.encode())})
    assert "2 new records" in page.text or "One new record, one changed" in page.text
    assert "becomes 60" in page.text
    assert len(api.lines()) == 5
    done = browser.follow(browser.send(plan_of(page)))
    assert "The zone is now what the file says." in done.text
    assert api.lines() == [". A 3600 192.0.2.11", '. TXT 60 "hello"']


def test_a_faulty_zone_file_says_its_lines_and_stays(browser, api):
    page = browser.send(browser.get(IMPORT).form("/import#plan"), text="@ A 192.0.2.11\n@ A nowhere\n@ MX mail")
    assert page.status == 422
    assert "Line 2: " in page.text
    assert "Line 3: " in page.text
    assert page.form("/import#plan").named("text") == ["@ A 192.0.2.11\n@ A nowhere\n@ MX mail"]
    binary = browser.send(page.form("/import#plan"), files={"file": ("alm.zone", b"\xff\xfe\x00")})
    assert "This is not a text in UTF-8." in binary.text
    assert "Choose a file" in browser.send(browser.get(IMPORT).form("/import#plan")).text


def test_the_zone_is_exported(browser, api):
    answer = browser.get(f"/zones/{FQDN}/export").response
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["content-disposition"] == f'attachment; filename="{FQDN}.zone"'
    assert "192.0.2.25" in answer.text


def test_a_template_is_filled_in(browser, api):
    page = browser.get(browser.get(TEMPLATES).link("Certificates"))
    form = page.form("/templates/certificates#plan")
    wrong = browser.send(form, **{"variables.authority": "no good!"})
    assert wrong.status == 422
    assert 'id="field-variables.authority-error"' in wrong.html
    planned = browser.send(wrong.form("/certificates#plan"), **{"variables.authority": "ca.example"})
    assert "2 new records." in planned.text
    assert len(api.lines()) == 5
    done = browser.follow(browser.send(plan_of(planned)))
    assert "The records of the template are in the zone." in done.text
    assert '. CAA 3600 0 issue "ca.example"' in api.lines()
