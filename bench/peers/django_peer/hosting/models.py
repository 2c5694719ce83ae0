"""What the peer stores; bearer tokens are in django-oauth-toolkit's own tables."""

from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    """A person, with the fields of a profile that Django's own user lacks."""

    display_name = models.CharField(max_length=255)
    is_sso = models.BooleanField(default=False)
    avatar = models.CharField(max_length=255, null=True)


class Zone(models.Model):
    """A DNS zone of one user."""

    fqdn = models.CharField(max_length=255, unique=True)
    owner = models.ForeignKey(User, on_delete=models.CASCADE)


class Record(models.Model):
    """A DNS record of a zone."""

    zone = models.ForeignKey(Zone, on_delete=models.CASCADE, related_name="records")
    source = models.CharField(max_length=255)
    type = models.CharField(max_length=10)
    ttl = models.PositiveIntegerField()
    target = models.CharField(max_length=4096)
    updated_at = models.PositiveBigIntegerField()
