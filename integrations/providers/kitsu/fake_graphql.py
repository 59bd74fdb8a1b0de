"""Kitsu's GraphQL endpoint in the fake: reading a request, counting its nodes, running it with graphql-core.

providers/kitsu.md 7, read 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from graphql import (
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    build_schema,
    execute_sync,
    get_operation_ast,
    parse,
    validate,
    value_from_ast_untyped,
)
from graphql.execution.values import VariableValues, get_variable_values
from graphql.language import ast
from werkzeug.wrappers import Response

from integrations.providers.kitsu.fake_resolve import MAX_PAGE, Context, resolve_field, resolve_type
from integrations.sandbox.answers import json_answer

if TYPE_CHECKING:
    from integrations.providers.kitsu.fake_control import ControlledKitsu
    from integrations.providers.kitsu.fake_store import View
    from integrations.sandbox.base import Exchange

PAGED = {"all", "mappings", "searchAnimeByTitle", "searchMangaByTitle", "searchMediaByTitle"}
"""The fields that answer a connection."""
GROUP = "libraryEntry"
"""The mutation field under which all the others stand."""


@lru_cache(maxsize=1)
def load_schema() -> GraphQLSchema:
    return build_schema(Path(__file__).with_name("fake_schema.graphqls").read_text(encoding="utf-8"))


@lru_cache(maxsize=256)
def _read_text(query: str) -> tuple[ast.DocumentNode | None, tuple[GraphQLError, ...]]:
    try:
        document = parse(query)
    except GraphQLError as error:
        return None, (error,)
    return document, tuple(validate(load_schema(), document))


def _decode(exchange: Exchange) -> Mapping[str, Any]:
    try:
        payload = msgspec.json.decode(exchange.request.get_data())
    except msgspec.DecodeError:
        return {}
    return payload if isinstance(payload, dict) else {}


def name_operation(exchange: Exchange) -> str:
    """E.g. "graphql:currentAccount" or "graphql:libraryEntry.update", each name once."""
    query = _decode(exchange).get("query")
    document = _read_text(query)[0] if isinstance(query, str) else None
    operations = document.definitions if document else ()
    names = [
        name
        for operation in operations
        if isinstance(operation, OperationDefinitionNode)
        for field in _fields(operation.selection_set)
        for name in _names(field)
    ]
    return f"graphql:{'+'.join(dict.fromkeys(names))}" if names else "graphql"


def _names(field: FieldNode) -> list[str]:
    name = field.name.value
    inner = [f"{name}.{one.name.value}" for one in _fields(field.selection_set)] if name == GROUP else []
    return inner or [name]


def _fields(selections: ast.SelectionSetNode | None) -> Iterator[FieldNode]:
    yield from (one for one in (selections.selections if selections else ()) if isinstance(one, FieldNode))


def answer_graphql(fake: ControlledKitsu, exchange: Exchange, view: View) -> Response:
    payload = _decode(exchange)
    query, variables, name = payload.get("query"), payload.get("variables") or {}, payload.get("operationName")
    if not isinstance(query, str) or not isinstance(variables, dict):
        return _failed([GraphQLError("No query string was present")])
    document, errors = _read_text(query)
    if document is None or errors:
        return _failed(errors)
    operation = get_operation_ast(document, name)
    if operation is None:
        return _failed([GraphQLError("An operation name is required")])
    nodes = _count(document, operation, variables)
    if nodes > fake.settings["node_limit"]:
        message = f"Your request of {nodes:,} nodes exceeds the node limit: {fake.settings['node_limit']:,}"
        return _failed([GraphQLError(message)])
    context = Context(view, lambda entries: fake.shorten(exchange, entries))
    result = execute_sync(
        load_schema(),
        document,
        context_value=context,
        variable_values=variables,
        operation_name=name,
        field_resolver=resolve_field,
        type_resolver=resolve_type,
    )
    exchange.writes.extend(context.writes)
    if context.crash is not None:
        # `error`, not `errors`; what ran before it stays done.
        return json_answer({"error": {"message": str(context.crash)}, "data": {}}, 500)
    failed = {"errors": [error.formatted for error in result.errors]} if result.errors else {}
    return json_answer({"data": result.data, **failed})


def _failed(errors: Any) -> Response:
    return json_answer({"errors": [error.formatted for error in errors]})


def _count(document: ast.DocumentNode, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> int:
    """How many nodes could be answered: each page's size times those around it."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, ast.FragmentDefinitionNode)}
    values = get_variable_values(load_schema(), operation.variable_definitions or (), dict(variables))
    known = dict(values.coerced) if isinstance(values, VariableValues) else {}

    def below(selections: ast.SelectionSetNode | None, around: int) -> int:
        total = 0
        for one in selections.selections if selections else ():
            if isinstance(one, ast.FragmentSpreadNode):
                total += below(fragments[one.name.value].selection_set, around)
            elif isinstance(one, FieldNode) and one.name.value in PAGED:
                size = around * _page_size(one, known)
                total += size + below(one.selection_set, size)
            elif isinstance(one, (FieldNode, ast.InlineFragmentNode)):
                total += below(one.selection_set, around)
        return total

    return below(operation.selection_set, 1)


def _page_size(field: FieldNode, variables: Mapping[str, Any]) -> int:
    """The largest page where `first` says nothing."""
    given = [
        value_from_ast_untyped(one.value, dict(variables)) for one in field.arguments or () if one.name.value == "first"
    ]
    first = given[0] if given else None
    return min(max(first, 0), MAX_PAGE) if isinstance(first, int) else MAX_PAGE
