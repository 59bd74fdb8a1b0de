"""MyAnimeList's list file in words: its elements, statuses, marks and days, both ways. Pure.

The format is nowhere documented by MyAnimeList; this is what its exports hold and what the usual importers take, as
public descriptions and many programs agree (read 2026-11-26). One file holds one kind.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from library.entry import NO_DATE, Entry, InvalidEntry, Kind, PartialDate, Status, clean_value

SITE = "myanimelist"
SCALE = "10"
"""How finely a score of this file can speak: 1 to 10."""


@dataclass(frozen=True, slots=True)
class Elements:
    """What the elements of one kind are called. kind_number: `user_export_type`. yes, no: of the flag for repeating."""

    row: str
    kind_number: str
    id: str
    title: str
    total: str
    volumes: str
    progress: str
    progress_volumes: str
    repeats: str
    repeating: str
    yes: str
    no: str
    current: str
    planned: str


ELEMENTS: Mapping[Kind, Elements] = {
    Kind.ANIME: Elements(
        row="anime",
        kind_number="1",
        id="series_animedb_id",
        title="series_title",
        total="series_episodes",
        volumes="",
        progress="my_watched_episodes",
        progress_volumes="",
        repeats="my_times_watched",
        repeating="my_rewatching",
        yes="1",
        no="0",
        current="Watching",
        planned="Plan to Watch",
    ),
    Kind.MANGA: Elements(
        row="manga",
        kind_number="2",
        id="manga_mangadb_id",
        title="manga_title",
        total="manga_chapters",
        volumes="manga_volumes",
        progress="my_read_chapters",
        progress_volumes="my_read_volumes",
        repeats="my_times_read",
        repeating="my_rereading",
        yes="YES",
        no="NO",
        current="Reading",
        planned="Plan to Read",
    ),
}
ALIASES: Mapping[str, str] = {
    # Other programs' files.
    "series_mangadb_id": "manga_mangadb_id",
    "series_chapters": "manga_chapters",
    "series_volumes": "manga_volumes",
}
TYPES: Mapping[str, str] = {
    "tv": "TV",
    "tv_short": "TV",
    "movie": "Movie",
    "ova": "OVA",
    "ona": "ONA",
    "special": "Special",
    "tv_special": "TV Special",
    "music": "Music",
    "cm": "CM",
    "pv": "PV",
}
"""Our words for formats in theirs; anything else is "Unknown"."""
_STATUSES: Mapping[str, Status] = {
    "watching": Status.CURRENT,
    "reading": Status.CURRENT,
    "currentlywatching": Status.CURRENT,
    "currentlyreading": Status.CURRENT,
    "1": Status.CURRENT,
    "completed": Status.COMPLETED,
    "2": Status.COMPLETED,
    "onhold": Status.PAUSED,
    "3": Status.PAUSED,
    "dropped": Status.DROPPED,
    "4": Status.DROPPED,
    "plantowatch": Status.PLANNED,
    "plantoread": Status.PLANNED,
    "6": Status.PLANNED,
    "rewatching": Status.REPEATING,
    "rereading": Status.REPEATING,
}
_YES = frozenset({"1", "yes", "true"})
_MARK = re.compile(r"(\d{1,2})(?:\.(\d{1,2}))?")
_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
# XML 1.0 holds no other signs, not even escaped ones.
_NO_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read_status(text: str, repeating: str) -> Status:
    """With the flag any status means repeating: by convention it is then "Completed". Raises InvalidEntry."""
    status = _STATUSES.get(re.sub(r"[\s_-]", "", text.casefold()))
    if status is None:
        raise InvalidEntry("status", f"“{text[:32]}” is none that is known" if text else "is missing")
    return Status.REPEATING if repeating.strip().casefold() in _YES else status


def read_mark(text: str) -> int:
    """0 to 10, perhaps with a point, as a score out of 100. Raises InvalidEntry."""
    found = _MARK.fullmatch(text.strip() or "0")
    score = round(float(found.group()) * 10) if found else 101
    if score > 100:
        raise InvalidEntry("score", f"“{text[:32]}” is not between 0 and 10")
    return score


def read_count(field: str, text: str) -> int:
    """Raises InvalidEntry."""
    text = text.strip() or "0"
    value: int = clean_value(field, int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text)
    return value


def read_day(text: str) -> PartialDate:
    """0000-00-00 is none; 2020-05-00 and 2020-00-00 are what is known of one. Raises InvalidEntry."""
    text = text.strip()
    if not text:
        return NO_DATE
    found = _DAY.fullmatch(text)
    if found is None:
        raise InvalidEntry("date", f"“{text[:32]}” is not YYYY-MM-DD")
    year, month, day = (int(part) for part in found.groups())
    return PartialDate(year, month, day) if year else NO_DATE


def write_status(status: Status, kind: Kind) -> str:
    words = ELEMENTS[kind]
    return {
        Status.CURRENT: words.current,
        Status.PLANNED: words.planned,
        Status.PAUSED: "On-Hold",
        Status.DROPPED: "Dropped",
    }.get(status, "Completed")


def write_mark(score: int) -> int:
    """0..100 as 0..10: halves go up, and an opinion is never written as none."""
    return max(1, (score + 5) // 10) if score else 0


def write_day(date: PartialDate) -> str:
    """Unknown parts are zeros; a day without its year cannot be said."""
    if not date.year:
        return "0000-00-00"
    return f"{date.year:04d}-{date.month:02d}-{date.day if date.month else 0:02d}"


def clean_xml(text: str) -> str:
    """Without what XML cannot hold. Every reader makes one line end of all kinds, so they are written as one."""
    return _NO_XML.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def hold(entry: Entry, kind: Kind) -> Entry:
    """The entry as such a file holds it: whole marks, days with their year, no word on privacy."""
    return replace(
        entry,
        score=write_mark(entry.score) * 10,
        started_on=read_day(write_day(entry.started_on)),
        finished_on=read_day(write_day(entry.finished_on)),
        progress_volumes=entry.progress_volumes if kind is Kind.MANGA else 0,
        notes=clean_xml(entry.notes),
        private=False,
    )
