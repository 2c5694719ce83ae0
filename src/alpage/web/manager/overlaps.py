"""Overlaps: how long the secrets there are stay good beside a new one, in the forms that make one."""

from collections.abc import Iterable, Mapping

from alpage.web.design.parts import Choice
from alpage.web.manager.surface import Visit

DAY_SECONDS = 86_400
FIELD = "expire_others_in"
STAY = "stay"


def choices(visit: Visit, overlaps_days: Iterable[int]) -> list[Choice]:
    """What is offered: that they stay, and each of these times."""
    return [Choice(STAY, visit.gettext("They stay")), *(_choice(visit, days) for days in overlaps_days)]


def body(form: Mapping[str, str]) -> dict[str, int]:
    """The body of the call that makes the secret, by what was chosen."""
    chosen = form.get(FIELD, "")
    return {FIELD: int(chosen)} if chosen.isdecimal() else {}


def _choice(visit: Visit, days: int) -> Choice:
    words = visit.ngettext("In one day", "In %(num)s days", days) if days else visit.gettext("At once")
    return Choice(str(days * DAY_SECONDS), words)
