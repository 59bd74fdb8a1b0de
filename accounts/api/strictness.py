"""JSON types as the schema has them. DRF is made for forms too: it takes "true", 1 or "5" for what they might mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request

Found = dict[Any, Any]


def check_types(request: Request, reader: Any) -> None:
    """Raises ValidationError. reader: a serializer with its data. Forms are text throughout and are left to DRF."""
    if str(request.content_type).startswith("application/json") and (wrong := find_wrong_types(reader, request.data)):
        raise ValidationError(wrong)


def find_wrong_types(field: Any, value: Any) -> Found | list[ErrorDetail]:
    """What a serializer or field would take although its schema does not, shaped like a ValidationError's detail."""
    if isinstance(field, serializers.Serializer) and isinstance(value, Mapping):
        pairs = [
            (name, each, value[name]) for name, each in field.fields.items() if name in value and not each.read_only
        ]
        return _all(pairs)
    if isinstance(field, serializers.ListSerializer | serializers.ListField) and isinstance(value, list):
        return _all([(at, field.child, each) for at, each in enumerate(value)])
    if isinstance(field, serializers.DictField) and isinstance(value, Mapping):
        return _all([(name, field.child, each) for name, each in value.items()])
    if value is None or _fits(field, value):
        return []
    return [ErrorDetail("Not the type that the schema has.", "type")]


def _all(pairs: list[tuple[Any, Any, Any]]) -> Found:
    found = {name: find_wrong_types(field, value) for name, field, value in pairs}
    return {name: errors for name, errors in found.items() if errors}


def _fits(field: Any, value: Any) -> bool:
    if isinstance(field, serializers.BooleanField):
        return isinstance(value, bool)
    if isinstance(field, serializers.IntegerField):
        # 5.0 is a whole number to JSON Schema.
        return not isinstance(value, bool) and (isinstance(value, int) or (isinstance(value, float) and value % 1 == 0))
    if isinstance(field, serializers.FloatField):
        return isinstance(value, int | float) and not isinstance(value, bool)
    if isinstance(field, serializers.CharField):
        return isinstance(value, str)
    return True
