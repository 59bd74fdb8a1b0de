"""Running an operation. The selection is compiled once into plain functions, then applied to every object.

graphql-core's own executor takes about a second for a list of 3,000; lists of 10,000 must be served quickly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from graphql import GraphQLObjectType, get_named_type
from graphql.execution.values import get_argument_values
from graphql.language import ast

from integrations.providers.anilist.fake_schema import Operation, load_schema, locations, walk_fields

Step = Callable[[Any], Any]
Resolver = Callable[[Any, dict[str, Any], Any], Any]
"""(source, arguments, context) → value."""


class ApiError(Exception):
    """A refusal while running. validation: {argument: texts}, makes the message "validation"."""

    def __init__(self, message: str, status: int, *, validation: Mapping[str, list[str]] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.validation = validation

    def as_json(self, node: ast.Node) -> dict[str, Any]:
        body: dict[str, Any] = {"message": self.message, "status": self.status, "locations": locations(node)}
        return body if self.validation is None else {**body, "validation": self.validation}


Failure = tuple[ApiError, ast.FieldNode]
"""What went wrong, and where."""


def invalid(**texts: str) -> ApiError:
    """AniList's validation refusal, one text an argument."""
    return ApiError("validation", 400, validation={name: [text] for name, text in texts.items()})


class Runner:
    """Runs operations with the given resolvers: {"Type.field": Resolver} and {"Type.field": attribute getter}."""

    def __init__(self, resolvers: Mapping[str, Resolver], getters: Mapping[str, Step]) -> None:
        self.resolvers = resolvers
        self.getters = getters

    def roots(self, operation: Operation) -> list[tuple[str, ast.FieldNode]]:
        """(response key, field) of the root, merged by key."""
        return list({_key(field): field for field in walk_fields(operation.node.selection_set, operation)}.items())

    def run_root(self, operation: Operation, field: ast.FieldNode, context: Any) -> Any:
        """One root field's value. Raises ApiError."""
        schema = load_schema()
        root = schema.mutation_type if operation.is_mutation else schema.query_type
        assert root is not None
        key = _key(field)
        same = [one for one in walk_fields(operation.node.selection_set, operation) if _key(one) == key]
        return self._compile_field(root, same, operation=operation, context=context)(None)

    def _compile_field(
        self, parent: GraphQLObjectType, fields: list[ast.FieldNode], *, operation: Operation, context: Any
    ) -> Step:
        name = fields[0].name.value
        if name == "__typename":
            return lambda _: parent.name
        definition = parent.fields[name]
        read = self._reader(parent, fields[0], operation=operation, context=context)
        inner = get_named_type(definition.type)
        if not isinstance(inner, GraphQLObjectType):
            return read
        make = self._compile_object(inner, fields, operation=operation, context=context)

        def shape(source: Any) -> Any:
            value = read(source)
            if isinstance(value, list):
                return [make(item) for item in value]
            return None if value is None else make(value)

        return shape

    def _reader(self, parent: GraphQLObjectType, field: ast.FieldNode, *, operation: Operation, context: Any) -> Step:
        path = f"{parent.name}.{field.name.value}"
        getter = self.getters.get(path)
        if getter is not None:
            return getter
        resolve = self.resolvers[path]
        arguments = get_argument_values(parent.fields[field.name.value], field, operation.variables)
        return lambda source: resolve(source, arguments, context)

    def _compile_object(
        self, type_: GraphQLObjectType, parents: list[ast.FieldNode], *, operation: Operation, context: Any
    ) -> Step:
        grouped: dict[str, list[ast.FieldNode]] = {}
        for parent in parents:
            assert parent.selection_set is not None
            for field in walk_fields(parent.selection_set, operation):
                grouped.setdefault(_key(field), []).append(field)
        if type_.name == "Page":
            grouped = _page_order(grouped)
        steps = [
            (key, self._compile_field(type_, fields, operation=operation, context=context))
            for key, fields in grouped.items()
        ]
        return lambda source: {key: step(source) for key, step in steps}


def _page_order(grouped: dict[str, list[ast.FieldNode]]) -> dict[str, list[ast.FieldNode]]:
    """pageInfo last, because the data field decides it. A Page takes one data field: providers/anilist.md 4.2."""
    data = [key for key, fields in grouped.items() if fields[0].name.value not in ("pageInfo", "__typename")]
    if len(data) > 1:
        raise ApiError("A page can only hold one field besides pageInfo.", 400)
    return {key: grouped[key] for key in sorted(grouped, key=lambda key: grouped[key][0].name.value == "pageInfo")}


def _key(field: ast.FieldNode) -> str:
    return field.alias.value if field.alias else field.name.value
