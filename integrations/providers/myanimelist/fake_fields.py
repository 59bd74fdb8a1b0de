"""MAL's `fields` parameter, and how titles and entries read. providers/myanimelist.md 4, read 2026-11-21."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from html import escape
from typing import Any

from integrations.providers.myanimelist.fake_store import Date, Entry, Title

Fields = dict[str, "Fields"]
TOKEN = re.compile(r"\s*([A-Za-z0-9_]+|[{},])")
MAX_BRACES = 50
SEASONS = ("winter", "spring", "summer", "fall")


class BadFields(ValueError):
    """The braces do not fit, or something else stands where a name should."""


def parse_fields(text: str) -> Fields:
    """{"a": {}, "b": {"c": {}}} for "a,b{c}". Raises BadFields."""
    tokens = TOKEN.findall(text)
    if "".join(tokens) != re.sub(r"\s+", "", text):
        raise BadFields(text)
    if tokens.count("{") > MAX_BRACES:
        raise BadFields(text)
    found, rest = _parse_level(tokens, 0)
    if rest != len(tokens):
        raise BadFields(text)
    return found


def _parse_level(tokens: list[str], at: int) -> tuple[Fields, int]:
    found: Fields = {}
    while at < len(tokens) and tokens[at] != "}":
        name = tokens[at]
        at += 1
        if name == ",":
            continue
        if name == "{":
            raise BadFields(name)
        found[name] = {}
        if at < len(tokens) and tokens[at] == "{":
            found[name], at = _parse_level(tokens, at + 1)
            if at >= len(tokens):
                raise BadFields("{")
            at += 1
    return found, at


def _year(title: Title) -> str:
    return title.start[:4]


def _season(title: Title) -> dict[str, Any] | None:
    if len(title.start) < 7:
        return None
    return {"year": int(title.start[:4]), "season": SEASONS[(int(title.start[5:7]) - 1) // 3]}


NODE: Mapping[str, Callable[[Title], Any]] = {
    "alternative_titles": lambda title: {"synonyms": title.synonyms, "en": title.english, "ja": ""},
    "start_date": lambda title: title.start or None,
    "nsfw": lambda title: title.nsfw,
    "media_type": lambda title: title.media_type,
    "status": lambda title: title.status,
    "genres": lambda _: [],
    "created_at": lambda _: "2010-01-01T00:00:00+00:00",
    "updated_at": lambda _: "2026-01-01T00:00:00+00:00",
}
NODE_BY_KIND: Mapping[str, Mapping[str, Callable[[Title], Any]]] = {
    "anime": {"num_episodes": lambda title: title.total, "start_season": _season},
    "manga": {"num_chapters": lambda title: title.total, "num_volumes": lambda title: title.volumes},
}


def node_json(title: Title, fields: Fields) -> dict[str, Any]:
    """id and title always; the rest when asked for and known. A field that MAL does not have is passed over."""
    node: dict[str, Any] = {"id": title.id, "title": title.title}
    for name in fields:
        read = NODE.get(name) or NODE_BY_KIND[title.kind].get(name)
        value = read(title) if read else None
        if value is not None:
            node[name] = value
    return node


def status_json(entry: Entry, fields: Fields | None = None) -> dict[str, Any]:
    """A list status. fields None: all of it, as a write answers; else the default keys and those asked for."""
    anime = entry.title.kind == "anime"
    shown: dict[str, Any] = {"status": entry.status, "score": entry.score}
    if anime:
        shown |= {"num_episodes_watched": entry.progress, "is_rewatching": entry.is_repeating}
    else:
        shown |= {"num_volumes_read": entry.volumes, "num_chapters_read": entry.progress}
        shown["is_rereading"] = entry.is_repeating
    shown["updated_at"] = iso(entry.updated_at)
    for name, date in (("start_date", entry.start), ("finish_date", entry.finish)):
        if show_date(date):
            shown[name] = show_date(date)
    more = {
        "priority": entry.priority,
        "num_times_rewatched" if anime else "num_times_reread": entry.times,
        "rewatch_value" if anime else "reread_value": entry.value,
        "tags": entry.tags,
        "comments": escape(entry.comments),
    }
    return shown | {name: value for name, value in more.items() if fields is None or name in fields}


def show_date(date: Date) -> str:
    """ "2024", "2024-05", "2024-05-03"; "" without a year, whatever month and day are known (mihonapp/mihon#3573)."""
    year, month, day = date
    if not year:
        return ""
    if not month:
        return f"{year:04d}"
    return f"{year:04d}-{month:02d}-{day:02d}" if day else f"{year:04d}-{month:02d}"


def iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
