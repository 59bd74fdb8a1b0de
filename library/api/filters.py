"""How a list of entries and works can be narrowed and sorted."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from accounts.api import filters
from library.api.serializers import KINDS, STATUSES
from library.models import ListEntry, Media
from library.queries import with_text

MAX_SEARCH = 100
SORTS = ("title", "score", "progress", "revision", "updated_at")
_BY = {"title": "media__title"}


class EntryFilter(filters.Filters):
    kind = filters.ChoiceFilter(field_name="media__kind", choices=[(kind, kind) for kind in KINDS])
    status = filters.MultipleChoiceFilter(choices=[(status, status) for status in STATUSES])
    media = filters.IdFilter(field_name="media_id")
    text = filters.CharFilter(method="search", max_length=MAX_SEARCH, label="Looked for in all titles.")
    score_min = filters.WholeFilter(field_name="score", lookup_expr="gte", min_value=0, max_value=100)
    score_max = filters.WholeFilter(field_name="score", lookup_expr="lte", min_value=0, max_value=100)
    private = filters.BooleanFilter()
    since_revision = filters.WholeFilter(field_name="revision", lookup_expr="gt", label="Only what moved after it.")
    sort = filters.ChoiceFilter(
        method="order",
        choices=[(sign + name, sign + name) for name in SORTS for sign in ("", "-")],
        empty_label=None,
        label="By default the latest edit first: -revision.",
    )

    class Meta:
        model = ListEntry
        fields = ()

    def search(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return with_text(rows, value, prefix="media__")

    def order(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        column = value.removeprefix("-")
        return rows.order_by(("-" if value.startswith("-") else "") + _BY.get(column, column))


class MediaFilter(filters.Filters):
    kind = filters.ChoiceFilter(choices=[(kind, kind) for kind in KINDS])
    text = filters.CharFilter(method="search", max_length=MAX_SEARCH, label="Looked for in all titles.")
    provider = filters.CharFilter(
        method="by_id", max_length=32, label="With external_id: the work that a service calls so."
    )
    external_id = filters.CharFilter(method="nothing", max_length=64)

    class Meta:
        model = Media
        fields = ()

    def search(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return with_text(rows, value)

    def by_id(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        external_id = self.form.cleaned_data.get("external_id") or ""
        return rows.filter(external_ids__provider=value, external_ids__external_id=external_id)

    def nothing(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return rows
