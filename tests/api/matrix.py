"""Who gets what: every endpoint of the URL conf, every method that it has, every kind of person.

The expected answers are the ROWS of tests/api/expected/<room>.py, one line for each method of each endpoint. An
endpoint without a row fails test_matrix.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from zipfile import ZipFile

from django.apps import apps
from django.core.files import File
from django.db import models
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import AccessKey, IdempotentAnswer, User
from tests.api.conftest import by_key, by_session
from tests.web import rows

MARK = "Alice's planted words"
"""In her notes and titles: nobody else may read it anywhere."""
SCOPES = ("read", "sync", "write")
PEOPLE = ("anonymous", "charlie", "bob", "alice", "no_scope", "staff")


@dataclass(frozen=True, slots=True)
class World:
    """One of everything of alice's and of bob's (tests.web.rows.make_all, by name), and what was made beside them."""

    people: dict[str, User]
    hers: dict[str, Any]
    his: dict[str, Any]


Fill = Callable[[World], dict[str, Any]]


def nothing(world: World) -> dict[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class Row:
    """Expected statuses. alice: she owns what the address names; others: charlie, bob and staff, unless named.

    by: "key" (each person comes with a key of all scopes) or "session". scope: what a key needs; no_scope comes with
    the two others. where: the parts of the path, from alice's things. body: what is sent. before: makes more of hers.
    """

    alice: int
    others: int = 404
    bob: int | None = None
    staff: int | None = None
    anonymous: int = 401
    no_scope: int = 403
    by: str = "key"
    scope: str = "read"
    where: Fill = nothing
    body: Any = None
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    before: Callable[[World], None] | None = None

    def expected(self, who: str) -> int:
        if who in ("alice", "anonymous", "no_scope"):
            return int(getattr(self, who))
        own = getattr(self, who, None)
        return self.others if own is None else int(own)


def endpoints() -> dict[tuple[str, str], URLPattern]:
    """(method, path as the URL conf has it) → the route."""
    found: dict[tuple[str, str], URLPattern] = {}
    for path, route in _walk(get_resolver("project.urls"), "/"):
        view = getattr(route.callback, "cls", None)
        if path.startswith("/api/v1/") and view is not None:
            names = [name for name in view.http_method_names if hasattr(view, name) and name != "head"]
            found |= {(name.upper(), path): route for name in names}
    return found


def _walk(resolver: URLResolver, before: str) -> Iterator[tuple[str, URLPattern]]:
    for part in resolver.url_patterns:
        if isinstance(part, URLPattern):
            yield before + str(part.pattern), part
        else:
            yield from _walk(part, before + str(part.pattern))


def make_world(people: dict[str, User]) -> World:
    """bob has an account at the same provider, with rows of his own; charlie and staff have nothing."""
    hers = rows.make_all(people["alice"])
    hers["entry"].notes = MARK
    hers["entry"].save(update_fields=["notes"])
    return World(people, hers, rows.make_all(people["bob"]))


def client_for(who: str, world: World, row: Row) -> Client:
    if who == "anonymous":
        return Client()
    if who == "no_scope":
        if row.by == "session":
            return by_key(world.people["alice"], *SCOPES)
        return by_key(world.people["alice"], *(scope for scope in SCOPES if scope != row.scope))
    user = world.people[who]
    return by_session(user) if row.by == "session" else by_key(user)


def ask(client: Client, method: str, path: str, *, row: Row, world: World) -> Any:
    address = path
    for name, value in row.where(world).items():
        address = "".join(
            str(value) if part.rpartition(":")[2] == name else f"<{part}>" if at % 2 else part
            for at, part in enumerate(address.replace(">", "<").split("<"))
        )
    assert "<" not in address, f"`where` of {method} {path} leaves {address}"
    body = row.body(world) if callable(row.body) else row.body
    if isinstance(body, dict) and any(isinstance(value, File) for value in body.values()):
        return client.post(address + row.query, body, headers=row.headers)
    data = None if body is None else json.dumps(body)
    return client.generic(method, address + row.query, data or "", "application/json", headers=row.headers)


def words_of(answer: Any) -> bytes:
    """What was answered, as the person reads it: files are unpacked."""
    if not answer.streaming:
        return bytes(answer.content)
    whole = b"".join(answer.streaming_content)
    if answer["Content-Type"] != "application/zip":
        return whole
    with ZipFile(io.BytesIO(whole)) as archive:
        return b"\n".join(archive.read(name) for name in archive.namelist())


def state_of(user: User) -> dict[str, str]:
    """A digest of every row that names this person, by model: what nobody else may move."""
    found: dict[str, str] = {}
    for model in apps.get_models():
        for column in model._meta.concrete_fields:
            is_theirs = isinstance(column, models.ForeignKey) and column.related_model is User
            # Keys are used by asking; what was answered is kept.
            if not is_theirs or model in (AccessKey, IdempotentAnswer):
                continue
            values = sorted(map(str, model._base_manager.filter(**{column.name: user}).values_list()))
            found[f"{model._meta.label}.{column.name}"] = hashlib.sha256("\n".join(values).encode()).hexdigest()
    return found
