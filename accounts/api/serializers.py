"""A person's account and access keys, as the API shows and reads them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.models import AccessKey, User, validate_timezone
from accounts.services.keys import LONGEST_NAME, SCOPES


class AccountSerializer(serializers.ModelSerializer[User]):
    class Meta:
        model = User
        fields = ("id", "email", "timezone", "date_joined")
        read_only_fields = fields


class AccountChangeSerializer(serializers.Serializer[Any]):
    timezone = serializers.CharField(
        required=False, max_length=64, validators=[validate_timezone], help_text="An IANA name, e.g. Europe/Berlin."
    )


class KeySerializer(serializers.ModelSerializer[AccessKey]):
    scopes = serializers.ListField(child=serializers.ChoiceField(SCOPES))

    class Meta:
        model = AccessKey
        fields: tuple[str, ...] = ("id", "name", "prefix", "scopes", "created_at", "expires_at", "last_used_at")
        read_only_fields = fields


class NewKeySerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=LONGEST_NAME, help_text="For yourself: where the key lives.")
    scopes = serializers.ListField(child=serializers.ChoiceField(SCOPES), min_length=1, max_length=len(SCOPES))
    expires_at = serializers.DateTimeField(required=False, allow_null=True, help_text="null: until it is revoked.")


class MadeKeySerializer(KeySerializer):
    key = serializers.CharField(help_text="The key itself. It is shown this once.")

    class Meta(KeySerializer.Meta):
        fields: tuple[str, ...] = (*KeySerializer.Meta.fields, "key")
        read_only_fields = fields


class CsrfSerializer(serializers.Serializer[Any]):
    token = serializers.CharField(help_text="Send it as X-CSRFToken, with the cookie that came along.")


class EraseSerializer(serializers.Serializer[Any]):
    shared_access = serializers.BooleanField(
        default=False,
        help_text="Also end our access where all programs of the person share one: the others must sign in again.",
    )
