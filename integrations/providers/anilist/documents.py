"""The GraphQL documents, built so that each stays far below AniList's cap of 500 selected fields.

A point is one selected field, the root included; arguments and list sizes are free and a fragment counts at each
use (providers/anilist.md 5.4, read 2026-11-21). Every alias of a batch stands on a line of its own, so that the
`locations` of an error name the alias. All values travel as variables: nothing a person wrote is part of a document.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import starmap

from library.entry import Kind

MEDIA_TYPES: Mapping[Kind, str] = {Kind.ANIME: "ANIME", Kind.MANGA: "MANGA"}
PER_CHUNK = 500
PER_PAGE = 50
MOST_PAGES = 10
"""Pages of titles in one request: 180 points."""
FIRST_ALIAS_LINE = 2

_VIEWER = "viewer: Viewer { id name siteUrl mediaListOptions { scoreFormat } }"
_FACTS = (
    "fragment Facts on Media { id idMal format episodes chapters volumes title { romaji english native }"
    " startDate { year } isAdult }"
)
# The default format of `score` sometimes comes in another format than the owner's, so it is always named.
_STATE = (
    "id status score(format: POINT_100) progress progressVolumes repeat private notes hiddenFromStatusLists"
    " startedAt { year month day } completedAt { year month day } updatedAt"
)
_ENTRY = f"fragment Entry on MediaList {{ {_STATE} mediaId media {{ ...Facts }} }}"
_SHOWN = (
    "fragment Shown on Media { ...Facts synonyms status(version: 2) description(asHtml: false) season seasonYear"
    " averageScore popularity genres coverImage { large } startDate { year month day } }"
)
_ECHO = f"fragment Echo on MediaList {{ {_STATE} }}"

VARIABLE_TYPES: Mapping[str, str] = {
    "mediaId": "Int",
    "status": "MediaListStatus",
    "scoreRaw": "Int",
    "progress": "Int",
    "progressVolumes": "Int",
    "repeat": "Int",
    "private": "Boolean",
    "notes": "String",
    "startedAt": "FuzzyDateInput",
    "completedAt": "FuzzyDateInput",
}

BROWSE_TYPES: Mapping[str, str] = {
    "id": "Int",
    "search": "String",
    "season": "MediaSeason",
    "seasonYear": "Int",
    "isAdult": "Boolean",
}

VIEWER = f"query {{ {_VIEWER} }}"


def read_lists(kinds: Collection[Kind], *, chunked: bool = False) -> str:
    """Variables: user, and chunk when `chunked`. About 45 points a kind."""
    chunk = f", chunk: $chunk, perChunk: {PER_CHUNK}" if chunked else ""
    lists = "\n".join(
        f"{kind}: MediaListCollection(userId: $user, type: {MEDIA_TYPES[kind]}{chunk}, forceSingleCompletedList: true)"
        " { hasNextChunk user { id } lists { entries { ...Entry } } }"
        for kind in sorted(kinds)
    )
    declared = "$user: Int, $chunk: Int" if chunked else "$user: Int"
    return f"query ({declared}) {{\n{_VIEWER}\n{lists}\n}}\n{_ENTRY}\n{_FACTS}"


def newest_entries(kinds: Collection[Kind]) -> str:
    """Variables: user. The entry that was edited last, a kind each."""
    pages = "\n".join(
        f"{kind}: Page(perPage: 1) {{ mediaList(userId: $user, type: {MEDIA_TYPES[kind]}, sort: UPDATED_TIME_DESC)"
        " { id mediaId updatedAt } }"
        for kind in sorted(kinds)
    )
    return f"query ($user: Int) {{\n{pages}\n}}"


def probe_people(kinds: Sequence[Collection[Kind]]) -> str:
    """Variables u0… One person a line, 16 points for both kinds: aliases `who<i>`, and `<kind><i>` with the entry
    that was edited last. Without anybody's token."""
    declared = ", ".join(f"$u{index}: Int" for index in range(len(kinds)))
    return f"query ({declared}) {{\n" + "\n".join(starmap(_one_person, enumerate(kinds))) + "\n}"


def _one_person(index: int, kinds: Collection[Kind]) -> str:
    counts = " ".join(f"{kind} {{ count }}" for kind in sorted(kinds))
    newest = " ".join(
        f"{kind}{index}: Page(perPage: 1) {{ mediaList(userId: $u{index}, type: {MEDIA_TYPES[kind]},"
        " sort: UPDATED_TIME_DESC) { id updatedAt } }"
        for kind in sorted(kinds)
    )
    who = f"who{index}: User(id: $u{index}) {{ statistics {{ {counts} }} mediaListOptions {{ scoreFormat }} }}"
    return f"{who} {newest}"


def find_entry_ids(kinds: Collection[Kind]) -> str:
    """Variables: user, and one list of media ids named as each kind. At most 50 ids a kind."""
    declared = ", ".join(f"${kind}: [Int]" for kind in sorted(kinds))
    pages = "\n".join(
        f"{kind}: Page(perPage: {PER_PAGE}) {{ mediaList(userId: $user, type: {MEDIA_TYPES[kind]}, mediaId_in: ${kind},"
        " sort: MEDIA_ID) { id mediaId } }"
        for kind in sorted(kinds)
    )
    return f"query ($user: Int, {declared}) {{\n{pages}\n}}"


def save_entries(arguments: Sequence[Collection[str]]) -> str:
    """One alias `a<i>` a write with the named arguments, each from the variable `<argument><i>`. 19 points a write."""
    declared = ", ".join(
        f"${name}{index}: {VARIABLE_TYPES[name]}" for index, names in enumerate(arguments) for name in names
    )
    lines = (
        f"a{index}: SaveMediaListEntry({', '.join(f'{name}: ${name}{index}' for name in names)}) {{ ...Echo }}"
        for index, names in enumerate(arguments)
    )
    return f"mutation ({declared}) {{\n" + "\n".join(lines) + f"\n}}\n{_ECHO}"


def delete_entries(count: int) -> str:
    """Variables id0… One alias `a<i>` a removal, 2 points each."""
    declared = ", ".join(f"$id{index}: Int" for index in range(count))
    lines = (f"a{index}: DeleteMediaListEntry(id: $id{index}) {{ deleted }}" for index in range(count))
    return f"mutation ({declared}) {{\n" + "\n".join(lines) + "\n}"


def search_media(kind: Kind) -> str:
    """Variables: text, limit."""
    return (
        "query ($text: String, $limit: Int) {\na0: Page(perPage: $limit) {"
        f" media(search: $text, type: {MEDIA_TYPES[kind]}, sort: SEARCH_MATCH) {{ ...Facts synonyms }} }}\n}}\n{_FACTS}"
    )


def media_pages(kind: Kind, pages: int, *, by: str) -> str:
    """Variables ids0…, each at most 50 ids. `by`: id_in or idMal_in. 18 points a page."""
    declared = ", ".join(f"$ids{index}: [Int]" for index in range(pages))
    lines = (
        f"a{index}: Page(perPage: {PER_PAGE})"
        f" {{ media({by}: $ids{index}, type: {MEDIA_TYPES[kind]}) {{ ...Facts synonyms }} }}"
        for index in range(pages)
    )
    return f"query ({declared}) {{\n" + "\n".join(lines) + f"\n}}\n{_FACTS}"


def browse_media(kind: Kind, names: Collection[str], *, sort: str) -> str:
    """Variables: page, perPage, and each of `names`, of BROWSE_TYPES. About 40 points. One alias, `a0`.

    sort: ends with ID wherever works may be equal, for then their order differs from page to page (anilist.md 4.2).
    """
    declared = "".join(f", ${name}: {BROWSE_TYPES[name]}" for name in names)
    given = "".join(f", {name}: ${name}" for name in names)
    return (
        f"query ($page: Int, $perPage: Int{declared}) {{\na0: Page(page: $page, perPage: $perPage) {{"
        f" pageInfo {{ hasNextPage }} media(type: {MEDIA_TYPES[kind]}{given}, sort: [{sort}]) {{ ...Shown }} }}\n}}"
        f"\n{_SHOWN}\n{_FACTS}"
    )
