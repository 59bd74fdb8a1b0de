"""A person's services, as the API shows and reads them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from integrations.api.shapes import HEALTH
from integrations.models import ConnectionState, DeviceState, Direction, Policy, Removals
from integrations.services.apps import LONGEST_ID, LONGEST_SECRET
from integrations.services.linking_from_apps import LONGEST as LONGEST_CODE
from integrations.services.options import LONGEST_INTERVAL, SHORTEST_INTERVAL
from integrations.services.signing_in import LONGEST as LONGEST_LOGIN
from library.entry import FIELDS, Kind

KINDS = [str(kind) for kind in Kind]
WAYS = ("code", "device", "password", "token")
LONGEST_TOKEN = 20_000


class ChoiceShape(serializers.Serializer[Any]):
    value = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment] # a field of this name


class OptionShape(serializers.Serializer[Any]):
    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment] # a field of this name
    help = serializers.CharField()
    choices = ChoiceShape(many=True)


class ConnectionShape(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    username = serializers.CharField(help_text="Of the account at the service.")
    account_url = serializers.CharField()
    state = serializers.ChoiceField(ConnectionState.choices)
    message = serializers.CharField(help_text='What the person should know, in words; "" = nothing.')
    message_code = serializers.CharField()
    linked_at = serializers.DateTimeField(allow_null=True)
    last_sync_at = serializers.DateTimeField(allow_null=True)
    moved_at = serializers.DateTimeField(allow_null=True, help_text="When a check last found something new there.")
    approved_at = serializers.DateTimeField(allow_null=True, help_text="null: the first sync waits for a yes.")
    login_ends_at = serializers.DateTimeField(allow_null=True, help_text="Where only the person can renew it.")
    sync_enabled = serializers.BooleanField(help_text="false: paused.")
    auto_sync = serializers.BooleanField(help_text="false: only when asked.")
    direction = serializers.ChoiceField(Direction.choices)
    policy = serializers.ChoiceField(Policy.choices)
    removals = serializers.ChoiceField(Removals.choices)
    kinds = serializers.ListField(child=serializers.ChoiceField(KINDS))
    fields_ = serializers.ListField(child=serializers.ChoiceField(FIELDS), source="fields")
    fields_offered = serializers.ListField(child=serializers.ChoiceField(FIELDS))
    sync_status = serializers.BooleanField()
    sync_reading_progress = serializers.BooleanField()
    sync_ratings = serializers.BooleanField()
    sync_dates = serializers.BooleanField()
    sync_notes = serializers.BooleanField()
    sync_removals = serializers.BooleanField()
    interval_minutes = serializers.IntegerField()
    intervals = serializers.DictField(child=serializers.IntegerField(), help_text="Minutes by kind.")
    adapts = serializers.BooleanField()
    asks_first = serializers.BooleanField()
    options = serializers.DictField(child=serializers.CharField())

    def get_fields(self) -> dict[str, Any]:
        """`fields` is the name that programs know; on a serializer it means something else."""
        return {name.rstrip("_"): field for name, field in _renamed(super().get_fields())}


def _renamed(found: Any) -> Any:
    for name, field in found.items():
        if name.endswith("_"):
            # A field that is called like its source may not say so.
            field.source = None
        yield name, field


class ServiceShape(serializers.Serializer[Any]):
    provider = serializers.CharField()
    name = serializers.CharField()
    is_enabled = serializers.BooleanField(help_text="false: switched off here by the operator.")
    ways = serializers.ListField(child=serializers.ChoiceField(WAYS), help_text="How it can be linked.")
    apps_url = serializers.CharField(help_text="Where a person sees and ends what they allowed.")
    redirect_uris = serializers.ListField(child=serializers.CharField())
    own_client_id = serializers.CharField(help_text="Of the person's own app; \"\" = the site's is used.")
    kinds_offered = serializers.ListField(child=serializers.ChoiceField(KINDS))
    options_offered = OptionShape(many=True)
    is_connected = serializers.BooleanField()
    health = serializers.ChoiceField(HEALTH)
    needs_login = serializers.BooleanField()
    connection = ConnectionShape(allow_null=True)


class SetupSerializer(serializers.Serializer[Any]):
    integration_type = serializers.CharField(max_length=32, help_text="A provider: anilist, myanimelist or mal, …")
    client_id = serializers.CharField(max_length=LONGEST_ID)
    client_secret = serializers.CharField(
        max_length=LONGEST_SECRET, required=False, allow_blank=True, help_text="Stored encrypted, never shown again."
    )


class AuthorizeSerializer(serializers.Serializer[Any]):
    redirect_uri = serializers.CharField(
        max_length=2_000, required=False, help_text="One of `redirect_uris`; the first by default."
    )


class AuthorizedShape(serializers.Serializer[Any]):
    url = serializers.CharField(help_text="Open it in the person's browser.")
    state = serializers.CharField(help_text="Compare it with what comes back; single use.")
    redirect_uri = serializers.CharField()
    expires_at = serializers.DateTimeField()


class ConnectSerializer(serializers.Serializer[Any]):
    """One of four ways, each with all of its fields and none of another's."""

    authorization_code = serializers.CharField(max_length=LONGEST_CODE, required=False)
    redirect_uri = serializers.CharField(max_length=2_000, required=False)
    code_verifier = serializers.CharField(max_length=LONGEST_CODE, required=False)
    state = serializers.CharField(max_length=512, required=False, help_text="Of `authorize`, with authorization_code.")
    username = serializers.CharField(max_length=LONGEST_LOGIN, required=False)
    password = serializers.CharField(max_length=LONGEST_LOGIN, required=False, trim_whitespace=False)
    access_token = serializers.CharField(max_length=LONGEST_TOKEN, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        given = frozenset(attrs)
        if given not in CONNECT_WAYS:
            ways = "; ".join(", ".join(sorted(way)) for way in sorted(CONNECT_WAYS, key=sorted))
            raise serializers.ValidationError(f"Send exactly one of these sets: {ways}.", code="wrong_set")
        return attrs


CONNECT_WAYS = {
    frozenset({"authorization_code", "state"}): "begun",
    frozenset({"authorization_code", "redirect_uri"}): "code",
    frozenset({"authorization_code", "redirect_uri", "code_verifier"}): "code",
    frozenset({"username", "password"}): "password",
    frozenset({"access_token"}): "token",
}
"""What is sent → how it links."""


class ChangeSerializer(serializers.Serializer[Any]):
    """What is not named stays as it is."""

    sync_enabled = serializers.BooleanField(required=False, help_text="false pauses, true goes on.")
    auto_sync = serializers.BooleanField(required=False)
    direction = serializers.ChoiceField(Direction.choices, required=False)
    policy = serializers.ChoiceField(Policy.choices, required=False)
    removals = serializers.ChoiceField(Removals.choices, required=False)
    kinds = serializers.ListField(
        child=serializers.ChoiceField(KINDS), required=False, max_length=len(KINDS), help_text="[] = all."
    )
    fields_ = serializers.ListField(
        child=serializers.ChoiceField(FIELDS), required=False, max_length=len(FIELDS), help_text="[] = all."
    )
    sync_status = serializers.BooleanField(required=False)
    sync_reading_progress = serializers.BooleanField(required=False)
    sync_ratings = serializers.BooleanField(required=False)
    sync_dates = serializers.BooleanField(required=False)
    sync_notes = serializers.BooleanField(required=False)
    sync_removals = serializers.BooleanField(required=False, help_text="false: never; true: ask first.")
    interval_minutes = serializers.IntegerField(required=False, min_value=SHORTEST_INTERVAL, max_value=LONGEST_INTERVAL)
    intervals = serializers.DictField(
        child=serializers.IntegerField(min_value=SHORTEST_INTERVAL, max_value=LONGEST_INTERVAL), required=False
    )
    adapts = serializers.BooleanField(required=False)
    asks_first = serializers.BooleanField(required=False)
    options = serializers.DictField(child=serializers.CharField(max_length=64), required=False)

    def get_fields(self) -> dict[str, Any]:
        return {name.rstrip("_"): field for name, field in super().get_fields().items()}


class DeviceShape(serializers.Serializer[Any]):
    state = serializers.ChoiceField(DeviceState.choices)
    message = serializers.CharField()
    user_code = serializers.CharField(help_text="What the person types in.")
    verification_url = serializers.CharField(help_text="Where.")
    poll_seconds = serializers.IntegerField(help_text="Ask no more often than this.")
    expires_at = serializers.DateTimeField()


class BudgetShape(serializers.Serializer[Any]):
    counts_by = serializers.CharField(help_text="What the service counts by: address, app or token.")
    applies = serializers.CharField(help_text="all, reads or writes.")
    limit = serializers.FloatField(help_text="Requests in `seconds`, in force now.")
    seconds = serializers.FloatField()
    used = serializers.IntegerField(allow_null=True)
    left = serializers.IntegerField(allow_null=True)
    waiting = serializers.IntegerField(allow_null=True)
    blocked_seconds = serializers.FloatField()


class ProviderShape(serializers.Serializer[Any]):
    provider = serializers.CharField()
    name = serializers.CharField()
    is_enabled = serializers.BooleanField()
    state = serializers.ChoiceField(("ok", "away", "trying", "slowed", "off", "unknown"))
    retry_seconds = serializers.FloatField(help_text="Until it is tried again; 0 = at once.")
    budgets = BudgetShape(many=True)
