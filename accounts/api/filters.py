"""Filters of lists: django-filter's, with a base that the type checker knows. Unknown values are `invalid`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django import forms
from django_filters import rest_framework
from django_filters.fields import IsoDateTimeField
from django_filters.rest_framework import (
    CharFilter,
    ChoiceFilter,
    DjangoFilterBackend,
    FilterSet,
    IsoDateTimeFilter,
    MultipleChoiceFilter,
    NumberFilter,
)

__all__ = [
    "BooleanFilter",
    "CharFilter",
    "ChoiceFilter",
    "DjangoFilterBackend",
    "Filters",
    "IdFilter",
    "MomentFilter",
    "MultipleChoiceFilter",
    "WholeFilter",
]

MOST = 2**63 - 1
"""What a column of whole numbers holds."""
FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
"""Between them every moment can be told in every time zone."""


class Filters(FilterSet):  # type: ignore[misc] # the library brings no types
    """For `filterset_class` of a PagedView."""


class WholeFilter(NumberFilter):  # type: ignore[misc]
    """Whole numbers: django-filter's takes fractions, and lets 57.9 find the work 57."""

    field_class = forms.IntegerField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"min_value": 0, "max_value": MOST, **kwargs})


class IdFilter(WholeFilter):
    """The id of a row here."""


class _FlagField(forms.Field):
    """The library's own takes "perhaps" for "was not asked", and so shows what was to be left out."""

    widget = forms.TextInput

    def to_python(self, value: Any) -> bool | None:
        known = {"true": True, "1": True, "false": False, "0": False}
        if value is None:
            return None
        if str(value).lower() not in known:
            raise forms.ValidationError("Must be true or false.", code="invalid")
        return known[str(value).lower()]


class BooleanFilter(rest_framework.BooleanFilter):  # type: ignore[misc]
    field_class = _FlagField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "widget": forms.TextInput})


class _MomentField(IsoDateTimeField):  # type: ignore[misc]
    def clean(self, value: Any) -> Any:
        if value == "":
            raise forms.ValidationError("Must be a time, or be left out.", code="invalid")
        found = super().clean(value)
        if found is not None and not FIRST <= found < LAST:
            raise forms.ValidationError("This lies too far away.", code="out_of_range")
        return found


class MomentFilter(IsoDateTimeFilter):  # type: ignore[misc]
    """A time in ISO 8601, UTC where it names no zone."""

    field_class = _MomentField
