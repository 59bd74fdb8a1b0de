"""Kitsu's GraphQL endpoint: batches of writes and what comes back for each. Source: providers/kitsu.md 7."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

import msgspec

from integrations.errors import Malformed
from integrations.http import Session
from integrations.providers.kitsu import documents
from integrations.providers.kitsu.judging import SLUG
from integrations.providers.kitsu.shapes import Number, State

ENDPOINT = "https://kitsu.app/api/graphql"

T = TypeVar("T")


class Fault(msgspec.Struct):
    message: str | None = None
    code: str | None = None
    path: list[Any] | None = None

    def says(self, words: str) -> bool:
        return words in (self.message or "").casefold()


class Saved(State, rename="camel", kw_only=True):
    id: str
    rating: Number | None


class Deleted(msgspec.Struct):
    id: str


class Payload(msgspec.Struct, Generic[T], rename="camel"):
    """What became of one mutation. Without errors `library_entry` is there."""

    errors: list[Fault] | None
    library_entry: T | None


class _Mutations(msgspec.Struct, Generic[T], rename="camel"):
    library_entry: dict[str, Payload[T] | None]


class _Reply(msgspec.Struct, Generic[T]):
    data: _Mutations[T]


def save_entries(session: Session, mutations: Sequence[documents.Mutation]) -> list[Payload[Saved]]:
    """One payload a mutation, in order. Raises judging.Missing when one names an id that does not exist."""
    query, variables = documents.save_entries(mutations)
    reply = _post(session, query, variables, shape=_Reply[Saved])
    return _in_order(reply.data.library_entry, len(mutations))


def delete_entries(session: Session, entry_ids: Sequence[str]) -> list[Payload[Deleted]]:
    """As `save_entries`."""
    reply = _post(session, documents.delete_entries(entry_ids), {}, shape=_Reply[Deleted])
    return _in_order(reply.data.library_entry, len(entry_ids))


def _post(session: Session, query: str, variables: dict[str, Any], *, shape: type[T]) -> T:
    body = {"query": query, "variables": variables}
    return session.send("POST", ENDPOINT, json=body).decode(shape, provider=SLUG)


def _in_order(given: dict[str, Payload[T] | None], count: int) -> list[Payload[T]]:
    found = []
    for at in range(count):
        payload = given.get(f"a{at}")
        if payload is None or not (payload.errors or payload.library_entry):
            raise Malformed("Kitsu left out a part of its answer.", provider=SLUG, path=f"$.data.libraryEntry.a{at}")
        found.append(payload)
    return found
