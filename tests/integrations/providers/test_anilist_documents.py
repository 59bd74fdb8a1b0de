"""Every document is valid GraphQL for AniList's types and costs well below its cap."""

from __future__ import annotations

from pathlib import Path

import pytest
from graphql import FieldNode, FragmentDefinitionNode, FragmentSpreadNode, OperationDefinitionNode, build_schema, parse
from graphql import validate as validate_document
from graphql.language.ast import SelectionSetNode

from integrations.providers.anilist import documents, probing, provider
from library.entry import Kind

SCHEMA = Path(provider.__file__).with_name("fake_schema.graphqls")
CAP = 500
BOTH = tuple(Kind)
WIDEST = list(documents.VARIABLE_TYPES)
ALL = {
    "viewer": documents.VIEWER,
    "whole": documents.read_lists(BOTH),
    "one kind": documents.read_lists([Kind.MANGA]),
    "chunk": documents.read_lists(BOTH, chunked=True),
    "newest": documents.newest_entries(BOTH),
    "people": documents.probe_people([BOTH] * probing.PEOPLE),
    "entry ids": documents.find_entry_ids(BOTH),
    "save": documents.save_entries([WIDEST] * provider.AniList.write_batch),
    "delete": documents.delete_entries(provider.AniList.removal_batch),
    "search": documents.search_media(Kind.ANIME),
    "details": documents.media_pages(Kind.MANGA, documents.MOST_PAGES, by="id_in"),
    "browse": documents.browse_media(Kind.ANIME, list(documents.BROWSE_TYPES), sort="POPULARITY_DESC, ID"),
    "translate": documents.media_pages(Kind.ANIME, documents.MOST_PAGES, by="idMal_in"),
}


def count_fields(text: str) -> int:
    """One point a selected field, fragments at each use: anilist.md 5.4."""
    document = parse(text)
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}

    def cost(selections: SelectionSetNode | None) -> int:
        total = 0
        for node in selections.selections if selections else ():
            if isinstance(node, FieldNode):
                total += 1 + cost(node.selection_set)
            elif isinstance(node, FragmentSpreadNode):
                total += cost(fragments[node.name.value].selection_set)
        return total

    return sum(cost(node.selection_set) for node in document.definitions if isinstance(node, OperationDefinitionNode))


@pytest.mark.parametrize("text", ALL.values(), ids=ALL.keys())
def test_documents_are_valid_and_cheap(text: str) -> None:
    schema = build_schema(SCHEMA.read_text(encoding="utf-8"), assume_valid=True)
    assert validate_document(schema, parse(text)) == []
    assert count_fields(text) < CAP


def test_a_full_batch_stays_below_the_cap() -> None:
    assert count_fields(ALL["save"]) == 475
    assert count_fields(ALL["delete"]) == 100
    assert count_fields(ALL["people"]) == 480


def test_each_alias_has_its_own_line() -> None:
    lines = ALL["save"].splitlines()
    assert lines[documents.FIRST_ALIAS_LINE - 1].startswith("a0: ")
    assert lines[documents.FIRST_ALIAS_LINE + 23].startswith("a24: ")
    assert ALL["delete"].splitlines()[documents.FIRST_ALIAS_LINE - 1 + 49].startswith("a49: ")
    assert ALL["people"].splitlines()[documents.FIRST_ALIAS_LINE - 1 + 29].startswith("who29: ")
