"""`manage.py fill`: one user, one token, one zone and its records, as many as the environment says."""

import os
from datetime import timedelta

from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone
from oauth2_provider.models import get_access_token_model, get_application_model

from hosting.models import Record, User, Zone


class Command(BaseCommand):
    """Fill a new database."""

    @transaction.atomic
    def handle(self, *_args: object, **_options: object) -> None:
        """Write the rows in one transaction."""
        user = User.objects.create_user(
            "demo", "demo@example.ch", display_name="Demo User", first_name="Demo", last_name="User"
        )
        grant_token(user)
        zone = Zone.objects.create(fqdn="example.ch", owner=user)
        records = (a_record(zone, number) for number in range(int(os.environ["PEER_RECORDS"])))
        Record.objects.bulk_create(records, batch_size=1000)


def grant_token(user: User) -> None:
    """Give the user an application and a bearer token with both scopes."""
    application = get_application_model().objects.create(
        name="bench",
        user=user,
        client_type="confidential",
        authorization_grant_type="client-credentials",
    )
    get_access_token_model().objects.create(
        user=user,
        application=application,
        token=os.environ["PEER_TOKEN"],
        scope="user_info dns:read",
        expires=timezone.now() + timedelta(days=1),
    )


def a_record(zone: Zone, number: int) -> Record:
    """Make up the nth record of the zone."""
    return Record(
        zone=zone,
        source=f"host-{number}",
        type="A",
        ttl=3600,
        target=f"192.0.2.{number % 256}",
        updated_at=1_700_000_000 + number,
    )
