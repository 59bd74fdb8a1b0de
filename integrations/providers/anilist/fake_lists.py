"""Reading lists as AniList gives them: filters, sorts, groups and chunks. providers/anilist.md 4, read 2026-11-21."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from integrations.providers.anilist.fake_execute import ApiError
from integrations.providers.anilist.fake_store import Account, Entry, FuzzyDate

STATUSES = ("CURRENT", "PLANNING", "COMPLETED", "DROPPED", "PAUSED", "REPEATING")
NAMES = {
    "ANIME": dict(zip(STATUSES, ("Watching", "Planning", "Completed", "Dropped", "Paused", "Rewatching"), strict=True)),
    "MANGA": dict(zip(STATUSES, ("Reading", "Planning", "Completed", "Dropped", "Paused", "Rereading"), strict=True)),
}
FORMATS = {"TV_SHORT": "TV Short", "MOVIE": "Movie", "SPECIAL": "Special", "MUSIC": "Music"} | {
    "MANGA": "Manga",
    "NOVEL": "Novel",
    "ONE_SHOT": "One Shot",
}
MAX_CHUNK = 500
MIX_UPS = ("MEDIA_TITLE", "MEDIA_POPULARITY")
"""Sorts that give wrong groups and media ids for entry ids: AniList/docs#94, #165."""

SORT_KEYS: Mapping[str, Callable[[Entry], Any]] = {
    "MEDIA_ID": lambda entry: entry.media.id,
    "SCORE": lambda entry: entry.raw,
    "STATUS": lambda entry: STATUSES.index(entry.status),
    "PROGRESS": lambda entry: entry.progress,
    "PROGRESS_VOLUMES": lambda entry: entry.progress_volumes,
    "REPEAT": lambda entry: entry.repeat,
    "PRIORITY": lambda entry: entry.priority,
    "STARTED_ON": lambda entry: fuzzy_int(entry.started),
    "FINISHED_ON": lambda entry: fuzzy_int(entry.completed),
    "ADDED_TIME": lambda entry: entry.created_at,
    "UPDATED_TIME": lambda entry: entry.updated_at,
    "MEDIA_TITLE_ROMAJI": lambda entry: entry.media.title.lower(),
    "MEDIA_TITLE_ENGLISH": lambda entry: (entry.media.english or "").lower(),
    "MEDIA_TITLE_NATIVE": lambda entry: entry.media.title.lower(),
    "MEDIA_POPULARITY": lambda entry: entry.media.popularity,
}


@dataclass(frozen=True, slots=True)
class Group:
    """status is None for a custom list."""

    name: str
    status: str | None
    entries: list[Entry]
    is_custom: bool = False
    is_split: bool = False


def fuzzy_int(date: FuzzyDate) -> int:
    """FuzzyDateInt: YYYYMMDD with zeros for what is unknown."""
    year, month, day = date
    return (year or 0) * 10_000 + (month or 0) * 100 + (day or 0)


def like(pattern: str, text: str) -> bool:
    """SQL's LIKE, which the `_like` arguments carry to the database."""
    escaped = "".join(f"[{sign}]" if sign in "[*?" else sign for sign in pattern.lower())
    return fnmatchcase(text.lower(), escaped.replace("%", "*").replace("_", "?"))


def filter_entries(entries: Iterable[Entry], args: Mapping[str, Any]) -> list[Entry]:
    tests = [test for test in (_build_test(name, value) for name, value in args.items() if value is not None) if test]
    return [entry for entry in entries if all(test(entry) for test in tests)]


def _build_test(name: str, value: Any) -> Callable[[Entry], bool] | None:
    """The condition one argument stands for; None for an argument that is no condition on an entry."""
    simple: Mapping[str, Callable[[Entry], bool]] = {
        "id": lambda entry: entry.id == value,
        "type": lambda entry: entry.media.type == value,
        "status": lambda entry: entry.status == value,
        "status_not": lambda entry: entry.status != value,
        "status_in": lambda entry: entry.status in value,
        "status_not_in": lambda entry: entry.status not in value,
        "mediaId": lambda entry: entry.media.id == value,
        "mediaId_in": lambda entry: entry.media.id in value,
        "mediaId_not_in": lambda entry: entry.media.id not in value,
        "notes": lambda entry: entry.notes == value,
        "notes_like": lambda entry: like(value, entry.notes or ""),
    }
    if name in simple:
        return simple[name]
    field, _, relation = name.partition("_")
    if field not in ("startedAt", "completedAt"):
        return None
    read: Callable[[Entry], FuzzyDate] = (
        (lambda entry: entry.started) if field == "startedAt" else (lambda entry: entry.completed)
    )
    return build_date_test(read, relation, value)


def build_date_test(read: Callable[[Any], FuzzyDate], relation: str, value: Any) -> Callable[[Any], bool]:
    if relation == "like":
        return lambda item: like(value, f"{fuzzy_int(read(item)):08d}")
    if not str(value).isdecimal():
        raise ApiError("FuzzyDateInt must be YYYYMMDD.", 400)
    limit = int(value)
    if relation == "greater":
        return lambda item: fuzzy_int(read(item)) > limit
    if relation == "lesser":
        return lambda item: 0 < fuzzy_int(read(item)) < limit
    return lambda item: fuzzy_int(read(item)) == limit


def sort_entries(entries: Iterable[Entry], sorts: Sequence[str | None] | None) -> list[Entry]:
    """Stable; by media id where nothing is asked for."""
    ordered = sorted(entries, key=SORT_KEYS["MEDIA_ID"])
    for sort in reversed([one for one in sorts or () if one]):
        ordered.sort(key=SORT_KEYS[sort.removesuffix("_DESC")], reverse=sort.endswith("_DESC"))
    return ordered


def is_mixed_up(sorts: Sequence[str | None] | None) -> bool:
    return any(sort.startswith(MIX_UPS) for sort in sorts or () if sort)


def mix_up(entries: Iterable[Entry]) -> list[Entry]:
    return [replace(entry, id=entry.media.id) for entry in entries]


def read_chunk(entries: list[Entry], args: Mapping[str, Any], *, cap: int) -> tuple[list[Entry], bool]:
    """(the entries of this answer, whether another chunk follows). Chunks count from 1; 0 is the first as well."""
    newest = sorted(entries, key=lambda entry: (-entry.updated_at, entry.media.id))[:cap]
    if args.get("chunk") is None:
        return newest, False
    size = min(max(args.get("perChunk") or MAX_CHUNK, 1), MAX_CHUNK)
    first = (max(args["chunk"], 1) - 1) * size
    return newest[first : first + size], first + size < len(newest)


def build_groups(account: Account, entries: list[Entry], args: Mapping[str, Any]) -> list[Group]:
    """One group a status and a custom list, none empty. A hidden entry stands in its custom lists only."""
    type_ = args["type"]
    options = account.lists[type_]
    ordered = sort_entries(entries, args.get("sort"))
    if is_mixed_up(args.get("sort")):
        mixed = mix_up(entry for entry in ordered if not entry.hidden)
        return [Group(NAMES[type_]["CURRENT"], "CURRENT", mixed)] if mixed else []
    split = options.split_completed and not args.get("forceSingleCompletedList")
    groups: dict[str, Group] = {}
    for entry in ordered:
        if not entry.hidden:
            _file_by_status(groups, entry, split=split)
    in_order = sorted(groups.values(), key=lambda group: (STATUSES.index(group.status or "CURRENT"), group.name))
    for name in options.custom_lists:
        members = [entry for entry in ordered if name in entry.custom]
        if members:
            in_order.append(Group(name, None, members, is_custom=True))
    return in_order


def _file_by_status(groups: dict[str, Group], entry: Entry, *, split: bool) -> None:
    name = NAMES[entry.media.type][entry.status]
    is_split = split and entry.status == "COMPLETED"
    if is_split:
        name = f"{name} {FORMATS.get(entry.media.format, entry.media.format)}"
    if name not in groups:
        groups[name] = Group(name, entry.status, [], is_split=is_split)
    groups[name].entries.append(entry)
