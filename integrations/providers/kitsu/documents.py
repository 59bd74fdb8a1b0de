"""The GraphQL documents: many mutations in one, each under an alias of its own. Source: providers/kitsu.md 7.

Whatever a person wrote, i.e. notes, travels as a variable. The rest is made of our own words, numbers and dates and
stands in the document itself, so that no name of an input type, which the page does not tell, is needed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from library.entry import Kind

MOST_MUTATIONS = 20
_ENUMS = frozenset({"status", "mediaType"})
_ECHO = (
    "fragment Echo on LibraryEntry { id status progress volumesOwned reconsuming reconsumeCount rating notes private"
    " startedAt finishedAt updatedAt }"
)
_ERRORS = "errors { code message path }"
MEDIA_TYPES: Mapping[Kind, str] = {Kind.ANIME: "ANIME", Kind.MANGA: "MANGA"}


@dataclass(frozen=True, slots=True)
class Mutation:
    """verb: "create" or "update". values: its input, in Kitsu's words."""

    verb: str
    values: Mapping[str, Any]


def save_entries(mutations: Sequence[Mutation]) -> tuple[str, dict[str, Any]]:
    """The document and its variables; aliases a0…, one a line, variables notes0…"""
    variables = {f"notes{at}": each.values["notes"] for at, each in enumerate(mutations) if "notes" in each.values}
    declared = f" ({', '.join(f'${name}: String' for name in variables)})" if variables else ""
    lines = (
        f"a{at}: {each.verb}(input: {_input(each.values, at)}) {{ {_ERRORS} libraryEntry {{ ...Echo }} }}"
        for at, each in enumerate(mutations)
    )
    return f"mutation{declared} {{\nlibraryEntry {{\n" + "\n".join(lines) + f"\n}}\n}}\n{_ECHO}", variables


def delete_entries(entry_ids: Sequence[str]) -> str:
    lines = (
        f"a{at}: delete(input: {_input({'id': entry_id}, at)}) {{ {_ERRORS} libraryEntry {{ id }} }}"
        for at, entry_id in enumerate(entry_ids)
    )
    return "mutation {\nlibraryEntry {\n" + "\n".join(lines) + "\n}\n}"


def _input(values: Mapping[str, Any], at: int) -> str:
    return "{" + ", ".join(f"{name}: {_literal(name, value, at)}" for name, value in values.items()) + "}"


def _literal(name: str, value: Any, at: int) -> str:
    if name == "notes":
        return f"$notes{at}"
    return str(value) if name in _ENUMS else json.dumps(value)
