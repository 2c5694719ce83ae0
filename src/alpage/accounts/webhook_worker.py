"""The worker that sends webhooks, put together: when it gives an endpoint up, it tells the account's administrators."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from alpage.accounts.members import ADMINISTRATORS, Membership
from alpage.accounts.webhooks import signing_key
from alpage.identity import notices
from alpage.identity.users import User
from alpage.settings import Settings
from alpage.storage.database import Database, Transaction
from alpage.tasks import mail_texts
from alpage.tasks.outbound import Outbound
from alpage.tasks.webhooks.delivery import Deliverer
from alpage.tasks.webhooks.endpoints import Webhook

PAGE = "/v3/ng/accounts/webhooks"  # of the manager


def worker(settings: Settings, database: Database) -> Deliverer:
    """The worker that sends what webhooks are told."""
    outbound = Outbound(private=settings.private_callbacks)
    return Deliverer(database, outbound, signing_key(settings), tell_administrators)


def tell_administrators(transaction: Transaction, webhook: Webhook, now: int) -> None:
    """Writes to those who administer the account of a webhook that was disabled."""
    people = (
        select(User.__table__)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.account_id == webhook.account_id, Membership.role_type.in_(ADMINISTRATORS))
        .order_by(User.id)
    )
    template = f"webhook_{webhook.disabled_reason}"
    for user in transaction.execute(people).all():
        notices.send(
            transaction, user, template, now, url=webhook.url, webhook_id=webhook.id, account_id=webhook.account_id
        )


def write_link(settings: Settings, content: Mapping[str, Any]) -> str:
    """The page of the webhook a mail is about."""
    return f"{settings.manager_address}{PAGE}/{content['webhook_id']}?account={content['account_id']}"


for _template in ("webhook_gone", "webhook_failing"):
    mail_texts.LINKS[_template] = write_link
