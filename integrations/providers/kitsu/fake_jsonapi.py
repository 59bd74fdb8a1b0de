"""JSON:API's query parameters as Kitsu reads them, and its refusals. providers/kitsu.md 3, 6 and 8.1, read 2026-11-21.

Names in the query may be snake_case or camelCase; all are camelCase from here on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http.client import responses
from typing import Any

import msgspec
from werkzeug.wrappers import Response

from integrations.providers.kitsu.fake_resources import RESOURCES, Resource

MEDIA_TYPE = "application/vnd.api+json"
DEFAULT_LIMIT = 10
Tree = dict[str, "Tree"]
"""Nested relationship names: {"anime": {"mappings": {}}} for "anime,anime.mappings"."""
ANY_MEDIA = {"item", "media"}
"""Accepted in `fields[...]` though no resource is called so: MALSync sends fields[item]."""


class Refused(Exception):
    """An error answer. errors: JSON:API error objects."""

    def __init__(self, status: int, errors: list[dict[str, Any]], *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.errors = errors
        self.headers = headers


def refusal(status: int, detail: str, *, code: str = "") -> Refused:
    shown = {
        "title": responses.get(status, "Error"),
        "detail": detail,
        "code": code or str(status),
        "status": str(status),
    }
    return Refused(status, [shown])


def not_found(key: Any) -> Refused:
    error = {
        "title": "Record not found",
        "detail": f"The record identified by {key} could not be found.",
        "code": "404",
        "status": "404",
    }
    return Refused(404, [error])


def answer(body: Any, status: int = 200, *, headers: Mapping[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(body), status, headers, content_type=MEDIA_TYPE)


def camel(name: str) -> str:
    head, *rest = re.split(r"[_-]", name)
    return head + "".join(part[:1].upper() + part[1:] for part in rest)


@dataclass(frozen=True)
class Query:
    """filters: values by name, split at commas. fields: allowed names by type. sort: (name, descending)."""

    filters: Mapping[str, list[str]] = field(default_factory=dict)
    include: Tree = field(default_factory=dict)
    fields: Mapping[str, frozenset[str]] = field(default_factory=dict)
    sort: list[tuple[str, bool]] = field(default_factory=list)
    limit: int = DEFAULT_LIMIT
    offset: int = 0


def read_query(args: Iterable[tuple[str, str]], resource: Resource) -> Query:
    """Raises Refused."""
    filters: dict[str, list[str]] = {}
    fields: dict[str, frozenset[str]] = {}
    pages: dict[str, str] = {}
    plain: dict[str, str] = {}
    for name, value in args:
        found = re.fullmatch(r"(filter|fields|page)\[([^\]]*)\]", name)
        family, inner = (found[1], found[2]) if found else ("", name)
        if family == "filter":
            filters[_allowed_filter(camel(inner), resource)] = [one.strip() for one in value.split(",") if one.strip()]
        elif family == "fields":
            fields[camel(inner)] = _read_fields(camel(inner), value)
        elif family == "page":
            pages[inner] = value
        elif name in ("include", "sort"):
            plain[name] = value
        elif name.partition("[")[0] in ("filter", "fields", "page"):
            raise refusal(400, f"{name} is not allowed.", code="105")
    return Query(
        filters=filters,
        include=read_include(plain.get("include", ""), resource),
        fields=fields,
        sort=_read_sort(plain.get("sort", ""), resource),
        **_read_page(pages, resource),
    )


def _allowed_filter(name: str, resource: Resource) -> str:
    if name not in resource.filters:
        raise refusal(400, f"{name} is not allowed.", code="102")
    return name


def _read_fields(type_: str, value: str) -> frozenset[str]:
    names = frozenset(camel(one.strip()) for one in value.split(",") if one.strip())
    if type_ in ANY_MEDIA:
        return names
    if type_ not in RESOURCES:
        raise refusal(400, f"{type_} is not a valid resource.", code="101")
    for name in names - {"id"}:
        if not RESOURCES[type_].has(name):
            raise refusal(400, f"{name} is not a valid field for {type_}.", code="104")
    return names


def read_include(value: str, resource: Resource) -> Tree:
    tree: Tree = {}
    for path in filter(None, (one.strip() for one in value.split(","))):
        level = tree
        types: tuple[str, ...] = (resource.type,)
        for name in map(camel, path.split(".")):
            relations = [RESOURCES[type_].relations.get(name) for type_ in types]
            known = [relation for relation in relations if relation is not None]
            if not known:
                raise refusal(400, f"{name} is not a valid relationship of {types[0]}", code="112")
            level = level.setdefault(name, {})
            types = tuple(type_ for relation in known for type_ in relation.to) or ("mappings",)
    return tree


def _read_sort(value: str, resource: Resource) -> list[tuple[str, bool]]:
    wanted = [(camel(one.strip().removeprefix("-")), one.strip().startswith("-")) for one in value.split(",") if one]
    for name, _ in wanted:
        if name not in resource.sorts:
            raise refusal(400, f"{name} is not a valid sort criteria for {resource.type}", code="114")
    return wanted


def _read_page(pages: Mapping[str, str], resource: Resource) -> dict[str, int]:
    for name in pages.keys() - {"limit", "offset"}:
        raise refusal(400, f"{name} is not an allowed page parameter.", code="105")
    found = {"limit": DEFAULT_LIMIT, "offset": 0}
    for name, text in pages.items():
        if not re.fullmatch(r"\d{1,9}", text) or (name == "limit" and int(text) < 1):
            raise refusal(400, f"{text} is not a valid value for {name} page parameter.", code="118")
        found[name] = int(text)
    if found["limit"] > resource.top:
        raise refusal(400, f"Limit exceeds maximum page size of {resource.top}.", code="118")
    return found
