"""The access a user gave to applications: seen, and taken back."""

from time import time

from sqlalchemy import select

from alpage.identity import own_applications, session_endings, sessions
from alpage.identity.applications import Application
from alpage.identity.credentials import keyed_hash, new_secret, pepper_of
from alpage.identity.grants import Grant, GrantUse
from alpage.identity.security_events import SecurityEvent
from alpage.identity.tokens import Token
from alpage.storage.changes import NOBODY
from tests.conftest import Person


def register(person, name="Calendar", **values):
    application = Application(
        client_id=new_secret("ot"),
        account_id=person.account.id,
        user_id=person.user.id,
        name=name,
        is_confidential=False,
        token_endpoint_auth_method="none",
        grant_types=["authorization_code"],
        scopes=["openid", "dns:read"],
        redirect_uris=["https://app.example/cb"],
        created_at=int(time()),
        **values,
    )
    person.platform.add(application)
    return application


def give(person, application, *scopes, grant_type="authorization_code", kind="at", **values):
    """Access of an application to a user's things, with a token of it."""
    scopes = scopes or ("openid", "dns:read")
    grant = Grant(
        user_id=person.user.id,
        application_id=application.id,
        grant_type=grant_type,
        name=application.name,
        scopes=[*scopes],
        created_at=int(time()),
        **values,
    )
    person.platform.add(grant)
    secret = new_secret(kind)
    digest = keyed_hash(pepper_of(person.platform.settings), secret)
    person.platform.add(Token(grant_id=grant.id, kind=kind, hash=digest, last_four=secret[-4:], created_at=int(time())))
    return grant, secret


def listed(person, query=""):
    return person.call("GET", f"/1/grants{query}").json()["data"]


def revoked(person):
    with person.platform.database.reading() as transaction:
        return [*transaction.execute(select(Grant.id).where(Grant.revoked_at.is_not(None))).scalars()]


def test_access_is_shown_with_its_application_and_its_scopes_in_words(heidi):
    application = register(heidi, website="https://app.example")
    grant, _ = give(heidi, application)
    heidi.platform.add(GrantUse(grant_id=grant.id, used_at=1_000_000_000))
    assert listed(heidi) == [
        {
            "id": grant.id,
            "application": {
                "id": application.id,
                "client_id": application.client_id,
                "name": "Calendar",
                "website": "https://app.example",
                "policy_url": None,
                "terms_url": None,
                "logo": None,
            },
            "scopes": [
                {"scope": "dns:read", "description": "See your DNS zones"},
                {"scope": "openid", "description": "Know who you are"},
            ],
            "account_ids": None,
            "product_ids": None,
            "created_at": grant.created_at,
            "expires_at": None,
            "last_used_at": 1_000_000_000,
        }
    ]


def test_what_is_no_access_that_lasts_is_not_listed(heidi):
    now = int(time())
    give(heidi, register(heidi), revoked_at=now)
    give(heidi, register(heidi), expires_at=now - 1)
    give(heidi, register(heidi, revoked_at=now))
    give(heidi, register(heidi, is_own=True))
    give(heidi, register(heidi), grant_type="client_credentials")
    assert listed(heidi) == []


def test_the_command_line_is_an_application_like_others(heidi):
    with heidi.platform.database.reading() as transaction:
        query = select(Application.__table__).where(Application.client_id == own_applications.CLI)
        cli = transaction.execute(query).one()
    give(heidi, cli)
    assert [grant["application"]["client_id"] for grant in listed(heidi)] == ["alpage-cli"]


def test_taking_access_back(heidi):
    grant, secret = give(heidi, register(heidi))
    assert heidi.call("DELETE", f"/1/grants/{grant.id}").json()["data"] is True
    assert listed(heidi) == []
    assert heidi.call("DELETE", f"/1/grants/{grant.id}").status_code == 404
    assert (
        Person(heidi.platform, heidi.user, heidi.account, secret, heidi.client).call("GET", "/1/actions").status_code
        == 401
    )
    with heidi.platform.database.reading() as transaction:
        event = transaction.execute(select(SecurityEvent.__table__)).one()
    assert (event.kind, event.grant_id, event.user_id) == ("access_revoked", grant.id, heidi.user.id)


def test_tokens_an_application_made_go_with_its_access(heidi):
    grant, secret = give(heidi, register(heidi), "tokens", "dns")
    application = Person(heidi.platform, heidi.user, heidi.account, secret, heidi.client)
    body = {"name": "made", "scopes": ["dns", "tokens:write"]}
    made = application.call("POST", "/1/tokens", body).json()["data"]
    again = Person(heidi.platform, heidi.user, heidi.account, made["token"], heidi.client)
    grandchild = again.call("POST", "/1/tokens", {"name": "made too", "scopes": ["dns"]}).json()["data"]
    heidi.call("DELETE", f"/1/grants/{grant.id}")
    assert sorted(revoked(heidi)) == [grant.id, made["id"], grandchild["id"]]


def through(person, secret):
    """Who acts with a token of an application."""
    return Person(person.platform, person.user, person.account, secret, person.client)


def make(person, **limits):
    """A personal token somebody makes, as the API shows it."""
    return person.call("POST", "/1/tokens", {"name": "made", "scopes": ["dns"], **limits}).json()["data"]


def browser_session(person, ends_in=3600):
    with person.platform.database.transaction(NOBODY) as transaction:
        session, _ = sessions.start(
            transaction,
            person.user.id,
            methods=["pwd"],
            ip="192.0.2.1",
            user_agent="test",
            pepper=person.platform.tokens.pepper,
            now=int(time()) + ends_in - sessions.LIFETIME_SECONDS,
        )
    return session


def test_tokens_an_application_made_end_with_the_session_it_was_given_in(heidi):
    session = browser_session(heidi)
    given, secret = give(heidi, register(heidi), "tokens", "dns", session_id=session.id)
    made = make(through(heidi, secret))
    stays, lasting = give(heidi, register(heidi), "tokens", "dns", "offline_access", session_id=session.id)
    kept = make(through(heidi, lasting))

    with heidi.platform.database.transaction(NOBODY) as transaction:
        sessions.end(transaction, transaction.session.merge(session), int(time()))
    assert sorted(revoked(heidi)) == [given.id, made["id"]]

    heidi.call("DELETE", f"/1/grants/{stays.id}")
    assert sorted(revoked(heidi)) == [given.id, made["id"], stays.id, kept["id"]]


def test_a_new_password_ends_what_applications_made_but_not_what_the_user_made(heidi):
    session, manager = browser_session(heidi), register(heidi, is_own=True)
    theirs, secret = give(heidi, register(heidi), "tokens", "dns", "offline_access", session_id=session.id)
    own, by_hand = give(heidi, manager, "tokens", "dns", session_id=session.id)
    made = make(through(heidi, secret))
    kept = make(through(heidi, by_hand))

    with heidi.platform.database.transaction(NOBODY) as transaction:
        session_endings.end_all(transaction, heidi.user.id, int(time()))

    assert sorted(revoked(heidi)) == [theirs.id, own.id, made["id"]]
    assert through(heidi, kept["token"]).call("GET", "/1/tokens/self").status_code == 200


def test_no_token_is_made_through_access_that_has_ended(heidi):
    grant, secret = give(heidi, register(heidi), "tokens", "dns")
    application = through(heidi, secret)
    assert application.call("GET", "/1/tokens").status_code == 200  # it is remembered for a moment
    heidi.call("DELETE", f"/1/grants/{grant.id}")

    answer = application.call("POST", "/1/tokens", {"name": "late", "scopes": ["dns"]})

    assert (answer.status_code, answer.json()["error"]["context"]["reason"]) == (401, "revoked")


def test_tokens_an_application_makes_last_no_longer_than_its_access(heidi):
    session = browser_session(heidi, ends_in=3600)
    _, secret = give(heidi, register(heidi), "tokens", "dns", session_id=session.id)
    assert make(through(heidi, secret))["expires_at"] == session.expires_at
    body = {"name": "long", "scopes": ["dns"], "expires_at": session.expires_at + 1}
    assert through(heidi, secret).call("POST", "/1/tokens", body).status_code == 422

    _, lasting = give(heidi, register(heidi), "tokens", "dns", "offline_access", session_id=session.id)
    _, by_hand = give(heidi, register(heidi, is_own=True), "tokens", "dns", session_id=session.id)
    for secret in (lasting, by_hand):
        assert make(through(heidi, secret))["expires_at"] is None


def test_taking_back_all_access_of_one_application(heidi, peter):
    application, other = register(heidi), register(heidi)
    mine = [give(heidi, application)[0].id for _ in range(2)]
    give(heidi, other)
    give(peter, application)
    assert heidi.call("DELETE", f"/1/grants?application_id={application.id}").json()["data"] == 2
    assert revoked(heidi) == mine
    assert len(listed(peter)) == 1


def test_which_application_must_be_said(heidi):
    answer = heidi.call("DELETE", "/1/grants")
    assert answer.json()["error"]["errors"][0]["context"] == {"attribute": "application_id"}


def test_access_others_gave_is_theirs(heidi, peter):
    grant, _ = give(heidi, register(heidi))
    assert listed(peter) == []
    assert peter.call("DELETE", f"/1/grants/{grant.id}").status_code == 404
    assert peter.call("DELETE", f"/1/grants?application_id={grant.application_id}").json()["data"] == 0
    assert revoked(heidi) == []
