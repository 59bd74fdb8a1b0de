"""Hostile values in JSON: every property of every body that the API takes, one at a time, is answered without a failure
of ours. What the bodies hold is read from the schema, so that a new property is tried as well."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
import yaml
from django.conf import settings

from accounts.models import User
from tests.api.matrix import ask, client_for, make_world
from tests.api.test_matrix import ROWS
from tests.conftest import NetworkBlocked

NASTY: tuple[Any, ...] = (
    "a\x00b",
    "\ud800",
    "\u202eabc",
    "9" * 5000,
    10**30,
    -1,
    1.5,
    None,
    True,
    [],
    [[]],
    {},
    ["\ud800"],
    {"\ud800": "\x00"},
)
FILES = {("POST", "/api/v1/imports")}
TAKES_BODIES = sorted(name for name, row in ROWS.items() if row.body is not None and name not in FILES)


@cache
def document() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((settings.BASE_DIR / "docs/api/openapi.yaml").read_text())
    return found


def properties_of(method: str, path: str) -> dict[str, Any]:
    """{property: its schema} of the JSON body; {} where the body is a file or has no schema."""
    address = "/".join(
        f"{{{part.strip('<>').rpartition(':')[2]}}}" if part.startswith("<") else part for part in path.split("/")
    )
    operation = document()["paths"].get(address, {}).get(method.lower(), {})
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    return _properties(content.get("schema", {}))


def _properties(schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        schema = document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    found = dict(schema.get("properties", {}))
    for part in (*schema.get("oneOf", ()), *schema.get("anyOf", ()), *schema.get("allOf", ())):
        found |= _properties(part)
    return found


def spoilt(body: Any, names: Sequence[str]) -> Iterator[Any]:
    """`body` with each property in turn replaced by each nasty value, those of its first item included."""
    for name in names:
        for value in NASTY:
            yield body | {name: value}
    for name, items in body.items():
        if isinstance(items, list) and items and isinstance(items[0], dict):
            for inner in spoilt(items[0], list(items[0])):
                yield body | {name: [inner]}
        if isinstance(items, dict):
            for inner in spoilt(items, list(items)):
                yield body | {name: inner}


@pytest.mark.parametrize("endpoint", TAKES_BODIES, ids=" ".join)
def test_nonsense_in_a_body_is_answered(
    endpoint: tuple[str, str], alice: User, bob: User, charlie: User, staff: User
) -> None:
    (method, path), row = endpoint, ROWS[endpoint]
    world = make_world({"alice": alice, "bob": bob, "charlie": charlie, "staff": staff})
    if row.before:
        row.before(world)
    body = row.body(world) if callable(row.body) else row.body
    client = client_for("alice", world, row)
    names = sorted({*body, *properties_of(method, path)})
    for one in spoilt(body, names):
        try:
            answer = ask(client, method, path, row=replace(row, body=one), world=world)
        except NetworkBlocked:
            # It passes for a token: only the service can tell.
            continue
        assert answer.status_code < 500, (json.dumps(one)[:200], answer.content[:300])
