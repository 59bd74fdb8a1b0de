"""Cursor paging: a page costs the same wherever it lies; nothing is skipped or shown twice while rows come and go.

Keyset: the cursor holds the values of the last row in the order asked for, down to the primary key. It is signed, so
that it holds nothing that we did not put there, and belongs to one order; another gives `bad_cursor`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core import signing
from django.core.exceptions import ValidationError
from django.db.models import F, Q, QuerySet
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param

from accounts.api.problems import FieldError, Problem

PAGE_SIZE = 50
MOST = 200
_SALT = "enishi.api.cursor"


class CursorPaging(BasePagination):
    """For `pagination_class`. The rows' own order_by is the order: fields that are never null; the key is added."""

    _next: str | None = None
    _previous: str | None = None

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        order, size = _order_of(queryset), _size_of(request)
        after, backwards = _read_cursor(request, order)
        flip = backwards is True
        rows = queryset.order_by(*(_reverse(name) for name in order) if flip else order)
        if after is not None:
            rows = rows.filter(_beyond(queryset, order, after, flip=flip))
        found = list(rows[: size + 1])
        has_more, found = len(found) > size, found[:size]
        if flip:
            found.reverse()
        has_next, has_previous = (after is not None, has_more) if flip else (has_more, after is not None)
        url = request.build_absolute_uri()
        if has_next:
            self._next = _link(url, order, found, backwards=False) if found else None
        if has_previous:
            self._previous = _link(url, order, found, backwards=True) if found else remove_query_param(url, "cursor")
        return found

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"next": self._next, "previous": self._previous, "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": ["string", "null"], "format": "uri", "example": None}
        further = "https://lists.example.org/api/v1/…?cursor=eyJ…"
        properties = {
            "next": {**link, "description": "The page after this one; null on the last.", "example": further},
            "previous": {**link, "description": "The page before this one; null on the first."},
            "results": schema,
        }
        return {"type": "object", "required": list(properties), "properties": properties}

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        size = {"type": "integer", "minimum": 1, "maximum": MOST, "default": PAGE_SIZE}
        text = "Where to go on, as `next` and `previous` have it."
        return [
            {"name": "cursor", "in": "query", "required": False, "description": text, "schema": {"type": "string"}},
            {"name": "page_size", "in": "query", "required": False, "description": "Rows a page.", "schema": size},
        ]


def _order_of(rows: QuerySet[Any]) -> tuple[str, ...]:
    given: Sequence[Any] = rows.query.order_by or rows.model._meta.ordering
    assert given, "order_by before paging"
    assert all(isinstance(name, str) for name in given), "order_by with names before paging"
    names = tuple("pk" if name == "id" else "-pk" if name == "-id" else name for name in given)
    return names if {"pk", "-pk"} & set(names) else (*names, "pk")


def _size_of(request: Request) -> int:
    text = request.query_params.get("page_size", str(PAGE_SIZE))
    if not (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= MOST):
        message = f"A whole number from 1 to {MOST}."
        raise Problem("invalid", message, errors=[FieldError("page_size", "out_of_range", message)])
    return int(text)


def _reverse(name: str) -> str:
    return name.removeprefix("-") if name.startswith("-") else f"-{name}"


def _read_cursor(request: Request, order: tuple[str, ...]) -> tuple[list[Any] | None, bool]:
    text = request.query_params.get("cursor")
    if text is None:
        return None, False
    try:
        names, values, backwards = signing.loads(text, salt=_SALT)
    except (signing.BadSignature, ValueError) as error:
        raise _bad_cursor() from error
    if tuple(names) != order:
        raise _bad_cursor()
    return values, backwards


def _bad_cursor() -> Problem:
    return Problem("bad_cursor", "Begin without `cursor`, and change neither it nor the order while you go through.")


def _beyond(rows: QuerySet[Any], order: tuple[str, ...], values: list[Any], *, flip: bool) -> Q:
    """Rows after these values: (a > x) or (a = x and b > y) or …"""
    found, same = Q(), Q()
    for name, text in zip(order, values, strict=True):
        field = name.removeprefix("-")
        try:
            value = F(field).resolve_expression(rows.query.chain()).output_field.to_python(text)
        except ValidationError as error:  # the column changed since
            raise _bad_cursor() from error
        falls = name.startswith("-") is not flip
        found |= same & Q(**{f"{field}__{'lt' if falls else 'gt'}": value})
        same &= Q(**{field: value})
    return found


def _link(url: str, order: tuple[str, ...], rows: list[Any], *, backwards: bool) -> str:
    row = rows[0] if backwards else rows[-1]
    values = [_value_of(row, name.removeprefix("-")) for name in order]
    return replace_query_param(url, "cursor", signing.dumps((order, values, backwards), salt=_SALT))


def _value_of(row: Any, name: str) -> Any:
    value = row
    for part in name.split("__"):
        value = value[part] if isinstance(value, dict) else getattr(value, part)
    return (
        value
        if isinstance(value, str | int | bool)
        else value.isoformat()
        if hasattr(value, "isoformat")
        else str(value)
    )
