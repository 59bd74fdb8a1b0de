"""Links and apps, for operators. No secret is ever shown: only its fingerprint, the last 4 of its SHA-256."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from integrations.crypto import DecryptionError, Secret
from integrations.models import Connection, ConnectionState, DeviceLink, LinkAttempt, ProviderApp, SeasonTable, ShowId
from integrations.oauth import App
from integrations.providers import registry
from integrations.services import apps, pausing
from integrations.services.refusals import LinkError
from integrations.services.sessions import mark_needs_login

SYNCED = ("direction", "policy", "removals", "fields", "kinds", "options", "interval_minutes", "intervals", "adapts")


def describe_secret(row: Any, name: str) -> str:
    """ "none", "…3fa9", or that it cannot be opened."""
    try:
        secret: Secret | None = getattr(row, name)
    except DecryptionError:
        return "cannot be opened"
    return "none" if secret is None else f"…{secret.fingerprint()}"


class ProviderAppForm(forms.ModelForm):  # type: ignore[type-arg]
    """The secret goes in and never comes out. Left empty it stays, as long as the client id does."""

    provider = forms.ChoiceField(choices=lambda: [(slug, slug) for slug in registry.slugs()])
    new_secret = forms.CharField(
        label="Client secret",
        required=False,
        max_length=apps.LONGEST_SECRET,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password"}),
        help_text="Stored encrypted and never shown again. Left empty, the stored one stays.",
    )

    class Meta:
        model = ProviderApp
        fields = ("provider", "user", "client_id")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._before = self.instance.client_id

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if "provider" not in data or "client_id" not in data:
            return data
        provider = registry.get(data["provider"])
        app = App.of(data["client_id"], data.get("new_secret"))
        try:
            apps.check_app(provider, app)
        except LinkError as error:
            raise forms.ValidationError(error.message) from error
        keeps = self._before == app.client_id and self.instance.client_secret is not None
        if app.client_secret is None and not keeps and not provider.oauth.secret_optional:
            raise forms.ValidationError(f"{provider.name} needs a client secret too.")
        if app.client_secret is not None or not keeps:
            self.instance.client_secret = app.client_secret
        data["client_id"] = app.client_id
        return data


@admin.register(ProviderApp)
class ProviderAppAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = ProviderAppForm
    fields = ("provider", "user", "client_id", "new_secret", "secret_mark", "created_at")
    readonly_fields = ("secret_mark", "created_at")
    list_display = ("provider", "whose", "client_id", "secret_mark", "created_at")
    list_filter = ("provider", ("user", admin.EmptyFieldListFilter))
    search_fields = ("client_id", "user__email")
    raw_id_fields = ("user",)
    list_select_related = ("user",)
    show_full_result_count = False

    @admin.display(description="whose", ordering="user__email")
    def whose(self, row: ProviderApp) -> str:
        return "site-wide" if row.user is None else row.user.email

    @admin.display(description="stored secret")
    def secret_mark(self, row: ProviderApp) -> str:
        return describe_secret(row, "client_secret")


@admin.register(Connection)
class ConnectionAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("user", "provider", "account_name", "state", "direction", "last_synced_at", "token_expires_at")
    list_filter = ("provider", "state", "direction", "message_code")
    search_fields = ("user__email", "account_name", "account_id")
    list_select_related = ("user",)
    raw_id_fields = ("user", "app")
    date_hierarchy = "created_at"
    show_full_result_count = False
    actions = ("pause", "resume", "ask_for_login")
    fieldsets = (
        (None, {"fields": ("id", "user", "provider", "state", "message", "message_code")}),
        ("Account", {"fields": ("account_id", "account_name", "account_url", "account_settings")}),
        (
            "Tokens",
            {"fields": ("app", "access_mark", "refresh_mark", "token_expires_at", "token_due_at", "token_version")},
        ),
        ("What is synced", {"fields": SYNCED}),
        ("First sync", {"fields": ("asks_first", "approved_at")}),
        ("Times", {"fields": ("linked_at", "last_synced_at", "moved_at", "created_at")}),
    )
    # What a person chose stays theirs; operators use the actions.
    readonly_fields = (
        *("id", "user", "provider", "state", "message", "message_code"),
        *("account_id", "account_name", "account_url", "account_settings"),
        *("app", "access_mark", "refresh_mark", "token_expires_at", "token_due_at", "token_version"),
        *(*SYNCED, "asks_first", "approved_at"),
        *("linked_at", "last_synced_at", "moved_at", "created_at"),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A connection comes to be by linking."""
        return False

    @admin.display(description="access token")
    def access_mark(self, row: Connection) -> str:
        return describe_secret(row, "access_token")

    @admin.display(description="refresh token")
    def refresh_mark(self, row: Connection) -> str:
        return describe_secret(row, "refresh_token")

    @admin.action(description="Pause", permissions=["change"])
    def pause(self, request: HttpRequest, rows: QuerySet[Connection]) -> None:
        done = sum(pausing.set_paused(row.pk, paused=True) for row in rows)
        self.message_user(request, f"Paused: {done}.", messages.SUCCESS)

    @admin.action(description="Resume", permissions=["change"])
    def resume(self, request: HttpRequest, rows: QuerySet[Connection]) -> None:
        done = sum(pausing.set_paused(row.pk, paused=False) for row in rows)
        self.message_user(request, f"Resumed: {done}.", messages.SUCCESS)

    @admin.action(description="Ask the person to sign in again (by mail)", permissions=["change"])
    def ask_for_login(self, request: HttpRequest, rows: QuerySet[Connection]) -> None:
        before = [row for row in rows if row.state in (ConnectionState.ACTIVE, ConnectionState.PAUSED)]
        for row in before:
            mark_needs_login(row)
        self.message_user(request, f"Asked: {len(before)}.", messages.SUCCESS)


@admin.register(LinkAttempt)
class LinkAttemptAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Read-only: the hashes say nothing, so not even they are shown."""

    list_display = ("user", "provider", "created_at", "expires_at", "used_at")
    list_filter = ("provider", "created_at", ("used_at", admin.EmptyFieldListFilter))
    search_fields = ("user__email",)
    list_select_related = ("user",)
    fields = ("id", "user", "provider", "app", "redirect_uri", "created_at", "expires_at", "used_at")
    readonly_fields = fields
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: LinkAttempt | None = None) -> bool:
        return False


@admin.register(DeviceLink)
class DeviceLinkAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Read-only, without either code: while it is open, who knows them could link an account of theirs."""

    list_display = ("user", "provider", "state", "created_at", "expires_at", "next_poll_at")
    list_filter = ("provider", "state", "created_at")
    search_fields = ("user__email",)
    list_select_related = ("user",)
    fields = (
        *("id", "user", "provider", "app", "state", "message"),
        *("verification_url", "poll_seconds", "next_poll_at", "created_at", "expires_at"),
    )
    readonly_fields = fields
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: DeviceLink | None = None) -> bool:
        return False


@admin.register(ShowId)
class ShowIdAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Read-only; deleting a row has the service asked again."""

    list_display = ("provider", "kind", "site", "site_id", "external_id", "expires_at")
    list_filter = ("provider", "kind", "site", ("external_id", admin.EmptyFieldListFilter))
    search_fields = ("=site_id", "=external_id")
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: ShowId | None = None) -> bool:
        return False


@admin.register(SeasonTable)
class SeasonTableAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Read-only; deleting a row has the table read again, and forgets that its show was cut anew."""

    list_display = ("provider", "title", "external_id", "summary", "is_ended", "fetched_at", "expires_at", "recut_at")
    list_filter = ("provider", "is_ended", ("recut_at", admin.EmptyFieldListFilter))
    search_fields = ("title", "=external_id")
    show_full_result_count = False

    @admin.display(description="seasons")
    def summary(self, row: SeasonTable) -> str:
        """ "S1 1–25, S2 26–37": season and real numbers; 0 are the specials."""
        seasons = sorted((int(season), numbers) for season, numbers in row.seasons.items() if numbers)
        return ", ".join(f"S{season} {numbers[0]}–{numbers[-1]}" for season, numbers in seasons)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: SeasonTable | None = None) -> bool:
        return False
