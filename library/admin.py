"""Works and lists, for operators. What people have on their lists is to be looked at, not edited: an edit made here
would not be stamped, and so would never travel."""

from __future__ import annotations

from typing import Any

from celery import current_app
from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from library.episodes.model import Numbering, TargetKind
from library.mappings.sources import MAINTAINER
from library.models import EpisodeRange, ExternalId, IdPair, IdTable, Library, ListEntry, Media, PersonMatch
from library.services import deciding


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


@admin.register(IdTable)
class IdTableAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("source", "state", "rows", "pairs", "ranges", "conflicts", "imported_at", "checked_at", "message")
    list_filter = ("state",)
    actions = ("import_now",)
    ordering = ("source",)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return super().get_actions(request) if request.user.is_superuser else {}

    @admin.action(description="Import now")
    def import_now(self, request: HttpRequest, queryset: QuerySet[IdTable]) -> None:
        slugs = list(queryset.values_list("source", flat=True))
        for slug in slugs:
            # By name: the room that fetches is to the right of this one.
            current_app.send_task("integrations.import_id_table", args=(slug,), queue="upkeep")
        messages.success(request, f"{len(slugs)} tables are looked at now; see their state in a minute.")

    @admin.display
    def rows(self, table: IdTable) -> Any:
        return table.figures.get("rows")

    @admin.display
    def pairs(self, table: IdTable) -> Any:
        return table.figures.get("pairs")

    @admin.display
    def ranges(self, table: IdTable) -> Any:
        return table.figures.get("ranges")

    @admin.display
    def conflicts(self, table: IdTable) -> Any:
        return table.figures.get("conflicts")


@admin.register(IdPair)
class IdPairAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    """Tables' words are not edited: the next import would edit them back. A maintainer's word is a pair of its own."""

    list_display = ("__str__", "kind", "state", "source", "first_seen_at", "gone_at")
    list_filter = ("state", "source", "kind", "left_site", "right_site", ("gone_at", admin.EmptyFieldListFilter))
    search_fields = ("=left_id", "=right_id")
    search_help_text = "Exactly what either service calls it"
    actions = ("mark_good", "delete_selected")
    ordering = ("-pk",)
    show_full_result_count = False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("library.delete_idpair")

    def has_decide_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("library.change_idpair")

    @admin.action(description="These are right: let nothing else be said of their ids", permissions=["decide"])
    def mark_good(self, request: HttpRequest, queryset: QuerySet[IdPair]) -> None:
        added = deciding.confirm_pairs(queryset)
        messages.success(request, f"{added} pairs are now a maintainer's word.")

    def delete_model(self, request: HttpRequest, obj: IdPair) -> None:
        deciding.remove_pairs([obj])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[IdPair]) -> None:
        deciding.remove_pairs(queryset)
        messages.info(request, "What a table still says comes back with its next import; mark the right pair instead.")


class EpisodeRangeForm(forms.ModelForm):  # type: ignore[type-arg]
    site = forms.ChoiceField(choices=[(site, site) for site in ("anilist", "myanimelist", "anidb")])
    target_kind = forms.ChoiceField(choices=[(kind, kind) for kind in TargetKind])
    target_site = forms.ChoiceField(choices=[(site, site) for site in ("tmdb", "trakt", "imdb", "tvdb")])
    numbering = forms.ChoiceField(choices=[(numbering, numbering) for numbering in Numbering])

    class Meta:
        model = EpisodeRange
        fields = (
            *("site", "site_id", "first", "last", "target_kind", "target_site", "target_id"),
            *("season", "start", "numbering", "per_entry", "per_target", "state"),
        )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        first, last, season = data.get("first"), data.get("last"), data.get("season")
        if first is not None and (first < 1 or (last is not None and last < first)):
            raise forms.ValidationError("The first episode is 1 or later, and not after the last.")
        if min(data.get("per_entry") or 0, data.get("per_target") or 0, data.get("start") or 0) < 1:
            raise forms.ValidationError("Start and both counts are at least 1.")
        in_season = data.get("target_kind") == TargetKind.SHOW and data.get("numbering") != Numbering.ABSOLUTE
        if in_season != (season is not None):
            raise forms.ValidationError("A show needs a season, unless it is counted through; a film has none.")
        return data

    def save(self, commit: bool = True) -> Any:
        if self.instance.pk is None:
            self.instance.source, self.instance.first_seen_at = MAINTAINER, timezone.now()
        return super().save(commit)


@admin.register(EpisodeRange)
class EpisodeRangeAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """What an operator adds is a maintainer's word and goes before all tables. Only those rows can be edited."""

    form = EpisodeRangeForm
    list_display = (
        *("site", "site_id", "first", "last", "target_kind", "target_id", "season", "start", "numbering"),
        *("state", "flag", "source", "gone_at"),
    )
    list_display_links = ("site", "site_id")
    list_filter = (
        *("state", "flag", "source", "site", "target_kind", "numbering"),
        *(("user", admin.EmptyFieldListFilter), ("gone_at", admin.EmptyFieldListFilter)),
    )
    search_fields = ("=site_id", "=target_id")
    search_help_text = "Exactly what either service calls it"
    actions = ("adopt",)
    ordering = ("-pk",)
    show_full_result_count = False

    def has_change_permission(self, request: HttpRequest, obj: EpisodeRange | None = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or _is_maintainers(obj))

    def has_delete_permission(self, request: HttpRequest, obj: EpisodeRange | None = None) -> bool:
        return super().has_delete_permission(request, obj) and obj is not None and _is_maintainers(obj)

    @admin.action(description="These are right: take them over as a maintainer's word", permissions=["change"])
    def adopt(self, request: HttpRequest, queryset: QuerySet[EpisodeRange]) -> None:
        added = deciding.adopt_ranges(queryset)
        messages.success(request, f"{added} ranges are now a maintainer's word.")


def _is_maintainers(row: EpisodeRange) -> bool:
    return row.source == MAINTAINER and row.user_id is None


@admin.register(PersonMatch)
class PersonMatchAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    """A person's word is theirs to give. An operator may take a broken one away, which is as if it was never said."""

    list_display = ("external_id", "provider", "kind", "media", "user", "created_at")
    list_filter = ("provider", "kind", ("media", admin.EmptyFieldListFilter))
    list_select_related = ("media", "user")
    search_fields = ("user__email", "media__title", "=external_id")
    ordering = ("-pk",)
    show_full_result_count = False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return admin.ModelAdmin.has_delete_permission(self, request, obj)
