"""How users and records look on the wire."""

from rest_framework import serializers

from .models import Record, User


class ProfileSerializer(serializers.ModelSerializer):
    login = serializers.CharField(source="username")

    class Meta:
        model = User
        fields = ("id", "display_name", "first_name", "last_name", "email", "is_sso", "avatar", "login")


class RecordSerializer(serializers.ModelSerializer):
    class Meta:
        model = Record
        fields = ("id", "source", "type", "ttl", "target", "updated_at")
