"""MyAnimeList's endpoints: what is asked and the shape of what comes back.

Keys we ask for are required though they may be null: "not returned" must never pass for "empty". The dates are the
exception, since MyAnimeList leaves unset ones out. Rows stay raw at first, so that a broken one costs only itself.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from integrations.http import Session
from integrations.providers.myanimelist.judging import SLUG
from library.entry import Kind

API = "https://api.myanimelist.net/v2"
Number = int | float

_FACTS = {
    Kind.ANIME: "num_episodes,media_type,start_date,alternative_titles,nsfw",
    Kind.MANGA: "num_chapters,num_volumes,media_type,start_date,alternative_titles,nsfw",
}
_STATE = {
    Kind.ANIME: "status,score,num_episodes_watched,is_rewatching,start_date,finish_date,num_times_rewatched,comments,"
    "updated_at",
    Kind.MANGA: "status,score,num_chapters_read,num_volumes_read,is_rereading,start_date,finish_date,num_times_reread,"
    "comments,updated_at",
}


class AlternativeTitles(msgspec.Struct):
    synonyms: list[str | None] | None = None
    en: str | None = None
    ja: str | None = None


class Node(msgspec.Struct):
    """A work of either kind; the totals of the other kind are absent. 0 = unknown."""

    id: int
    title: str | None = None
    media_type: str | None = None
    start_date: str | None = None
    nsfw: str | None = None
    num_episodes: Number | None = None
    num_chapters: Number | None = None
    num_volumes: Number | None = None
    alternative_titles: AlternativeTitles | None = None


class AnimeState(
    msgspec.Struct,
    rename={"progress": "num_episodes_watched", "repeating": "is_rewatching", "repeats": "num_times_rewatched"},
):
    status: str | None
    score: Number | None
    progress: Number | None
    repeating: bool | None
    repeats: Number | None
    comments: str | None
    updated_at: str | None
    start_date: str | None = None
    finish_date: str | None = None

    @property
    def volumes(self) -> Number | None:
        return None


class MangaState(
    msgspec.Struct,
    rename={
        "progress": "num_chapters_read",
        "volumes": "num_volumes_read",
        "repeating": "is_rereading",
        "repeats": "num_times_reread",
    },
):
    status: str | None
    score: Number | None
    progress: Number | None
    volumes: Number | None
    repeating: bool | None
    repeats: Number | None
    comments: str | None
    updated_at: str | None
    start_date: str | None = None
    finish_date: str | None = None


State = AnimeState | MangaState


class AnimeRow(msgspec.Struct):
    node: Node
    list_status: AnimeState


class MangaRow(msgspec.Struct):
    node: Node
    list_status: MangaState


Row = AnimeRow | MangaRow


class _Id(msgspec.Struct):
    id: int


class RowId(msgspec.Struct):
    node: _Id


class _Paging(msgspec.Struct):
    next: str | None = None


class Page(msgspec.Struct):
    """`paging` is {} when there is nothing more; the last of several pages has no `next`."""

    data: list[msgspec.Raw]
    paging: _Paging


class _Touched(msgspec.Struct):
    updated_at: str | None


class Newest(msgspec.Struct):
    node: _Id
    list_status: _Touched


class _NewestPage(msgspec.Struct):
    data: list[Newest]


class _Found(msgspec.Struct):
    node: Node


class _Search(msgspec.Struct):
    data: list[_Found]


class Person(msgspec.Struct):
    id: int
    name: str


def fetch_person(session: Session) -> Person:
    return session.send("GET", f"{API}/users/@me", repeatable=True).decode(Person, provider=SLUG)


def fetch_page(session: Session, kind: Kind, *, offset: int, limit: int, repeatable: bool) -> Page:
    """The list from `offset` on, newest edits first. Without nsfw even ordinary titles go missing (myanimelist.md 4).

    The next page is asked for by offset: a `next` address is not followed, whatever host it names.
    """
    params = {
        "fields": f"list_status{{{_STATE[kind]}}},{_FACTS[kind]}",
        "sort": "list_updated_at",
        "limit": str(limit),
        "offset": str(offset),
        "nsfw": "true",
    }
    answer = session.send("GET", f"{API}/users/@me/{kind}list", params=params, repeatable=repeatable)
    return answer.decode(Page, provider=SLUG)


def fetch_newest(session: Session, kind: Kind) -> Newest | None:
    """The entry that was edited last, None on an empty list."""
    params = {"fields": "list_status{updated_at}", "sort": "list_updated_at", "limit": "1", "nsfw": "true"}
    answer = session.send("GET", f"{API}/users/@me/{kind}list", params=params, repeatable=True)
    return next(iter(answer.decode(_NewestPage, provider=SLUG).data), None)


def save_state(session: Session, kind: Kind, media_id: int, *, form: Mapping[str, str]) -> State:
    """The whole state after the write. Only form bodies are read, JSON is ignored (myanimelist.md 5)."""
    answer = session.send("PATCH", _status_url(kind, media_id), form=form)
    if kind is Kind.ANIME:
        return answer.decode(AnimeState, provider=SLUG)
    return answer.decode(MangaState, provider=SLUG)


def delete_state(session: Session, kind: Kind, media_id: int) -> None:
    """Raises Gone when the title is not on the list."""
    session.send("DELETE", _status_url(kind, media_id))


def _status_url(kind: Kind, media_id: int) -> str:
    return f"{API}/{kind}/{media_id}/my_list_status"


def search(session: Session, kind: Kind, *, text: str, limit: int) -> list[Node]:
    """`text`: 3 to 64 characters, `limit`: at most 100."""
    params = {"q": text, "limit": str(limit), "fields": _FACTS[kind], "nsfw": "true"}
    answer = session.send("GET", f"{API}/{kind}", params=params, repeatable=True)
    return [found.node for found in answer.decode(_Search, provider=SLUG).data]


def fetch_node(session: Session, kind: Kind, media_id: int) -> Node:
    """Raises Gone for an id that does not exist or was merged away."""
    answer = session.send("GET", f"{API}/{kind}/{media_id}", params={"fields": _FACTS[kind]}, repeatable=True)
    return answer.decode(Node, provider=SLUG)
