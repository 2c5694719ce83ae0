"""Who sees what of the change log, and how a part of it is read in the same time however long it has grown.

A caller sees the changes of the accounts he administers, of the products he has a right on, of what is his own alone,
and those he made himself in the accounts he is a member of; within what his token may reach and its scopes may read.

The log is read along its indexes: each thing he sees, or asks for, is a strand of it, in the order of the log, and a
part of the list is the front of all strands. Where a strand must be sifted besides, so many of its entries are looked
at and no more; the answer then may have fewer than were asked for, and says that there is more.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, or_, select, union_all

from alpage.accounts import members
from alpage.accounts.members import ADMINISTRATORS, Membership
from alpage.accounts.products import Product
from alpage.accounts.rights import may
from alpage.api.callers import Caller
from alpage.api.history import SUBJECTS
from alpage.api.listing import Place, Stretch
from alpage.identity.grants import Grant
from alpage.storage.changes import Change
from alpage.storage.database import Transaction
from alpage.storage.tables import Audience

SIFTED = 1000  # entries of a strand that are looked at for one part of the list
MOST_STRANDS = 100

Condition: TypeAlias = Callable[[Any], ColumnElement[bool]]  # of the columns it is given


@dataclass(frozen=True, slots=True)
class Asked:
    """Which entries are asked for. None, or nothing: all."""

    events: frozenset[str]
    actions: tuple[str, ...] = ()
    account_id: int | None = None
    product_id: int | None = None
    object_id: int | None = None
    user_id: int | None = None
    token_id: int | None = None
    request_id: str | None = None
    since: int | None = None
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Sight:
    """What a caller may see of the log at this moment."""

    caller: Caller
    events: frozenset[str]  # what his scopes let him read
    administered: frozenset[int]
    joined: frozenset[int]  # the other accounts he is a member of
    products: dict[int, int] = field(default_factory=dict)  # with a right of his outside of those, and their accounts

    @property
    def owner_id(self) -> int | None:
        """Whose own things are seen; a token with limits sees nobody's."""
        is_limited = self.caller.account_ids is not None or self.caller.product_ids is not None
        return None if is_limited else self.caller.user_id

    def condition(self, columns: Any) -> ColumnElement[bool]:
        """The condition that an entry is seen."""
        ways = [
            columns.account_id.in_(self.administered),
            columns.product_id.in_(select(Product.id).where(may(self.caller, Product))),
            and_(columns.user_id == self.caller.user_id, columns.account_id.in_(self.joined)),
        ]
        if self.owner_id is not None:
            ways.append(columns.owner_id == self.owner_id)
        return and_(columns.event.in_(self.events), or_(*ways))


def sight_of(transaction: Transaction, caller: Caller) -> Sight:
    """What a caller may see of the log now."""
    query = members.visible(caller).with_only_columns(Membership.account_id, Membership.role_type)
    places = transaction.execute(query).all()
    is_free = caller.product_ids is None
    administered = frozenset(one.account_id for one in places if is_free and one.role_type in ADMINISTRATORS)
    others = frozenset(one.account_id for one in places) - administered
    products: dict[int, int] = {}
    if others:
        found = select(Product.id, Product.account_id).where(may(caller, Product), Product.account_id.in_(others))
        products = {row.id: row.account_id for row in transaction.execute(found)}
    events = frozenset(SUBJECTS.readable(caller))
    return Sight(caller, events, administered, others if is_free else frozenset(), products)


@dataclass(frozen=True, slots=True)
class Strand:
    """The entries with certain values, which an index has in the order of the log; `sifted`: less some of them."""

    values: dict[str, Any]
    sifted: Sequence[Condition] = ()


def stretch(
    transaction: Transaction, sight: Sight, asked: Asked, after: Place | None, *, backwards: bool, limit: int
) -> Stretch:
    """A part of what is seen and asked for."""
    strands = [*_strands(transaction, sight, asked)]
    if not strands:
        return Stretch((), None, has_more=False)
    bounds = [*_bounds(transaction, asked, None if after is None else after[0], backwards)]
    order = Change.id.desc() if backwards else Change.id.asc()
    fronts = [_front(strand, bounds, backwards, limit + 1) for strand in strands]
    rows = transaction.execute(ENTRIES.where(Change.id.in_(union_all(*fronts))).order_by(order).limit(limit + 1)).all()
    horizon = _horizon(transaction, strands, bounds, backwards)
    if horizon is not None:
        rows = [row for row in rows if (row.id >= horizon if backwards else row.id <= horizon)]
    shown = rows[:limit]
    if len(rows) > limit or (shown and horizon is None):
        return Stretch(shown, (shown[-1].id,), len(rows) > limit)
    return Stretch(shown, None if horizon is None else (horizon,), horizon is not None)


def _strands(transaction: Transaction, sight: Sight, asked: Asked) -> Iterator[Strand]:
    """What has to be looked through, by what is asked for: the fewest entries that have all of it."""
    wanted = replace(asked, events=asked.events & sight.events)
    if wanted.request_id is not None:
        yield _strand(wanted, request_id=wanted.request_id, seen_by=sight)
    elif wanted.object_id is not None:
        for event in wanted.events:
            yield _strand(wanted, event=event, object_id=wanted.object_id, seen_by=sight)
    elif wanted.token_id is not None:
        yield _strand(wanted, user_id=_user_of(transaction, wanted.token_id), seen_by=sight)
    elif wanted.user_id is not None:
        yield _strand(wanted, user_id=wanted.user_id, seen_by=sight)
    elif wanted.product_id is not None:
        yield _strand(wanted, product_id=wanted.product_id, seen_by=sight)
    else:
        yield from _strands_of_sight(sight, wanted)


def _strands_of_sight(sight: Sight, asked: Asked) -> Iterator[Strand]:
    """All a caller sees, or all of one account, less the kinds of objects that are not asked for."""

    def is_wanted(account_id: int) -> bool:
        return asked.account_id in (None, account_id)

    if asked.events & _events_of("account", "product"):
        for account_id in filter(is_wanted, sorted(sight.administered)):
            yield from _strands_of_account(account_id, sight, asked)
        if joined := [*filter(is_wanted, sorted(sight.joined))]:
            yield _strand(asked, user_id=sight.caller.user_id, more=lambda columns: columns.account_id.in_(joined))
    if asked.events & _events_of("product"):
        yield from _strands_of_products({id: at for id, at in sight.products.items() if is_wanted(at)}, asked)
    if sight.owner_id is not None and asked.account_id is None and asked.events & _events_of("user"):
        yield _strand(asked, owner_id=sight.owner_id)


def _strands_of_account(account_id: int, sight: Sight, asked: Asked) -> Iterator[Strand]:
    """An account as one strand, or as one for each kind of object where only some are asked for."""
    events = asked.events & _events_of("account", "product")
    if events == _events_of("account", "product") or len(events) * len(sight.administered) > MOST_STRANDS:
        yield _strand(asked, account_id=account_id)
    else:
        yield from (_strand(asked, account_id=account_id, event=event) for event in sorted(events))


def _strands_of_products(products: Mapping[int, int], asked: Asked) -> Iterator[Strand]:
    if len(products) <= MOST_STRANDS:
        yield from (_strand(asked, product_id=id) for id in sorted(products))
    else:
        for account_id in sorted({*products.values()}):
            yield _strand(asked, account_id=account_id, more=lambda columns: columns.product_id.in_(products))


def _strand(asked: Asked, *, seen_by: Sight | None = None, more: Condition | None = None, **values: Any) -> Strand:
    """The strand with certain values, sifted for all else that is asked for."""
    sifted = [condition for name, condition in _conditions(asked) if name not in values]
    if "event" not in values and not asked.events >= _events_of(*_audiences(values)):
        sifted.append(lambda columns: columns.event.in_(asked.events))
    sifted += [] if more is None else [more]
    sifted += [] if seen_by is None else [seen_by.condition]
    return Strand(values, sifted)


def _audiences(values: Mapping[str, Any]) -> tuple[Audience, ...]:
    """What the entries of a strand can be about, by the values they have."""
    if "owner_id" in values:
        return ("user",)
    if "product_id" in values:
        return ("product",)
    return ("account", "product") if "account_id" in values else ("account", "product", "user")


def _events_of(*audiences: Audience) -> frozenset[str]:
    return frozenset(subject.event for subject in SUBJECTS if subject.model.__audience__ in audiences)


def _conditions(asked: Asked) -> Iterator[tuple[str, Condition]]:
    """What entries have to fulfil, by the columns that are looked at."""
    if asked.actions:
        yield "action", lambda columns: columns.action.in_(asked.actions)
    for name, value in (
        ("account_id", asked.account_id),
        ("product_id", asked.product_id),
        ("object_id", asked.object_id),
        ("user_id", asked.user_id),
        ("grant_id", asked.token_id),
    ):
        if value is not None:
            yield name, partial(_equals, name, value)


def _equals(name: str, value: Any, columns: Any) -> ColumnElement[bool]:
    condition: ColumnElement[bool] = getattr(columns, name) == value
    return condition


def _user_of(transaction: Transaction, token_id: int) -> int | None:
    return transaction.execute(select(Grant.user_id).where(Grant.id == token_id)).scalar_one_or_none()


def _front(strand: Strand, bounds: Iterable[ColumnElement[bool]], backwards: bool, number: int) -> Select[Any]:
    """The ids of the first entries of a strand."""
    if not strand.sifted:
        ids = _along(strand, bounds, backwards).limit(number).subquery()
        return select(ids.c.id)
    some = _along(strand, bounds, backwards).limit(SIFTED).subquery()
    kept = select(some.c.id).where(*(condition(some.c) for condition in strand.sifted))
    return select(kept.order_by(some.c.id.desc() if backwards else some.c.id).limit(number).subquery().c.id)


def _horizon(
    transaction: Transaction, strands: Iterable[Strand], bounds: Sequence[ColumnElement[bool]], backwards: bool
) -> int | None:
    """How far all strands have been looked through, where one was not to its end."""
    last = [
        _along(strand, bounds, backwards).offset(SIFTED - 1).limit(1).subquery() for strand in strands if strand.sifted
    ]
    if not last:
        return None
    ends = union_all(*(select(one.c.id) for one in last)).subquery()
    nearest = func.max(ends.c.id) if backwards else func.min(ends.c.id)
    found: int | None = transaction.execute(select(nearest)).scalar()
    return found


def _along(strand: Strand, bounds: Iterable[ColumnElement[bool]], backwards: bool) -> Select[Any]:
    fixed = (getattr(Change, name) == value for name, value in strand.values.items())
    order = Change.id.desc() if backwards else Change.id.asc()
    return select(*(_SIFTING if strand.sifted else (Change.id,))).where(*fixed, *bounds).order_by(order)


def _bounds(
    transaction: Transaction, asked: Asked, after: int | None, backwards: bool
) -> Iterator[ColumnElement[bool]]:
    if after is not None:
        yield Change.id < after if backwards else Change.id > after
    if asked.since is not None:
        yield Change.id >= _first_since(transaction, asked.since)
    if asked.until is not None:
        yield Change.id < _first_since(transaction, asked.until)


def _first_since(transaction: Transaction, moment: int) -> int:
    """The least number an entry of this moment or later can have. Times rise with numbers, so halving finds it."""
    least, most = 1, (transaction.execute(select(func.max(Change.id))).scalar() or 0) + 1
    while least < most:
        middle = (least + most) // 2
        found = transaction.execute(_FROM, {"id": middle}).one_or_none()
        if found is None or found.created_at >= moment:
            most = middle
        else:
            least = found.id + 1
    return least


_SIFTING = (
    Change.id,
    Change.event,
    Change.action,
    Change.object_id,
    Change.account_id,
    Change.product_id,
    Change.owner_id,
    Change.user_id,
    Change.grant_id,
)
_FROM = select(Change.id, Change.created_at).where(Change.id >= bindparam("id")).order_by(Change.id).limit(1)
ENTRIES: Select[Any] = select(Change.__table__, Change.grant_id.label("token_id"), Grant.application_id).outerjoin(
    Grant, Grant.id == Change.grant_id
)
