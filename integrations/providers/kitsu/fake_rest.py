"""Kitsu's REST API in the fake: routes and content negotiation. providers/kitsu.md 3 and 8, read 2026-11-21."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Response

from integrations.providers.kitsu import fake_edits, fake_reads
from integrations.providers.kitsu.fake_documents import API_PATH
from integrations.providers.kitsu.fake_jsonapi import MEDIA_TYPE, Refused, answer, refusal
from integrations.providers.kitsu.fake_reads import Call
from integrations.providers.kitsu.fake_resources import BY_PATH
from integrations.sandbox.base import Exchange

ANY = "<any({}):path>".format(", ".join(f'"{path}"' for path in BY_PATH))
ENTRIES = f"{API_PATH}/library-entries"
ROUTES = Map(
    [
        Rule(f"{ENTRIES}/_bulk", endpoint="bulk_update", methods=["PATCH"]),
        Rule(f"{ENTRIES}/_bulk", endpoint="bulk_delete", methods=["DELETE"]),
        Rule(ENTRIES, endpoint="create", methods=["POST"]),
        Rule(f"{ENTRIES}/<int:key>", endpoint="update", methods=["PATCH"]),
        Rule(f"{ENTRIES}/<int:key>", endpoint="delete", methods=["DELETE"]),
        Rule(f"{API_PATH}/trending/<any(anime, manga):kind>", endpoint="trending", methods=["GET"]),
        Rule(f"{API_PATH}/{ANY}", endpoint="index", methods=["GET"]),
        Rule(f"{API_PATH}/{ANY}/<int:key>", endpoint="one", methods=["GET"]),
        Rule(f"{API_PATH}/{ANY}/<int:key>/<name>", endpoint="related", methods=["GET"]),
        Rule(f"{API_PATH}/{ANY}/<int:key>/relationships/<name>", endpoint="linkage", methods=["GET"]),
    ],
    strict_slashes=False,
)
ANSWERS: Mapping[str, Callable[..., Response]] = {
    "bulk_update": fake_edits.update_many,
    "bulk_delete": fake_edits.delete_many,
    "create": fake_edits.create_entry,
    "update": fake_edits.update_entry,
    "delete": fake_edits.delete_entry,
    "trending": fake_reads.read_trending,
    "index": fake_reads.read_index,
    "one": fake_reads.read_one,
    "related": fake_reads.read_related,
    "linkage": fake_reads.read_linkage,
}
WITH_BODY = {"POST", "PATCH"}


def name_endpoint(exchange: Exchange) -> str:
    """E.g. "PATCH /library-entries/{id}"; only the method where there is no such address."""
    method = exchange.request.method
    if not ROUTES.bind("").test(exchange.path, method=method):
        return method
    return f"{method} {re.sub(r'/[0-9]+', '/{id}', exchange.path.removeprefix(API_PATH).rstrip('/'))}"


def answer_rest(call: Call) -> Response:
    try:
        _negotiate(call.exchange)
        endpoint, values = ROUTES.bind("").match(call.exchange.path, method=call.exchange.request.method)
        return ANSWERS[endpoint](call, **values)
    except Refused as error:
        return refuse(error)
    except HTTPException as error:
        return refuse(refusal(error.code or 404, "There is no such address."))


def refuse(error: Refused) -> Response:
    return answer({"errors": error.errors}, error.status, headers=error.headers)


def _negotiate(exchange: Exchange) -> None:
    """Raises Refused. Accept must name the media type without parameters, or take anything."""
    headers = exchange.request.headers
    kinds = [kind.strip() for kind in headers.get("Accept", "").split(",") if kind.strip()]
    if kinds and not any(kind == MEDIA_TYPE or kind.startswith("*/*") for kind in kinds):
        raise refusal(406, f"Requests must accept {MEDIA_TYPE}.")
    if exchange.request.method in WITH_BODY and headers.get("Content-Type") != MEDIA_TYPE:
        raise refusal(415, f"Requests with a body must be {MEDIA_TYPE}.")
