"""Links between people and services, and the credentials that make them work."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from integrations.fields import EncryptedTextField


class Direction(models.TextChoices):
    BIDIRECTIONAL = "bidirectional", "both ways"
    IMPORT_ONLY = "import_only", "provider → library"
    EXPORT_ONLY = "export_only", "library → provider"


class Policy(models.TextChoices):
    """Who wins when both sides changed one field differently."""

    NEWEST = "newest", "the most recent edit"
    LIBRARY = "library", "the library"
    PROVIDER = "provider", "the provider"
    FURTHEST = "furthest", "the furthest progress"
    ASK = "ask", "ask me"


class Removals(models.TextChoices):
    ASK = "ask", "ask me"
    YES = "yes", "carry over"
    NO = "no", "never"


class ConnectionState(models.TextChoices):
    ACTIVE = "active", "active"
    PAUSED = "paused", "paused"
    NEEDS_LOGIN = "needs_login", "needs login"
    UNLINKED = "unlinked", "unlinked"


class ProviderApp(models.Model):
    """Client id and secret at a provider: site-wide (no user) or a person's own."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    provider = models.CharField(max_length=32)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True)
    client_id = models.CharField(max_length=255)
    client_secret = EncryptedTextField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "provider app"
        constraints = (
            models.UniqueConstraint(fields=["user", "provider"], name="provider_app_one_a_person"),
            models.UniqueConstraint(fields=["provider"], condition=Q(user=None), name="provider_app_one_site_wide"),
        )

    def __str__(self) -> str:
        return f"{self.provider} app" if self.user_id is None else f"{self.provider} app of a person"


class Connection(models.Model):
    """One person's link to one provider. Tokens are sealed to this row and never leave as text.

    fields, kinds: what to sync, as lists; an empty list means all that the provider can hold.
    token_version: grows with every stored token pair, so that a late loser of a race can tell.
    token_due_at: when the tokens want attention: a refresh or, where there is none, the next warning of their expiry.
    options: the person's answers to what this provider alone asks (`Provider.options`), {name: choice}.
    interval_minutes: how often the list is checked; intervals: {kind: minutes} where a kind has an interval of its own.
    automatic: synced by the clock and when the library changes; else only when the person asks.
    adapts: checked oftener while the list moves and more rarely while it sleeps; the interval is the middle.
    moved_at: when a check last found something new there.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="connections")
    provider = models.CharField(max_length=32)
    account_id = models.CharField(max_length=64, blank=True)
    account_name = models.CharField(max_length=255, blank=True)
    account_url = models.CharField(max_length=255, blank=True)
    account_settings = models.JSONField(default=dict, blank=True)

    app = models.ForeignKey(ProviderApp, on_delete=models.SET_NULL, null=True, blank=True)
    access_token = EncryptedTextField(null=True, blank=True)
    refresh_token = EncryptedTextField(null=True, blank=True)
    token_expires_at = models.DateTimeField(null=True, blank=True)
    token_version = models.PositiveIntegerField(default=0)
    token_due_at = models.DateTimeField(null=True, blank=True)

    direction = models.CharField(max_length=16, choices=Direction, default=Direction.BIDIRECTIONAL)
    policy = models.CharField("conflict policy", max_length=16, choices=Policy, default=Policy.NEWEST)
    removals = models.CharField(max_length=8, choices=Removals, default=Removals.ASK)
    fields = models.JSONField(default=list, blank=True)
    kinds = models.JSONField(default=list, blank=True)
    options = models.JSONField(default=dict, blank=True)
    interval_minutes = models.PositiveIntegerField(default=60)
    intervals = models.JSONField(default=dict, blank=True)
    automatic = models.BooleanField("syncs by itself", default=True)
    adapts = models.BooleanField("adapts its pace", default=True)
    asks_first = models.BooleanField("asks before its first sync", default=True)
    approved_at = models.DateTimeField("first sync approved", null=True, blank=True)

    state = models.CharField(max_length=16, choices=ConnectionState, default=ConnectionState.ACTIVE)
    message = models.CharField(max_length=500, blank=True, help_text="What the person should know; no secrets.")
    message_code = models.CharField(max_length=32, blank=True)
    linked_at = models.DateTimeField(null=True, blank=True)
    last_synced_at = models.DateTimeField(null=True, blank=True)
    moved_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["user", "provider"], name="connection_one_a_provider"),
            # One account at a service belongs to one person here: two would fight over one list.
            models.UniqueConstraint(
                fields=["provider", "account_id"],
                condition=~Q(state=ConnectionState.UNLINKED) & ~Q(account_id=""),
                name="connection_account_once",
            ),
        )
        indexes = (
            # By service: what is due at one that is away must not stand before the others'.
            models.Index(
                fields=["provider", "token_due_at"], condition=Q(token_due_at__isnull=False), name="connection_renewal"
            ),
        )

    def __str__(self) -> str:
        return f"{self.provider} connection {self.pk}"


class LinkAttempt(models.Model):
    """A link on its way: what we must remember between sending someone off and their return.

    state_hash and session_hash are SHA-256 in hex: neither value can be used by who reads this table.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    provider = models.CharField(max_length=32)
    app = models.ForeignKey(ProviderApp, on_delete=models.CASCADE, null=True, blank=True)
    state_hash = models.CharField(max_length=64, unique=True)
    session_hash = models.CharField(max_length=64)
    verifier = EncryptedTextField(null=True, blank=True)
    redirect_uri = models.CharField(max_length=500)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "link attempt"
        indexes = (models.Index(fields=["user", "expires_at"], name="link_attempt_user"),)

    def __str__(self) -> str:
        return f"{self.provider} link attempt"


class DeviceState(models.TextChoices):
    PENDING = "pending", "waiting for the person"
    LINKED = "linked", "linked"
    REFUSED = "refused", "refused"
    EXPIRED = "expired", "expired"
    FAILED = "failed", "failed"


class DeviceLink(models.Model):
    """A link by device code on its way: the person types `user_code` at the service, a task asks whether they did.

    poll_seconds: the service's interval, longer once it asked for that. next_poll_at: no sooner.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    provider = models.CharField(max_length=32)
    app = models.ForeignKey(ProviderApp, on_delete=models.CASCADE, null=True, blank=True)
    device_code = EncryptedTextField(null=True, blank=True)
    user_code = models.CharField(max_length=64)
    verification_url = models.CharField(max_length=255)
    poll_seconds = models.PositiveIntegerField(default=5)
    next_poll_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=DeviceState, default=DeviceState.PENDING)
    message = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "device link"
        indexes = (models.Index(fields=["next_poll_at"], condition=Q(state="pending"), name="device_link_due"),)

    def __str__(self) -> str:
        return f"{self.provider} device link"


class ShowId(models.Model):
    """What a service that counts by shows calls a show or film of TMDB. external_id "" = it does not have it (yet)."""

    provider = models.CharField(max_length=32)
    kind = models.CharField(max_length=8, help_text="show or movie")
    site = models.CharField(max_length=8, help_text="tmdb, tvdb or imdb")
    site_id = models.CharField(max_length=64)
    external_id = models.CharField(max_length=64, blank=True)
    expires_at = models.DateTimeField(help_text="Ask again from then on.")

    class Meta:
        verbose_name = "show id"
        constraints = (models.UniqueConstraint(fields=["provider", "kind", "site", "site_id"], name="show_id_once"),)
        indexes = (models.Index(fields=["provider", "kind", "external_id"], name="show_id_external"),)

    def __str__(self) -> str:
        return f"{self.site}:{self.site_id} = {self.provider} {self.kind} {self.external_id or '-'}"


class SeasonTable(models.Model):
    """A show's real episode numbers at a service, as last read. Shared by everybody.

    seasons: {"1": [1, 2, ...], "0": [...]}, numbers ascending, specials included. is_ended: no more will air.
    recut_at: when a season that was known shrank or changed its numbers; its map needs a look from then on.
    """

    provider = models.CharField(max_length=32)
    external_id = models.CharField(max_length=64)
    title = models.CharField(max_length=500, blank=True)
    seasons = models.JSONField(default=dict)
    is_ended = models.BooleanField(default=False)
    fetched_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    recut_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "season table"
        constraints = (models.UniqueConstraint(fields=["provider", "external_id"], name="season_table_once"),)

    def __str__(self) -> str:
        return f"{self.provider} {self.title or self.external_id}"


class PlayState(models.TextChoices):
    DOUBTFUL = "doubtful", "sent, or about to be; no answer yet"
    DONE = "done", "recorded"


class Play(models.Model):
    """A play that we sent to a service whose history only grows: a second one would be a false play.

    Written before the call, as doubtful; done once the service said so or a later read showed it. A call that surely
    had no effect takes its rows away again. item: what was played, in the provider's own stable words.
    watched_at: to the minute, empty = "unknown".
    """

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="plays")
    account_id = models.CharField(max_length=64)
    item = models.CharField(max_length=64)
    watched_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=8, choices=PlayState, default=PlayState.DOUBTFUL)
    sent_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["connection", "account_id", "item"], name="play_once"),)

    def __str__(self) -> str:
        return f"play {self.pk}, {self.state}"
