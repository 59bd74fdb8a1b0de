"""Kitsu's REST writes in the fake: one entry, and `_bulk`. providers/kitsu.md 8, read 2026-11-21."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from werkzeug.wrappers import Response

from integrations.providers.kitsu.fake_filters import keep_rows
from integrations.providers.kitsu.fake_jsonapi import Query, Refused, answer, camel, refusal
from integrations.providers.kitsu.fake_reads import Call, find_row
from integrations.providers.kitsu.fake_resources import RESOURCES
from integrations.providers.kitsu.fake_store import KINDS, Account, Entry
from integrations.providers.kitsu.fake_write import WRITABLE, Invalid, find_media, new_entry, save

ENTRIES = RESOURCES["libraryEntries"]
TYPES = {"libraryEntries", "library-entries"}
MEDIA_RELATIONS = ("media", *KINDS)
NOT_PERMITTED = [{"status": 401, "detail": "Not permitted"}]
"""A number here, unlike everywhere else."""


def create_entry(call: Call) -> Response:
    query = call.query(ENTRIES)
    data = _read_data(call)
    values = _read_attributes(data)
    relationships = _read_relationships(data)
    viewer = call.view.viewer
    owner = relationships.get("user")
    if viewer is None or owner is None or str(owner.get("id")) != str(viewer.id):
        raise _forbidden()
    named = [(name, relationships[name]) for name in MEDIA_RELATIONS if relationships.get(name)]
    # A relationship called anime holds an anime, whatever type its identifier claims.
    found = [
        find_media(call.fake.store, name if name in KINDS else one.get("type"), one.get("id")) for name, one in named
    ]
    try:
        entry = new_entry(call.fake.store, viewer, found[0] if len(found) == 1 else None, values=values)
    except Invalid as error:
        raise _unprocessable(error) from error
    return _stored(call, entry, query=query, status=201)


def update_entry(call: Call, key: int) -> Response:
    query = call.query(ENTRIES)
    data = _read_data(call)
    if "id" not in data:
        raise refusal(400, "The required parameter, id, is missing.", code="106")
    if data["id"] != str(key):
        raise refusal(400, f"The URL does not support the key {data['id']}", code="110")
    values = _read_attributes(data)
    entry = _own_entry(call, key)
    _keep_relationships(call, entry, _read_relationships(data))
    try:
        saved = save(call.fake.store, entry, values)
    except Invalid as error:
        raise _unprocessable(error) from error
    return _stored(call, saved, query=query, status=200)


def delete_entry(call: Call, key: int) -> Response:
    entry = _own_entry(call, key)
    _remove(call, [entry])
    return Response(status=204)


def update_many(call: Call) -> Response:
    """Only `status` is applied, whatever else is sent."""
    attributes = _read_data(call).get("attributes")
    status = attributes.get("status") if isinstance(attributes, dict) else None
    entries = _bulk_entries(call)
    try:
        saved = [save(call.fake.store, entry, {"status": status}) for entry in entries]
    except Invalid as error:
        raise _unprocessable(error) from error
    _note(call, saved)
    return answer(call.document(Query()).many(saved))


def delete_many(call: Call) -> Response:
    """filter[user_id] empties a whole library, as it does at Kitsu."""
    _remove(call, _bulk_entries(call))
    return Response(status=204)


def _bulk_entries(call: Call) -> list[Entry]:
    filters = call.query(ENTRIES).filters
    if not filters:
        raise Refused(400, [{"status": 400, "detail": "No filter provided"}])
    found: list[Entry] = keep_rows(list(call.fake.store.entries.values()), filters, model=Entry, view=call.view)
    viewer = call.view.viewer
    if viewer is None or any(entry.user_id != viewer.id for entry in found):
        raise Refused(401, NOT_PERMITTED)
    return found


def _own_entry(call: Call, key: int) -> Entry:
    """Raises Refused: 404 for what cannot be seen, one's own included, 403 for what is another's."""
    entry: Entry = find_row(call, ENTRIES, key)
    viewer: Account | None = call.view.viewer
    if viewer is None or entry.user_id != viewer.id:
        raise _forbidden()
    return entry


def _stored(call: Call, entry: Entry, *, query: Query, status: int) -> Response:
    _note(call, [entry])
    body = call.document(query).one(entry)
    return answer(body, status, headers={"Location": body["data"]["links"]["self"]} if status == 201 else None)


def _remove(call: Call, entries: Iterable[Entry]) -> None:
    _note(call, entries)
    for entry in entries:
        call.fake.store.remove_entry(entry)


def _note(call: Call, entries: Iterable[Entry]) -> None:
    call.exchange.writes.extend(f"{entry.media.kind}:{entry.media.id}" for entry in entries)


def _read_data(call: Call) -> Mapping[str, Any]:
    """The body's `data`. Raises Refused."""
    try:
        body = msgspec.json.decode(call.exchange.request.get_data())
    except msgspec.DecodeError as error:
        raise refusal(400, "The body is not JSON.") from error
    data = body.get("data") if isinstance(body, dict) else None
    if not isinstance(data, dict):
        raise refusal(400, "The required parameter, data, is missing.", code="106")
    return data


def _read_attributes(data: Mapping[str, Any]) -> dict[str, Any]:
    """By the names of WRITABLE. Raises Refused."""
    if data.get("type") not in TYPES:
        raise refusal(400, f"{data.get('type')} is not a valid resource.", code="101")
    attributes = data.get("attributes", {})
    if not isinstance(attributes, dict):
        raise refusal(400, "attributes must be an object.", code="105")
    values = {camel(name): value for name, value in attributes.items()}
    for name in values.keys() - WRITABLE.keys():
        raise refusal(400, f"{name} is not allowed.", code="105")
    return values


def _read_relationships(data: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The identifiers by name; a null one is left out. Raises Refused."""
    relationships = data.get("relationships", {})
    if not isinstance(relationships, dict):
        raise refusal(400, "relationships must be an object.", code="115")
    found = {}
    for name, value in relationships.items():
        if camel(name) not in ENTRIES.relations:
            raise refusal(400, f"{name} is not allowed.", code="105")
        linkage = value.get("data") if isinstance(value, dict) else value
        if linkage is not None and not isinstance(linkage, dict):
            raise refusal(400, "Invalid Links Object", code="115")
        if linkage is not None:
            found[camel(name)] = linkage
    return found


def _keep_relationships(call: Call, entry: Entry, relationships: Mapping[str, Mapping[str, Any]]) -> None:
    """An entry stays with its person and its work; naming them again is allowed. Raises Refused."""
    for name, identifier in relationships.items():
        held = entry.user_id if name == "user" else entry.media.id if name in ("media", entry.media.kind) else None
        if str(identifier.get("id")) != str(held):
            raise refusal(400, f"{name} is not allowed.", code="105")


def _forbidden() -> Refused:
    return refusal(403, "You are not allowed to do this.")


def _unprocessable(error: Invalid) -> Refused:
    errors = [
        {
            "title": message,
            "detail": f"{name} - {message}",
            "code": "100",
            "source": {"pointer": f"/data/attributes/{name}"},
            "status": "422",
        }
        for name, message in error.problems
    ]
    return Refused(422, errors)
