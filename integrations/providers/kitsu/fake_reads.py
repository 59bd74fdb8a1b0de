"""Kitsu's GET requests in the fake. providers/kitsu.md 5, 6, 10 and 13, read 2026-11-21."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

from integrations.providers.kitsu.fake_documents import Document, api_url, count_statuses, identify, page_links
from integrations.providers.kitsu.fake_filters import bad_value, keep_rows, sort_rows, trending
from integrations.providers.kitsu.fake_jsonapi import Query, Refused, answer, camel, not_found, read_query, refusal
from integrations.providers.kitsu.fake_resources import BY_PATH, RESOURCES, Relation, Resource
from integrations.providers.kitsu.fake_store import Account, Entry, Media, MediaMapping, View
from integrations.sandbox.answers import block_page
from integrations.sandbox.base import Exchange

if TYPE_CHECKING:
    from integrations.providers.kitsu.fake_control import ControlledKitsu

MODELS = {"libraryEntries": Entry, "anime": Media, "manga": Media, "mappings": MediaMapping, "users": Account}
TRENDING = 10
HEAVY = 250
"""Above this page size an include may fail: Flexget#3483."""


@dataclass(frozen=True)
class Call:
    """One REST request and what it may see."""

    fake: ControlledKitsu
    exchange: Exchange
    view: View

    def document(self, query: Query) -> Document:
        return Document(query, self.view, base=api_url(self.exchange))

    def query(self, resource: Resource) -> Query:
        """Raises Refused."""
        return read_query(self.exchange.request.args.items(multi=True), resource)


def visible_rows(call: Call, resource: Resource) -> Sequence[Any]:
    store, view = call.fake.store, call.view
    if resource.type == "libraryEntries":
        return [entry for entry in store.entries.values() if view.sees_entry(entry)]
    if resource.type == "mappings":
        return list(store.mappings.values())
    if resource.type == "users":
        return [account for account in store.accounts.values() if account.name]
    return [media for media in store.media.values() if media.kind == resource.type and view.sees_media(media)]


def find_row(call: Call, resource: Resource, key: int) -> Any:
    """Raises Refused with 404, also for what may not be seen."""
    row = next((row for row in visible_rows(call, resource) if row.id == key), None)
    if row is None:
        raise not_found(key)
    return row


def read_index(call: Call, path: str) -> Response:
    resource = BY_PATH[path]
    query = call.query(resource)
    if resource.type == "libraryEntries" and not query.filters:
        raise Refused(400, [{"status": 400, "detail": "No filter provided"}])
    return _list(call, resource, visible_rows(call, resource))


def _list(call: Call, resource: Resource, rows: Sequence[Any]) -> Response:
    query = call.query(resource)
    if resource.type == "libraryEntries":
        trouble = _strain(call, query)
        if trouble is not None:
            return trouble
    counted = resource.type == "libraryEntries"
    later = {name: query.filters[name] for name in ("status",) if counted and name in query.filters}
    first = {name: values for name, values in query.filters.items() if name not in later}
    wide = keep_rows(rows, first, model=MODELS[resource.type], view=call.view)
    if counted:
        wide = call.fake.shorten(call.exchange, wide)
    narrow = keep_rows(wide, later, model=Entry, view=call.view) if later else wide
    found = sort_rows(narrow, query, resource)
    page = found[query.offset : query.offset + query.limit]
    body = call.document(query).many(page)
    body["meta"] = {"count": len(found)}
    if counted:
        # The counts leave the status filter out of account.
        body["meta"] = {"statusCounts": count_statuses([entry.status for entry in wide]), "count": len(found)}
    return answer({**body, "links": page_links(call.exchange, query, count=len(found))})


def _strain(call: Call, query: Query) -> Response | None:
    """What the real servers do with heavy reads: settings, off at first."""
    settings = call.fake.settings
    if query.include and query.limit > HEAVY and call.fake.luck.random() < settings["include_500_chance"]:
        return call.fake.server_error(500)
    if settings["slow_offset"] and query.offset >= settings["slow_offset"]:
        return block_page(settings["slow_status"], "Gateway trouble")
    return None


def read_one(call: Call, path: str, *, key: int) -> Response:
    resource = BY_PATH[path]
    query = call.query(resource)
    return answer(call.document(query).one(find_row(call, resource, key)))


def _relation(call: Call, path: str, *, key: int, name: str) -> tuple[Any, Relation]:
    """(the model at the address, its relationship). Raises Refused."""
    resource = BY_PATH[path]
    relation = resource.relations.get(camel(name))
    if relation is None:
        raise refusal(404, f"{resource.type} has no {name}.")
    return find_row(call, resource, key), relation


def read_related(call: Call, path: str, *, key: int, name: str) -> Response:
    model, relation = _relation(call, path, key=key, name=name)
    found = relation.read(model, call.view)
    if relation.many:
        return _list(call, RESOURCES[relation.to[0]], found) if relation.to else answer({"data": []})
    if found is None:
        return answer({"data": None})
    resource = RESOURCES[relation.to[0]] if len(relation.to) == 1 else RESOURCES[found.kind]
    return answer(call.document(call.query(resource)).one(found))


def read_linkage(call: Call, path: str, *, key: int, name: str) -> Response:
    model, relation = _relation(call, path, key=key, name=name)
    found = relation.read(model, call.view)
    if relation.many:
        return answer({"data": [identify(other) for other in found]})
    return answer({"data": None if found is None else identify(found)})


def read_trending(call: Call, kind: str) -> Response:
    """No pages and no counts. `limit` stands outside `page[...]` here."""
    text = call.exchange.request.args.get("limit", str(TRENDING))
    if not text.isdecimal() or not 1 <= int(text) <= RESOURCES[kind].top:
        raise bad_value(text, "limit")
    found = trending(visible_rows(call, RESOURCES[kind]), limit=int(text))
    return answer(call.document(replace(call.query(RESOURCES[kind]), sort=[])).many(found))
