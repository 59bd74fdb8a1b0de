"""MAL's GET endpoints in the fake: lists, search, details, ranking, seasons, the user.

providers/myanimelist.md 4 and 7, read 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import fmean
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from werkzeug.wrappers import Response

from integrations.providers.myanimelist.fake_fields import (
    SEASONS,
    BadFields,
    Fields,
    iso,
    node_json,
    parse_fields,
    status_json,
)
from integrations.providers.myanimelist.fake_store import STATUSES, Account, Entry, Title
from integrations.sandbox.answers import json_answer

if TYPE_CHECKING:
    from integrations.sandbox.base import Exchange

LIST_SORTS: Mapping[str, tuple[Callable[[Entry], Any], bool]] = {
    "list_score": (lambda entry: entry.score, True),
    "list_updated_at": (lambda entry: entry.updated_at, True),
    "title": (lambda entry: entry.title.title.lower(), False),
    "start_date": (lambda entry: entry.title.start, True),
    "id": (lambda entry: entry.title.id, False),
}
"""By the part of `sort` behind "anime_" or "manga_": the key, and whether it falls."""
RANKINGS = {
    "anime": {"all", "airing", "upcoming", "tv", "ova", "movie", "special", "bypopularity", "favorite"},
    "manga": {"all", "manga", "novels", "oneshots", "doujin", "manhwa", "manhua", "bypopularity", "favorite"},
}
RANKED_TYPES = {"novels": "light_novel", "oneshots": "one_shot", "doujin": "doujinshi"}


class Refused(Exception):
    """An error answer in MAL's shape."""

    def __init__(self, status: int, error: str, message: str = "", *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.message = message
        self.headers = headers


def bad_request(message: str) -> Refused:
    return Refused(400, "bad_request", message)


def read_number(exchange: Exchange, name: str, *, default: int, top: int | None = None) -> int:
    text = exchange.request.args.get(name, str(default))
    lowest = 1 if name == "limit" else 0
    if not text.isdecimal() or int(text) < lowest or (top is not None and int(text) > top):
        raise bad_request(f"invalid {name}")
    return int(text)


def read_fields(exchange: Exchange) -> Fields:
    try:
        return parse_fields(exchange.request.args.get("fields", ""))
    except BadFields as error:
        raise bad_request("invalid fields") from error


def show_nsfw(exchange: Exchange) -> bool:
    return exchange.request.args.get("nsfw", "").lower() in ("true", "1")


def paged(
    exchange: Exchange, rows: Sequence[Any], *, limit: int, make: Callable[[Any], dict[str, Any]]
) -> dict[str, Any]:
    """{"data", "paging"}: `next` and `previous` are whole URLs that keep every parameter."""
    offset = read_number(exchange, "offset", default=0)
    paging = {}
    if offset > 0:
        paging["previous"] = _page_url(exchange, limit=limit, offset=max(0, offset - limit))
    if offset + limit < len(rows):
        paging["next"] = _page_url(exchange, limit=limit, offset=offset + limit)
    return {"data": [make(row) for row in rows[offset : offset + limit]], "paging": paging}


def _page_url(exchange: Exchange, *, limit: int, offset: int) -> str:
    kept = [(name, value) for name, value in exchange.request.args.items(multi=True) if name not in ("limit", "offset")]
    query = urlencode([("offset", str(offset)), *kept, ("limit", str(limit))])
    return f"{exchange.root}/{exchange.host}{exchange.path}?{query}"


def read_list(exchange: Exchange, owner: Account, *, kind: str, keep: Callable[[list[Entry]], list[Entry]]) -> Response:
    args = exchange.request.args
    limit = read_number(exchange, "limit", default=100, top=1000)
    fields = read_fields(exchange)
    status = args.get("status")
    if status is not None and status not in STATUSES[kind]:
        raise bad_request("invalid status")
    sort = args.get("sort", f"{kind}_id").removeprefix(f"{kind}_")
    if sort not in LIST_SORTS:
        raise bad_request("invalid sort")
    nsfw = show_nsfw(exchange)
    entries = [entry for entry in owner.listed(kind) if nsfw or entry.title.nsfw == "white"]
    entries = keep([entry for entry in entries if status in (None, entry.status)])
    key, descending = LIST_SORTS[sort]
    entries.sort(key=lambda entry: entry.title.id)
    entries.sort(key=key, reverse=descending)

    def make(entry: Entry) -> dict[str, Any]:
        row = {"node": node_json(entry.title, fields)}
        # Only when asked for, braces or not.
        return {**row, "list_status": status_json(entry, fields["list_status"])} if "list_status" in fields else row

    return json_answer(paged(exchange, entries, limit=limit, make=make))


def make_node(title: Title, fields: Fields, viewer: Account | None) -> dict[str, Any]:
    node = node_json(title, fields)
    entry = viewer.entries.get((title.kind, title.id)) if viewer else None
    if entry is not None and "my_list_status" in fields:
        node["my_list_status"] = status_json(entry, fields["my_list_status"])
    return node


def search(exchange: Exchange, titles: Iterable[Title], viewer: Account | None) -> Response:
    query = exchange.request.args.get("q", "").strip()
    if not 3 <= len(query) <= 64:
        raise bad_request("invalid q")
    limit = read_number(exchange, "limit", default=100, top=100)
    fields = read_fields(exchange)
    scored = [(_match(title, query.lower()), title) for title in _seen(exchange, titles)]
    found = [title for score, title in sorted(scored, key=lambda pair: (-pair[0], pair[1].id)) if score > 0]
    make = _node_rows(fields, viewer)
    return json_answer(paged(exchange, found, limit=limit, make=make))


def _node_rows(fields: Fields, viewer: Account | None) -> Callable[[Title], dict[str, Any]]:
    return lambda title: {"node": make_node(title, fields, viewer)}


def _seen(exchange: Exchange, titles: Iterable[Title]) -> list[Title]:
    nsfw = show_nsfw(exchange)
    return [title for title in titles if nsfw or title.nsfw == "white"]


def _match(title: Title, query: str) -> float:
    """0 = no match; the whole title, then its beginning, then a part, then the share of common words."""
    wanted = set(query.split())
    best = 0.0
    for name in (one.lower() for one in title.names):
        if name == query:
            return 4.0
        score = 3.0 if name.startswith(query) else 2.0 if query in name else 0.0
        shared = len(wanted & set(name.split())) / len(wanted)
        best = max(best, score, shared if shared > 0.5 else 0.0)
    return best


def ranking(exchange: Exchange, titles: Sequence[Title], viewer: Account | None) -> Response:
    """There are no marks here, so the order is that of the ids."""
    kind = titles[0].kind if titles else "anime"
    wanted = exchange.request.args.get("ranking_type", "all")
    if wanted not in RANKINGS[kind]:
        raise bad_request("invalid ranking_type")
    limit = read_number(exchange, "limit", default=100, top=500)
    fields = read_fields(exchange)
    medium = RANKED_TYPES.get(wanted, wanted)
    narrow = wanted not in ("all", "bypopularity", "favorite", "airing", "upcoming")
    found = [title for title in _seen(exchange, titles) if not narrow or title.media_type == medium]
    if wanted in ("airing", "upcoming"):
        status = "currently_airing" if wanted == "airing" else "not_yet_aired"
        found = [title for title in found if title.status == status]
    places = {(title.kind, title.id): place for place, title in enumerate(found, start=1)}

    def make(title: Title) -> dict[str, Any]:
        return {"node": make_node(title, fields, viewer), "ranking": {"rank": places[(title.kind, title.id)]}}

    return json_answer(paged(exchange, found, limit=limit, make=make))


def seasonal(
    exchange: Exchange, titles: Iterable[Title], viewer: Account | None, *, year: int, season: str
) -> Response:
    """Titles whose first month is known; most of the catalogue has only its year."""
    if season not in SEASONS:
        raise Refused(404, "not_found")
    limit = read_number(exchange, "limit", default=100, top=500)
    first = SEASONS.index(season) * 3 + 1
    months = {f"{year:04d}-{month:02d}" for month in range(first, first + 3)}
    found = [title for title in _seen(exchange, titles) if title.start[:7] in months]
    page = paged(exchange, found, limit=limit, make=_node_rows(read_fields(exchange), viewer))
    return json_answer({**page, "season": {"year": year, "season": season}})


def me(exchange: Exchange, viewer: Account) -> Response:
    fields = read_fields(exchange)
    shown: dict[str, Any] = {"id": viewer.id, "name": viewer.name, "location": "", "joined_at": iso(viewer.joined_at)}
    if "anime_statistics" in fields:
        shown["anime_statistics"] = _statistics(viewer.listed("anime"))
    if "time_zone" in fields:
        shown["time_zone"] = viewer.time_zone
    if "is_supporter" in fields:
        shown["is_supporter"] = viewer.is_supporter
    return json_answer(shown)


def _statistics(entries: list[Entry]) -> dict[str, Any]:
    """There are none for manga."""
    counts = {f"num_items_{status}": sum(entry.status == status for entry in entries) for status in STATUSES["anime"]}
    episodes = sum(entry.progress for entry in entries)
    return {
        **counts,
        "num_items": len(entries),
        "num_days": round(episodes * 24 / 1440, 2),
        "num_episodes": episodes,
        "num_times_rewatched": sum(entry.times for entry in entries),
        "mean_score": round(fmean([entry.score for entry in entries if entry.score] or [0]), 2),
    }
