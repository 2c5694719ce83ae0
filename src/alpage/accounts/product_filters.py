"""What lists of products can be filtered by, and the conditions it means.

`GET /1/products` takes the services by one set of names, the lists of an account by another, older one.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field
from sqlalchemy import ColumnElement, and_, or_, select

from alpage.accounts import periods
from alpage.accounts.products import Product
from alpage.accounts.services import SERVICES
from alpage.accounts.spellings import spellings
from alpage.accounts.tags import ProductTag
from alpage.api.routes import Filter, Shape
from alpage.api.validation import Several, fault


def _number(value: Any) -> Any:
    return int(value) if isinstance(value, str) and value.isdecimal() else value


def _period(value: str) -> str:
    try:
        periods.read(value)
    except ValueError:
        raise fault("attribute_date") from None
    return value


ServiceId = Annotated[
    Literal[1, 2, 3, 4, 6, 7, 10, 14, 15, 18, 23, 25, 26, 29, 30, 31, 34, 35, 37, 40, 43, 48, 50, 52, 58],
    BeforeValidator(_number),
]
ServiceName = Literal[
    "ai_tools", "backup", "certificate", "cloud", "cloud_hd", "custom_url", "dedicated_server", "domain", "drive",
    "e_ticketing", "email_hosting", "hosting", "housing", "invitation", "jelastic", "ksuite", "mailing", "nas",
    "public_cloud", "radio", "swiss_backup", "video", "vod", "web_hosting", "website_builder",
]  # fmt: skip
AccountServiceId = Annotated[
    Literal[
        1, 2, 3, 4, 6, 7, 8, 14, 15, 17, 18, 21, 22, 23, 24, 25, 26, 27, 29, 31, 33, 34, 35, 37, 38, 39, 40, 41, 42, 43,
        44, 48, 50, 51, 54, 55, 57, 58, 59, 61,
    ],
    BeforeValidator(_number),
]  # fmt: skip
AccountServiceName = Literal[
    "ai_tools", "banner", "billetterie", "certificate", "chk", "custom_url", "dedicated_hosting", "domain_name",
    "domain_privacy", "drive", "fast_anycast", "free_mail", "hebergement", "hebergement_mysql", "hebergement_web",
    "hosting_3", "invitation", "jelastic", "kchat", "mail", "mailbox", "mailing", "nas", "other", "partner_cashback",
    "public_cloud", "radio", "radio_flux", "radio_tera", "radiostations", "radiov2", "renewal_warranty",
    "service_infrastructure", "stockage_backup", "support_premium", "swiss_backup", "video", "video_hardware", "vod",
    "vps",
]  # fmt: skip
Expiration = Annotated[
    str, Field(min_length=1, description="What expires in a year, month or day: `2027-03`."), AfterValidator(_period)
]

Conditions = Iterator[ColumnElement[bool]]


class ProductQuery(Shape):
    """Which products to list. Names are whole names; a domain's may be in Unicode or punycode."""

    account_id: int | None = None
    customer_name: str | None = None
    fqdn: str | None = None
    internal_name: str | None = None
    product_id: int | None = None
    service_id: ServiceId | None = None
    service_name: ServiceName | None = None

    def conditions(self) -> Conditions:
        """What a product must be to be listed."""
        if self.account_id is not None:
            yield Product.account_id == self.account_id
        if self.customer_name is not None:
            yield Product.customer_name.in_(spellings(self.customer_name))
        if self.fqdn is not None:
            yield Product.fqdn.in_(spellings(self.fqdn))
        if self.internal_name is not None:
            yield Product.internal_name == self.internal_name
        if self.product_id is not None:
            yield Product.id == self.product_id
        if self.service_id is not None:
            yield Product.service_id == self.service_id
        if self.service_name is not None:
            yield Product.service_name == self.service_name


class CurrentAccountProductFilter(Filter):
    """Which of an account's products to list. `name` is a part of a product's names, the others are whole names."""

    customer_name: str | None = None
    internal_name: str | None = None
    name: str | None = None
    excluded_service_ids: Several[AccountServiceId] = ()
    expirations: Several[Expiration] = ()
    service_ids: Several[AccountServiceId] = ()
    service_names: Several[AccountServiceName] = ()
    tags: Several[Annotated[int, Field(ge=1)]] = ()

    def conditions(self) -> Conditions:
        """What a product must be to be listed."""
        yield from self._names()
        yield from self._services()
        if self.expirations:
            stretches = map(periods.read, self.expirations)
            yield or_(*(and_(Product.expired_at >= one.start, Product.expired_at < one.end) for one in stretches))
        if self.tags:
            tagged = select(ProductTag.product_id).where(ProductTag.tag_id.in_(self.tags))
            yield Product.id.in_(tagged)

    def _names(self) -> Conditions:
        if self.customer_name is not None:
            yield Product.customer_name.in_(spellings(self.customer_name))
        if self.internal_name is not None:
            yield Product.internal_name == self.internal_name
        if self.name is not None:
            columns = (Product.customer_name, Product.internal_name)
            yield or_(*(column.icontains(self.name, autoescape=True) for column in columns))

    def _services(self) -> Conditions:
        if self.service_ids:
            yield Product.service_id.in_(self.service_ids)
        if self.service_names:
            yield Product.service_id.in_(SERVICES.filtered(self.service_names))
        if self.excluded_service_ids:
            yield Product.service_id.not_in(self.excluded_service_ids)


class AccountProductFilter(CurrentAccountProductFilter):
    """Which of an account's products to list, with the single service this list takes besides."""

    service_id: AccountServiceId | None = None

    def _services(self) -> Conditions:
        yield from super()._services()
        if self.service_id is not None:
            yield Product.service_id == self.service_id
