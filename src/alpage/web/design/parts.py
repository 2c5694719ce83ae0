"""What the parts in `parts.html` and the layouts are given."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Link:
    """Somewhere to go. `icon` is a name of `icons.html`; `current`: the reader is there."""

    label: str
    href: str
    icon: str = ""
    current: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """Some links of the side bar, under a heading of their own."""

    label: str
    links: Sequence[Link]


@dataclass(frozen=True, slots=True)
class Change:
    """Something that happened lately. `undo` is the path whose form takes it back."""

    who: str
    what: str
    at: int
    href: str = ""
    undo: str = ""


@dataclass(frozen=True, slots=True)
class Shell:
    """What stands around every page of the manager."""

    account: str
    accounts: Sequence[Link]
    sections: Sequence[Section]
    person: str
    person_links: Sequence[Link]
    search: str  # the path of the search
    sign_out: str  # the path whose form ends the session


@dataclass(frozen=True, slots=True)
class Call:
    """A call of the API that a page made, or that its form will make, in three ways to write it."""

    what: str
    curl: str
    python: str
    cli: str


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. `sort` is where a click on its head leads; `order` how the table is sorted by it now."""

    label: str
    sort: str = ""
    order: Literal["", "asc", "desc"] = ""
    kind: Literal["", "number", "actions"] = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the values a field takes."""

    value: str
    label: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """A value before and after; None where there is none."""

    attribute: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Step:
    """One thing a plan will do."""

    kind: Literal["create", "update", "delete"]
    what: str
    differences: Sequence[Difference] = field(default=())
