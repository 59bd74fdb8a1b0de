"""Reading a GraphQL request as AniList does: parse, validate against the schema, count its cost, coerce variables.

graphql-core does the reading. Refusals become AniList's own envelope: providers/anilist.md 8, read 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from graphql import GraphQLError, GraphQLSchema, OperationType, build_schema, execute_sync, parse, validate
from graphql.execution.values import VariableValues, get_directive_values, get_variable_values
from graphql.language import ast
from graphql.type import GraphQLIncludeDirective, GraphQLSkipDirective

MAX_COMPLEXITY = 500
_INTEGERS = {"Int", "FuzzyDateInt"}


class RefusedDocument(Exception):
    """errors: AniList's error objects; always HTTP 400."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__("refused document")
        self.errors = errors


@dataclass(frozen=True)
class Operation:
    """One operation, ready to run. fragments: by name."""

    node: ast.OperationDefinitionNode
    fragments: Mapping[str, ast.FragmentDefinitionNode]
    variables: VariableValues

    @property
    def is_mutation(self) -> bool:
        return self.node.operation is OperationType.MUTATION


@lru_cache(maxsize=1)
def load_schema() -> GraphQLSchema:
    return build_schema(Path(__file__).with_name("fake_schema.graphqls").read_text(encoding="utf-8"))


@lru_cache(maxsize=256)
def _read_text(query: str) -> tuple[ast.DocumentNode | None, tuple[GraphQLError, ...]]:
    try:
        document = parse(query, no_location=False)
    except GraphQLError as error:
        return None, (error,)
    return document, tuple(validate(load_schema(), document))


def root_names(query: Any) -> list[str]:
    """The root fields a request asks for, in order, without repeats; [] when it cannot be read."""
    document = _read_text(query)[0] if isinstance(query, str) else None
    if document is None:
        return []
    names = [
        field.name.value
        for definition in document.definitions
        if isinstance(definition, ast.OperationDefinitionNode)
        for field in definition.selection_set.selections
        if isinstance(field, ast.FieldNode)
    ]
    return list(dict.fromkeys(names))


def read_operation(payload: Any, *, max_complexity: int = MAX_COMPLEXITY) -> Operation:
    """The operation of a decoded JSON body. Raises RefusedDocument."""
    if not isinstance(payload, dict) or not isinstance(payload.get("query"), str):
        # An array of operations ends here too: AniList/docs#84.
        raise RefusedDocument([{"message": "Must provide query string.", "status": 400, "locations": []}])
    variables = payload.get("variables") or {}
    if not isinstance(variables, dict):
        raise RefusedDocument([{"message": "Variables must be an object.", "status": 400, "locations": []}])
    document, errors = _read_text(payload["query"])
    if document is None or errors:
        raise RefusedDocument([error_json(error) for error in errors])
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, ast.FragmentDefinitionNode)}
    node = _choose_operation(document, payload.get("operationName"))
    coerced = _coerce(node, variables)
    operation = Operation(node, fragments, coerced)
    cost = sum(_cost(field, operation) for field in node.selection_set.selections)
    if cost > max_complexity:
        message = f"Max query complexity should be {max_complexity} but got {cost}."
        raise RefusedDocument([{"message": message, "status": 400, "locations": [_location(node)]}])
    return operation


def introspect(payload: Mapping[str, Any]) -> dict[str, Any] | None:
    """The data of a request for `__schema` or `__type`; it holds no data of anyone."""
    variables, name = payload.get("variables") or {}, payload.get("operationName")
    return execute_sync(load_schema(), parse(payload["query"]), variable_values=variables, operation_name=name).data


def _choose_operation(document: ast.DocumentNode, name: Any) -> ast.OperationDefinitionNode:
    found = [node for node in document.definitions if isinstance(node, ast.OperationDefinitionNode)]
    chosen = [node for node in found if name is None or (node.name and node.name.value == name)]
    if len(chosen) != 1:
        message = (
            "Must provide operation name if query contains multiple operations."
            if name is None
            else "Unknown operation."
        )
        raise RefusedDocument([{"message": message, "status": 400, "locations": []}])
    return chosen[0]


def _coerce(node: ast.OperationDefinitionNode, variables: Mapping[str, Any]) -> VariableValues:
    definitions = node.variable_definitions or ()
    inputs = {
        definition.variable.name.value: _number_strings(variables[definition.variable.name.value], definition.type)
        for definition in definitions
        if definition.variable.name.value in variables
    }
    values = get_variable_values(load_schema(), definitions, inputs)
    if not isinstance(values, VariableValues):
        raise RefusedDocument([error_json(error) for error in values])
    return values


def _number_strings(value: Any, type_: ast.TypeNode) -> Any:
    """AniList takes "5" for an Int in variables (seen with jellyfin-ani-sync)."""
    while isinstance(type_, ast.NonNullTypeNode):
        type_ = type_.type
    if isinstance(type_, ast.ListTypeNode):
        inner = type_.type
        return (
            [_number_strings(item, inner) for item in value]
            if isinstance(value, list)
            else _number_strings(value, inner)
        )
    assert isinstance(type_, ast.NamedTypeNode)
    if type_.name.value in _INTEGERS and isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            return value
    if isinstance(value, dict):
        known = getattr(load_schema().type_map.get(type_.name.value), "fields", {})
        return {key: _as_number(item, str(known[key].type) if key in known else "") for key, item in value.items()}
    return value


def _as_number(value: Any, type_: str) -> Any:
    return int(value) if type_ == "Int" and isinstance(value, str) and value.isdecimal() else value


def _cost(selection: ast.SelectionNode, operation: Operation) -> int:
    """One point for each selected field; a fragment counts at each use; what is skipped costs nothing."""
    if not is_selected(selection, operation.variables):
        return 0
    if isinstance(selection, ast.FieldNode):
        return 1 + sum(_cost(child, operation) for child in _children(selection, operation))
    return sum(_cost(child, operation) for child in _children(selection, operation))


def _children(selection: ast.SelectionNode, operation: Operation) -> Iterator[ast.SelectionNode]:
    if isinstance(selection, ast.FragmentSpreadNode):
        yield from operation.fragments[selection.name.value].selection_set.selections
    elif isinstance(selection, (ast.FieldNode, ast.InlineFragmentNode)) and selection.selection_set:
        yield from selection.selection_set.selections


def is_selected(node: ast.SelectionNode, variables: VariableValues) -> bool:
    """False when @skip or @include leaves it out."""
    if not node.directives:
        return True
    skip = get_directive_values(GraphQLSkipDirective, node, variables)
    include = get_directive_values(GraphQLIncludeDirective, node, variables)
    return not (skip and skip["if"]) and not (include and not include["if"])


def walk_fields(selections: ast.SelectionSetNode, operation: Operation) -> Iterator[ast.FieldNode]:
    """The selected fields of one level, fragments opened. All our types are objects, so conditions always hold."""
    for selection in selections.selections:
        if not is_selected(selection, operation.variables):
            continue
        if isinstance(selection, ast.FieldNode):
            yield selection
        elif isinstance(selection, ast.FragmentSpreadNode):
            yield from walk_fields(operation.fragments[selection.name.value].selection_set, operation)
        elif isinstance(selection, ast.InlineFragmentNode):
            yield from walk_fields(selection.selection_set, operation)


def error_json(error: GraphQLError) -> dict[str, Any]:
    locations = [{"line": place.line, "column": place.column} for place in error.locations or ()]
    return {"message": error.message, "status": 400, "locations": locations}


def _location(node: ast.Node) -> dict[str, int]:
    token = node.loc.start_token if node.loc else None
    return {"line": token.line if token else 1, "column": token.column if token else 1}


def locations(node: ast.Node) -> list[dict[str, int]]:
    return [_location(node)]
