"""Works and lists, for operators. What people have on their lists is to be looked at, not edited: an edit made here
would not be stamped, and so would never travel."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from library.models import ExternalId, Library, ListEntry, Media


class ReadOnly:
    """Look, do not touch."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ExternalIdInline(admin.TabularInline):  # type: ignore[type-arg]
    model = ExternalId
    extra = 0
    readonly_fields = ("first_seen_at",)


@admin.register(Media)
class MediaAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("title", "kind", "format", "year", "total", "volumes", "is_adult")
    list_filter = ("kind", "format", "is_adult")
    search_fields = ("title", "=external_ids__external_id")
    search_help_text = "A part of the title, or exactly what a service calls it"
    inlines = (ExternalIdInline,)
    readonly_fields = ("created_at",)
    ordering = ("title",)
    show_full_result_count = False


@admin.register(ExternalId)
class ExternalIdAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("external_id", "provider", "kind", "media", "source", "first_seen_at")
    list_filter = ("provider", "kind", "source")
    list_select_related = ("media",)
    search_fields = ("=external_id", "media__title")
    raw_id_fields = ("media",)
    readonly_fields = ("first_seen_at",)
    ordering = ("-first_seen_at",)
    show_full_result_count = False


@admin.register(Library)
class LibraryAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("user", "revision")
    list_select_related = ("user",)
    search_fields = ("user__email",)
    show_full_result_count = False


@admin.register(ListEntry)
class ListEntryAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("media", "user", "status", "progress", "score", "removed_at", "updated_at")
    list_filter = ("status", "media__kind", "private", ("removed_at", admin.EmptyFieldListFilter))
    list_select_related = ("media", "user")
    search_fields = ("user__email", "media__title")
    ordering = ("-updated_at",)
    show_full_result_count = False
