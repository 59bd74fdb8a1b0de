"""Syncing, for operators. The journal is read-only: what happened is not edited afterwards."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from library.admin import ReadOnly
from syncing.models import (
    Baseline,
    Change,
    Parked,
    Review,
    Schedule,
    SyncRun,
    Unmatched,
)


class SyncAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Large tables: no count of all rows, people by their mail address, rows of others by their id."""

    show_full_result_count = False
    list_per_page = 50


@admin.register(Schedule)
class ScheduleAdmin(SyncAdmin):
    list_display = ("user", "provider", "is_on", "due_at", "not_before", "lease_until", "failures", "interactive")
    list_filter = ("provider", "is_on", "interactive", "failures")
    list_select_related = ("user",)
    search_fields = ("user__email", "=connection__account_name")
    readonly_fields = ("connection", "user", "provider", "lease_token", "lease_until")
    ordering = ("due_at",)
    actions = ("make_due", "make_due_fully", "switch_on", "switch_off")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.action(description="Make due now", permissions=["change"])
    def make_due(self, request: HttpRequest, rows: QuerySet[Schedule]) -> None:
        self._tell(request, rows.update(due_at=timezone.now()))

    @admin.action(description="Make due now, reading everything", permissions=["change"])
    def make_due_fully(self, request: HttpRequest, rows: QuerySet[Schedule]) -> None:
        self._tell(request, rows.update(due_at=timezone.now(), full=True))

    @admin.action(description="Switch on", permissions=["change"])
    def switch_on(self, request: HttpRequest, rows: QuerySet[Schedule]) -> None:
        self._tell(request, rows.update(is_on=True))

    @admin.action(description="Switch off", permissions=["change"])
    def switch_off(self, request: HttpRequest, rows: QuerySet[Schedule]) -> None:
        self._tell(request, rows.update(is_on=False))

    def _tell(self, request: HttpRequest, count: int) -> None:
        self.message_user(request, f"{count} schedule{'' if count == 1 else 's'} changed.")


@admin.register(Baseline)
class BaselineAdmin(ReadOnly, SyncAdmin):
    """The packed tracks are neither read nor shown: they hold a whole list."""

    list_display = ("connection", "user", "tracks", "library_revision", "complete_at")
    list_select_related = ("user", "connection")
    search_fields = ("user__email",)
    fields = ("connection", "user", "tracks", "digest", "probe_mark", "library_revision", "complete_at")
    ordering = ("-complete_at",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Baseline]:
        return super().get_queryset(request).defer("data")


@admin.register(SyncRun)
class SyncRunAdmin(ReadOnly, SyncAdmin):
    list_display = (
        "started_at",
        "user",
        "provider",
        "purpose",
        "trigger",
        "state",
        "entries_read",
        "library_changes",
        "writes",
        "failed",
        "requests",
        "checks",
        "error_code",
    )
    list_filter = ("state", "provider", "purpose", "trigger", "error_code", "started_at")
    list_select_related = ("user",)
    search_fields = ("user__email", "=id")
    date_hierarchy = "started_at"


@admin.register(Change)
class ChangeAdmin(ReadOnly, SyncAdmin):
    list_display = ("created_at", "user", "title", "side", "action", "state", "reason", "source")
    list_filter = ("state", "side", "action", "reason", "kind")
    list_select_related = ("user",)
    search_fields = ("user__email", "title", "=remote_id")
    raw_id_fields = ("run", "connection", "media", "undoes")


@admin.register(Review)
class ReviewAdmin(ReadOnly, SyncAdmin):
    """Only the person answers: an operator's yes would be a yes in someone else's name."""

    list_display = ("created_at", "user", "topic", "provider", "media", "state", "choice", "decided_at")
    list_filter = ("state", "topic", "connection__provider")
    list_select_related = ("user", "connection", "media")
    search_fields = ("user__email", "media__title")

    @admin.display(ordering="connection__provider")
    def provider(self, row: Review) -> str:
        return row.connection.provider


@admin.register(Unmatched)
class UnmatchedAdmin(SyncAdmin):
    list_display = ("title", "kind", "provider", "remote_id", "media", "user", "reason", "first_seen_at", "retry_at")
    list_filter = ("reason", "kind", "connection__provider")
    list_select_related = ("user", "connection", "media")
    search_fields = ("title", "=remote_id", "user__email", "media__title")
    raw_id_fields = ("user", "connection", "media")
    actions = ("retry",)

    @admin.display(ordering="connection__provider")
    def provider(self, row: Unmatched) -> str:
        return row.connection.provider

    @admin.action(description="Try again with the next run", permissions=["change"])
    def retry(self, request: HttpRequest, rows: QuerySet[Unmatched]) -> None:
        count = rows.update(retry_at=timezone.now())
        self.message_user(request, f"{count} will be tried again.")


@admin.register(Parked)
class ParkedAdmin(SyncAdmin):
    """Deleting a row lets the entry be tried again."""

    list_display = ("remote_id", "kind", "provider", "user", "failures", "message", "last_failed_at")
    list_filter = ("kind", "connection__provider")
    list_select_related = ("user", "connection")
    search_fields = ("=remote_id", "user__email", "message")
    raw_id_fields = ("user", "connection")
    ordering = ("-last_failed_at",)

    @admin.display(ordering="connection__provider")
    def provider(self, row: Parked) -> str:
        return row.connection.provider
