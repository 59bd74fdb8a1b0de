from __future__ import annotations

from pathlib import Path

import pytest
from graphql import build_schema, parse, validate

from integrations.providers import kitsu
from integrations.providers.base import Write
from integrations.providers.kitsu import convert, documents
from integrations.providers.kitsu.documents import Mutation
from library.entry import FIELDS, Entry, Kind, PartialDate, Status

HOSTILE = '"}) { deleteAll } #{$x}\\ \u202e</script>\n\U0001f600'


def every_field() -> dict[str, object]:
    desired = Entry(Status.PAUSED, 1, 2, 80, PartialDate(2024, 1, 2), notes=HOSTILE, private=True)
    return convert.input_for(Write(Kind.MANGA, "5", desired, frozenset(FIELDS), create=True))


def test_what_a_person_wrote_is_no_part_of_the_document() -> None:
    query, variables = documents.save_entries([Mutation("update", {"id": "1", "notes": HOSTILE})])
    assert "deleteAll" not in query
    assert variables == {"notes0": HOSTILE}


def test_each_mutation_has_an_alias_and_a_line() -> None:
    query, variables = documents.save_entries(
        [
            Mutation("create", {"mediaId": "1", "mediaType": "ANIME", "status": "ON_HOLD"}),
            Mutation("update", {"id": "2", "rating": None}),
        ]
    )
    lines = query.splitlines()
    assert lines[:2] == ["mutation {", "libraryEntry {"]
    assert lines[2].startswith('a0: create(input: {mediaId: "1", mediaType: ANIME, status: ON_HOLD}) {')
    assert lines[3].startswith('a1: update(input: {id: "2", rating: null}) {')
    assert variables == {}


@pytest.mark.parametrize(
    "query",
    [
        documents.save_entries(
            [
                Mutation("create", {"mediaId": "1", "mediaType": "MANGA", **every_field()}),
                Mutation("update", {"id": "2", **every_field()}),
                Mutation("update", {"id": "2", "startedAt": None, "status": "COMPLETED"}),
            ]
        )[0],
        documents.delete_entries(["1", "2"]),
    ],
)
def test_documents_fit_the_schema_of_the_sandbox(query: str) -> None:
    folder = Path(str(kitsu.__path__[0]))
    schema = build_schema((folder / "fake_schema.graphqls").read_text(encoding="utf-8"))
    assert validate(schema, parse(query)) == []
