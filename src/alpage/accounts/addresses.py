"""Addresses of an account: where it is, and where its invoices go."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field
from sqlalchemy import ForeignKey, Select, String, bindparam, select
from sqlalchemy.orm import Mapped, mapped_column

from alpage.accounts.members import READ, WRITE, AccountId, AdministeredAccount, administers_all
from alpage.api.calls import Call
from alpage.api.errors import not_found
from alpage.api.history import Subject, Undo
from alpage.api.routes import Routes, Shape
from alpage.api.validation import fault
from alpage.identity import countries
from alpage.identity.countries import Country
from alpage.storage.tables import Base

routes = Routes("Addresses")

# stored


class AccountAddress(Base):
    """An address of an account."""

    __tablename__ = "account_addresses"
    __event__ = "account.address"
    __audience__ = "account"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    street: Mapped[str] = mapped_column(String(255))
    street2: Mapped[str] = mapped_column(String(255))
    zip: Mapped[str] = mapped_column(String(16))
    city: Mapped[str] = mapped_column(String(128))
    type: Mapped[str] = mapped_column(String(16))
    country_id: Mapped[int]
    for_invoice: Mapped[bool]
    created_at: Mapped[int]


# on the wire

Line = Annotated[str, Field(min_length=1, max_length=255)]
Zip = Annotated[str, Field(min_length=1, max_length=16)]
City = Annotated[str, Field(min_length=1, max_length=128)]
Type = Literal["main", "postal", "billing"]


def _known_country(number: int) -> int:
    if countries.find(number, "en") is None:
        raise fault("attribute_country")
    return number


CountryId = Annotated[int, AfterValidator(_known_country)]


class Address(Shape):
    """An address of an account."""

    id: int
    street: str
    street2: str
    zip: str
    city: str
    type: str
    created_at: int
    country: Country
    for_invoice: bool

    @classmethod
    def present(cls, row: Any, call: Call) -> dict[str, Any]:
        """The address, its country named in the caller's language."""
        return {
            "id": row.id,
            "street": row.street,
            "street2": row.street2,
            "zip": row.zip,
            "city": row.city,
            "type": row.type,
            "created_at": row.created_at,
            "country": countries.find(row.country_id, call.language),
            "for_invoice": row.for_invoice,
        }


class NewAddress(Shape):
    """An address to add. `country_id` is one of `GET /1/countries`."""

    street: Line
    street2: Annotated[str, Field(max_length=255)] = ""
    zip: Zip
    city: City
    type: Type = "main"
    country_id: CountryId
    for_invoice: bool = False


class AddressChanges(Shape):
    """What to change of an address."""

    street: Line | None = None
    street2: Annotated[str, Field(max_length=255)] | None = None
    zip: Zip | None = None
    city: City | None = None
    type: Type | None = None
    country_id: CountryId | None = None
    for_invoice: bool | None = None


# who sees it


def visible(account_id: Any) -> Select[AccountAddress]:
    """The addresses of an account the caller has been let to."""
    return select(AccountAddress).where(AccountAddress.account_id == account_id)


def find(call: Call, account_id: int, address_id: int) -> AccountAddress:
    """An address of an account. Raises `object_not_found`."""
    found: AccountAddress | None = call.transaction.find(_BY_ID, {"account_id": account_id, "address_id": address_id})
    if found is None:
        raise not_found("Address", address_id)
    return found


# the verbs


def add_addresses(call: Call, rows: Sequence[Any], objects: list[dict[str, Any]]) -> None:
    """Adds to accounts their addresses."""
    addresses = defaultdict(list)
    for address in call.transaction.execute(_OF_ACCOUNTS, {"ids": [row.id for row in rows]}):
        addresses[address.account_id].append(Address.present(address, call))
    for row, shown in zip(rows, objects, strict=True):
        shown["addresses"] = addresses[row.id]


# the routes

PATH = "/1/accounts/{account}/addresses"


@routes.get(PATH, scope=READ, answer=list[Address], sort={"id": AccountAddress.id})
def list_addresses(call: Call, account: AccountId) -> Select[Any]:
    """List the addresses of an account."""
    return visible(account)


@routes.post(PATH, scope=WRITE, answer=Address)
def create_address(call: Call, account: AdministeredAccount, body: NewAddress) -> AccountAddress:
    """Add an address to an account."""
    address = AccountAddress(account_id=account.account_id, created_at=call.now, **body.model_dump())
    call.session.add(address)
    return address


@routes.patch(PATH + "/{address}", scope=WRITE, answer=Address)
def update_address(call: Call, account: AdministeredAccount, address: int, body: AddressChanges) -> AccountAddress:
    """Change an address."""
    found = find(call, account.account_id, address)
    for name, value in body.model_dump(exclude_none=True).items():
        setattr(found, name, value)
    return found


@routes.delete(PATH + "/{address}", scope=WRITE, answer=bool)
def delete_address(call: Call, account: AdministeredAccount, address: int) -> bool:
    """Delete an address."""
    call.session.delete(find(call, account.account_id, address))
    return True


_BY_ID = visible(bindparam("account_id")).where(AccountAddress.id == bindparam("address_id"))
_OF_ACCOUNTS: Select[Any] = (
    select(AccountAddress.__table__)
    .where(AccountAddress.account_id.in_(bindparam("ids", expanding=True)))
    .order_by(AccountAddress.id)
)


subjects = [Subject(AccountAddress, reads=(READ,), undo=Undo(writes=WRITE, guard=administers_all))]
