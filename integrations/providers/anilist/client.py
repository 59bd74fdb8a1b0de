"""AniList's one endpoint: what is asked and the shape of what comes back.

Keys we ask for are required though they may be null: "not returned" must never pass for "empty".
Entries stay raw at first, so that a broken one does not take the list with it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from integrations.errors import Malformed
from integrations.http import Session
from integrations.providers.anilist import documents
from integrations.providers.anilist.judging import SLUG
from library.entry import Kind

ENDPOINT = "https://graphql.anilist.co/"

T = TypeVar("T")
Number = int | float


class Date(msgspec.Struct):
    year: int | None
    month: int | None
    day: int | None


class Year(msgspec.Struct):
    year: int | None


class Title(msgspec.Struct):
    romaji: str | None
    english: str | None
    native: str | None


class Facts(msgspec.Struct, rename="camel"):
    id: int
    id_mal: int | None
    format: str | None
    episodes: Number | None
    chapters: Number | None
    volumes: Number | None
    title: Title | None
    start_date: Year | None
    is_adult: bool | None
    synonyms: list[str | None] | None = None


class State(msgspec.Struct, rename="camel"):
    """A list entry without its title: what a write echoes."""

    id: int
    status: str | None
    score: Number | None
    progress: Number | None
    progress_volumes: Number | None
    repeat: Number | None
    private: bool | None
    notes: str | None
    hidden_from_status_lists: bool | None
    started_at: Date | None
    completed_at: Date | None
    updated_at: Number | None


class ListedEntry(State, rename="camel", kw_only=True):
    media_id: int
    media: Facts | None


class EntryId(msgspec.Struct, rename="camel"):
    """All that is looked at of an entry that could not be understood."""

    media_id: int


class _Owner(msgspec.Struct):
    id: int


class _Group(msgspec.Struct):
    entries: list[msgspec.Raw]


class Collected(msgspec.Struct, rename="camel"):
    has_next_chunk: bool | None
    user: _Owner | None
    lists: list[_Group]


class _ListOptions(msgspec.Struct, rename="camel"):
    score_format: str | None


class Viewer(msgspec.Struct, rename="camel"):
    id: int
    name: str
    site_url: str | None
    media_list_options: _ListOptions | None


class Lists(msgspec.Struct):
    viewer: Viewer
    anime: Collected | None = None
    manga: Collected | None = None

    def of(self, kind: Kind) -> Collected:
        found = self.anime if kind is Kind.ANIME else self.manga
        if found is None:
            raise Malformed("AniList left out a list.", provider=SLUG, path=f"$.data.{kind}")
        return found


class WhoAmI(msgspec.Struct):
    viewer: Viewer


class Mark(msgspec.Struct, rename="camel"):
    id: int
    media_id: int
    updated_at: Number | None = None


class MarkPage(msgspec.Struct, rename="camel"):
    media_list: list[Mark]


class MediaPage(msgspec.Struct):
    media: list[Facts]


class Deleted(msgspec.Struct):
    deleted: bool | None


class Reply(msgspec.Struct, Generic[T]):
    data: T


def post(
    session: Session,
    query: str,
    variables: Mapping[str, Any],
    *,
    shape: type[T],
    repeatable: bool,
) -> T:
    """The answer in the given shape. Raises ProviderError as `judging.judge` says, or Malformed."""
    body = {"query": query, "variables": dict(variables)}
    return session.send("POST", ENDPOINT, json=body, repeatable=repeatable).decode(shape, provider=SLUG)


def fetch_viewer(session: Session) -> Viewer:
    return post(session, documents.VIEWER, {}, shape=Reply[WhoAmI], repeatable=True).data.viewer


def fetch_lists(session: Session, kinds: Collection[Kind], *, user: int, chunk: int = 0) -> Lists:
    """The lists of `kinds` in one request: whole (chunk 0, sent once) or the chunk from 1 on (may be repeated)."""
    query = documents.read_lists(kinds, chunked=chunk > 0)
    variables = {"user": user, "chunk": chunk} if chunk else {"user": user}
    return post(session, query, variables, shape=Reply[Lists], repeatable=chunk > 0).data


def fetch_newest(session: Session, kinds: Collection[Kind], *, user: int) -> dict[Kind, list[Mark]]:
    """The entry that was edited last, for each kind."""
    query = documents.newest_entries(kinds)
    reply = post(
        session,
        query,
        {"user": user},
        shape=Reply[dict[Kind, MarkPage]],
        repeatable=True,
    )
    return {kind: page.media_list for kind, page in reply.data.items()}


def find_entry_ids(session: Session, wanted: Mapping[Kind, Sequence[int]], *, user: int) -> dict[tuple[Kind, int], int]:
    """{(kind, media id): entry id} for those of at most 50 media a kind that are on the person's list."""
    variables: dict[str, Any] = {
        "user": user,
        **{str(kind): list(ids) for kind, ids in wanted.items()},
    }
    query = documents.find_entry_ids(wanted)
    reply = post(session, query, variables, shape=Reply[dict[Kind, MarkPage]], repeatable=True)
    return {(kind, mark.media_id): mark.id for kind, page in reply.data.items() for mark in page.media_list}


def save_entries(session: Session, writes: Sequence[Mapping[str, Any]]) -> list[State]:
    """One echo a write, in order. `writes`: arguments of SaveMediaListEntry."""
    variables = {f"{name}{index}": value for index, write in enumerate(writes) for name, value in write.items()}
    query = documents.save_entries([list(write) for write in writes])
    reply = post(session, query, variables, shape=Reply[dict[str, State]], repeatable=False)
    return _in_order(reply.data, len(writes))


def delete_entries(session: Session, entry_ids: Sequence[int]) -> list[Deleted]:
    """One word a removal, in order."""
    variables = {f"id{index}": entry_id for index, entry_id in enumerate(entry_ids)}
    query = documents.delete_entries(len(entry_ids))
    reply = post(session, query, variables, shape=Reply[dict[str, Deleted]], repeatable=False)
    return _in_order(reply.data, len(entry_ids))


def _in_order(data: Mapping[str, T], count: int) -> list[T]:
    names = [f"a{at}" for at in range(count)]
    if missing := [name for name in names if name not in data]:
        raise Malformed(
            "AniList left out a part of its answer.",
            provider=SLUG,
            path=f"$.data.{missing[0]}",
        )
    return [data[name] for name in names]


def search_media(session: Session, kind: Kind, *, text: str, limit: int) -> list[Facts]:
    variables = {"text": text, "limit": limit}
    return _fetch_media(session, documents.search_media(kind), variables)


def fetch_media(session: Session, kind: Kind, ids: Sequence[int], *, by: str) -> list[Facts]:
    """Facts of the works that exist. `by`: id_in or idMal_in. At most PER_PAGE * MOST_PAGES ids."""
    pages = [list(ids[at : at + documents.PER_PAGE]) for at in range(0, len(ids), documents.PER_PAGE)]
    query = documents.media_pages(kind, len(pages), by=by)
    return _fetch_media(session, query, {f"ids{index}": page for index, page in enumerate(pages)})


def _fetch_media(session: Session, query: str, variables: Mapping[str, Any]) -> list[Facts]:
    reply = post(session, query, variables, shape=Reply[dict[str, MediaPage]], repeatable=True)
    return [facts for page in reply.data.values() for facts in page.media]
