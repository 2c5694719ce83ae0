"""Scopes: what a token may be used for, in the words the consent page and the lists of tokens show.

Those of the API are the first table; those of OpenID Connect, which say what an application learns about a user, are
the second. A coarse scope contains its `:read` and `:write` parts.
"""

from collections.abc import Iterable

from alpage.api.routes import Shape

OPENID, OFFLINE = "openid", "offline_access"
SCOPES: dict[str, str] = {
    "user_info": "See your profile",
    "accounts": "Everything in your organisations: members, teams, invitations",
    "accounts:read": "See your organisations",
    "accounts:write": "Change your organisations",
    "domain": "Everything about your domains",
    "domain:read": "See your domains",
    "domain:write": "Change your domains",
    "dns": "Everything in your DNS zones",
    "dns:read": "See your DNS zones",
    "dns:write": "Change your DNS zones",
    "tokens": "Your access tokens, and the access you gave to applications",
    "tokens:read": "See your access tokens, and the access you gave to applications",
    "tokens:write": "Make and revoke access tokens, and take back the access of applications",
    "applications": "Your applications",
    "applications:read": "See your applications",
    "applications:write": "Make, change and delete your applications",
    "webhooks": "The webhooks of your organisations",
    "webhooks:read": "See the webhooks of your organisations",
    "webhooks:write": "Make, change and delete the webhooks of your organisations",
    "security": "How you sign in: sessions, passkeys, second factors",
    "security:read": "See how you sign in",
    "security:write": "Change how you sign in",
}
OPENID_SCOPES: dict[str, str] = {
    "openid": "Know who you are",
    "profile": "See your name, picture and language",
    "email": "See your e-mail address",
    "phone": "See your phone number",
    "groups": "See the names of your teams",
    "offline_access": "Keep this access while you are away",
}
ALIASES = {"domains": "domain"}
EVERY_SCOPE = SCOPES | OPENID_SCOPES


def normalise_scopes(scopes: Iterable[str]) -> list[str]:
    """The scopes of a personal token under their own names, sorted. Raises ValueError naming one there is not."""
    named = {ALIASES.get(scope, scope) for scope in scopes}
    unknown = sorted(named - SCOPES.keys())
    if unknown:
        raise ValueError(f"there is no scope {unknown[0]}; there are: {', '.join(SCOPES)}")
    return sorted(named)


def contains(granted: Iterable[str], wanted: str) -> bool:
    """Whether the granted scopes reach a wanted one, by itself or by the coarse one that contains it."""
    return bool({wanted, wanted.partition(":")[0]} & set(granted))


class ScopeInWords(Shape):
    """A scope, and what it lets a token do."""

    scope: str
    description: str


def in_words(scopes: Iterable[str]) -> list[dict[str, str]]:
    """Scopes with their sentences, in the order of the tables."""
    held = set(scopes)
    return [{"scope": scope, "description": words} for scope, words in EVERY_SCOPE.items() if scope in held]
