"""Building JSON:API documents as Kitsu answers them: linkage, included resources, page links.

providers/kitsu.md 6.2 to 6.5, read 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any
from urllib.parse import urlencode

from integrations.providers.kitsu.fake_jsonapi import Query, Tree, camel
from integrations.providers.kitsu.fake_resources import RESOURCES, Relation, type_of
from integrations.providers.kitsu.fake_store import View
from integrations.sandbox.base import Exchange

API_PATH = "/api/edge"


def api_url(exchange: Exchange) -> str:
    """Where the REST API stands in this sandbox."""
    return f"{exchange.root}/{exchange.host}{API_PATH}"


def identify(model: Any) -> dict[str, str]:
    return {"type": type_of(model), "id": str(model.id)}


@cache
def dashed(name: str) -> str:
    """A relationship's name as it stands in addresses."""
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name)


class Document:
    """One answer. Each resource stands in it once, among the primary data or among the included."""

    def __init__(self, query: Query, view: View, *, base: str) -> None:
        self.query = query
        self.view = view
        self.base = base
        self._included: dict[tuple[str, int], dict[str, Any]] = {}

    def many(self, rows: Sequence[Any]) -> dict[str, Any]:
        primary = {(type_of(row), row.id) for row in rows}
        data = [self._resource(row, self.query.include) for row in rows]
        return self._close(data, primary)

    def one(self, model: Any) -> dict[str, Any]:
        """model None: `data` is null."""
        if model is None:
            return {"data": None}
        return self._close(self._resource(model, self.query.include), {(type_of(model), model.id)})

    def _close(self, data: Any, primary: set[tuple[str, int]]) -> dict[str, Any]:
        included = [made for key, made in self._included.items() if key not in primary]
        return {"data": data, "included": included} if self.query.include else {"data": data}

    def _resource(self, model: Any, tree: Tree) -> dict[str, Any]:
        resource = RESOURCES[type_of(model)]
        url = f"{self.base}/{resource.path}/{model.id}"
        wanted = self.query.fields.get(resource.type)
        hidden = resource.own if model is not self.view.viewer else frozenset()
        attributes = {
            name: read(model)
            for name, read in resource.attributes.items()
            if name not in hidden and (wanted is None or name in wanted)
        }
        relationships = {}
        for name, relation in resource.relations.items():
            linkage = self._include(relation, model, tree[name]) if name in tree else {}
            # A relationship outside the sparse fields is left out, though what it leads to may be included.
            if wanted is None or name in wanted:
                relationships[name] = {"links": _links(url, name), **linkage}
        made: dict[str, Any] = {**identify(model), "links": {"self": url}}
        more = {"attributes": attributes, "relationships": relationships}
        return made | {name: value for name, value in more.items() if value}

    def _include(self, relation: Relation, model: Any, tree: Tree) -> dict[str, Any]:
        """The linkage, which is there only for what is included."""
        found = relation.read(model, self.view)
        for other in found if relation.many else [found]:
            key = (type_of(other), other.id) if other is not None else None
            if key is not None and key not in self._included:
                self._included[key] = {}
                self._included[key] = self._resource(other, tree)
        if relation.many:
            return {"data": [identify(other) for other in found]}
        return {"data": None if found is None else identify(found)}


def _links(url: str, name: str) -> dict[str, str]:
    return {"self": f"{url}/relationships/{dashed(name)}", "related": f"{url}/{dashed(name)}"}


def page_links(exchange: Exchange, query: Query, *, count: int) -> dict[str, str]:
    """`prev` and `next` only where there is such a page. The last one ends with the last row, so it may overlap."""
    kept = [(name, value) for name, value in exchange.request.args.items(multi=True) if not name.startswith("page[")]

    def url(offset: int) -> str:
        params = [*kept, ("page[limit]", str(query.limit)), ("page[offset]", str(offset))]
        return f"{exchange.root}/{exchange.host}{exchange.path}?{urlencode(params)}"

    links = {"first": url(0)}
    if query.offset > 0:
        links["prev"] = url(max(0, query.offset - query.limit))
    if query.offset + query.limit < count:
        links["next"] = url(query.offset + query.limit)
    links["last"] = url(max(0, count - query.limit))
    return links


def count_statuses(statuses: Sequence[str]) -> Mapping[str, int]:
    """How often each occurs, by its name in camelCase: the key formatter turns on_hold into onHold."""
    return {camel(status): statuses.count(status) for status in dict.fromkeys(statuses)}
