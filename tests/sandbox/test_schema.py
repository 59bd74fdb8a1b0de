"""The fake's schema is a part of AniList's own: same names, same types, nothing else."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest
from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLObjectType, GraphQLSchema, build_schema

from integrations.providers.anilist.fake_resolve import build_runner
from integrations.providers.anilist.fake_schema import load_schema

SNAPSHOT = "data/anilist-schema-2026-07-01.graphqls.gz"
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def real() -> GraphQLSchema:
    folder = Path(os.environ.get("ENISHI_SHARED", ROOT.parent / "shared"))
    path = folder / SNAPSHOT
    if not path.exists():
        pytest.skip("AniList's introspected schema is not in this clone; ENISHI_SHARED names its folder")
    return build_schema(gzip.decompress(path.read_bytes()).decode())


def named(schema: GraphQLSchema) -> list[str]:
    return [name for name in schema.type_map if not name.startswith("__")]


def test_each_type_exists_and_is_of_the_same_sort(real: GraphQLSchema) -> None:
    ours = load_schema()
    assert [name for name in named(ours) if name not in real.type_map] == []
    assert [name for name in named(ours) if type(real.type_map[name]) is not type(ours.type_map[name])] == []


def test_each_field_and_argument_has_the_same_type(real: GraphQLSchema) -> None:
    ours = load_schema()
    wrong = []
    for name in named(ours):
        mine, theirs = ours.type_map[name], real.type_map[name]
        if not isinstance(mine, GraphQLObjectType) or not isinstance(theirs, GraphQLObjectType):
            continue
        for field, definition in mine.fields.items():
            other = theirs.fields.get(field)
            if other is None or str(other.type) != str(definition.type):
                wrong.append(f"{name}.{field}")
                continue
            wrong += [
                f"{name}.{field}({argument}:)"
                for argument, value in definition.args.items()
                if argument not in other.args or str(other.args[argument].type) != str(value.type)
            ]
    assert wrong == []


def test_each_enum_and_input_is_whole(real: GraphQLSchema) -> None:
    ours = load_schema()
    for name in named(ours):
        mine, theirs = ours.type_map[name], real.type_map[name]
        if isinstance(mine, GraphQLEnumType) and isinstance(theirs, GraphQLEnumType):
            assert set(mine.values) == set(theirs.values), name
        if isinstance(mine, GraphQLInputObjectType) and isinstance(theirs, GraphQLInputObjectType):
            shown = {field: str(value.type) for field, value in mine.fields.items()}
            assert shown == {field: str(value.type) for field, value in theirs.fields.items()}, name


def test_the_writing_calls_are_whole(real: GraphQLSchema) -> None:
    ours = load_schema()
    for field in ("SaveMediaListEntry", "UpdateMediaListEntries", "DeleteMediaListEntry"):
        assert ours.mutation_type is not None
        assert real.mutation_type is not None
        assert set(ours.mutation_type.fields[field].args) == set(real.mutation_type.fields[field].args)
    assert set(ours.type_map["MediaList"].fields) == set(real.type_map["MediaList"].fields)  # type: ignore[attr-defined]


def test_every_root_field_is_answered() -> None:
    runner = build_runner()
    schema = load_schema()
    for root in (schema.query_type, schema.mutation_type):
        assert root is not None
        assert [field for field in root.fields if f"{root.name}.{field}" not in runner.resolvers] == []
