"""Scopes in words: what a token or an application may do, in the reader's language, by what it is about."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from alpage.web.design.parts import Choice
from alpage.web.manager.surface import Visit
from alpage.web.translations.catalogues import N_

SEE, CHANGE = "read", "write"
NOTHING = "none"  # not empty: browsers take an empty choice for none made


@dataclass(frozen=True, slots=True)
class Group:
    """What scopes are about: the coarse one, which may have a part to see and a part to change."""

    scope: str
    label: str
    hint: str
    has_parts: bool = True


GROUPS = (
    Group("user_info", N_("Profile"), N_("Your names, addresses and preferences"), has_parts=False),
    Group("accounts", N_("Organisations"), N_("Members, teams, invitations")),
    Group("domain", N_("Domains"), N_("The domains themselves, and what they are delegated to")),
    Group("dns", N_("DNS"), N_("Zones and their records")),
    Group("tokens", N_("Access"), N_("Access tokens, and the access you gave to applications")),
    Group("applications", N_("Applications"), N_("Programs that people sign in to with their account here")),
    Group("webhooks", N_("Webhooks"), N_("Addresses that are told of changes in an organisation")),
    Group("security", N_("Sign-in"), N_("Sessions, passkeys, second factors")),
)
OPENID = {
    "openid": N_("Know who you are"),
    "profile": N_("See your name, picture and language"),
    "email": N_("See your e-mail address"),
    "phone": N_("See your phone number"),
    "offline_access": N_("Keep this access while you are away"),
}


def in_words(visit: Visit, scopes: Iterable[str]) -> list[str]:
    """What scopes allow, a line for each thing they are about. One that is not known here stands by its own name."""
    held = set(scopes)
    lines = [visit.gettext(words) for scope, words in OPENID.items() if scope in held]
    lines += [_line(visit, group, held) for group in GROUPS if _of(group, held)]
    known = {*OPENID, *(scope for group in GROUPS for scope in _of(group, held))}
    return lines + sorted(held - known)


def choices(visit: Visit, group: Group) -> list[Choice]:
    """What may be chosen of a group."""
    see, change = visit.gettext("See"), visit.gettext("See and change")
    if not group.has_parts:
        return [Choice(NOTHING, visit.gettext("Nothing")), Choice(group.scope, change)]
    return [Choice(NOTHING, visit.gettext("Nothing")), Choice(f"{group.scope}:{SEE}", see), Choice(group.scope, change)]


def chosen(form: Mapping[str, str]) -> list[str]:
    """The scopes that were chosen in a form with one field for each group."""
    return [form[field(group)] for group in GROUPS if form.get(field(group), NOTHING) != NOTHING]


def held(group: Group, scopes: Iterable[str]) -> str:
    """What is chosen of a group where these scopes are held."""
    found = _of(group, set(scopes))
    if not found:
        return NOTHING
    return group.scope if len(found) > 1 else found.pop()


def field(group: Group) -> str:
    """The name of the field of a group."""
    return f"scope-{group.scope}"


def _line(visit: Visit, group: Group, held: set[str]) -> str:
    label = visit.gettext(group.label)
    if group.scope in held or {f"{group.scope}:{SEE}", f"{group.scope}:{CHANGE}"} <= held:
        return visit.gettext("%(what)s: see and change", what=label)
    if f"{group.scope}:{SEE}" in held:
        return visit.gettext("%(what)s: see", what=label)
    return visit.gettext("%(what)s: change", what=label)


def _of(group: Group, held: set[str]) -> set[str]:
    return held & {group.scope, f"{group.scope}:{SEE}", f"{group.scope}:{CHANGE}"}
