"""An entry in human words. Pure: no markup, no service, the same for pages, mails and the command line."""

from __future__ import annotations

from typing import Any

from library.entry import DATE_FIELDS, InvalidEntry, Kind, PartialDate, Status

NOTHING = "nothing"
NOTES_SHOWN = 140
"""Characters of a note that a before/after line shows."""

_STATUS: dict[Kind, dict[Status, str]] = {
    Kind.ANIME: {
        Status.PLANNED: "Plan to watch",
        Status.CURRENT: "Watching",
        Status.COMPLETED: "Completed",
        Status.PAUSED: "On hold",
        Status.DROPPED: "Dropped",
        Status.REPEATING: "Rewatching",
    },
    Kind.MANGA: {
        Status.PLANNED: "Plan to read",
        Status.CURRENT: "Reading",
        Status.COMPLETED: "Completed",
        Status.PAUSED: "On hold",
        Status.DROPPED: "Dropped",
        Status.REPEATING: "Rereading",
    },
}
_FIELDS = {
    "status": "Status",
    "progress_volumes": "Volumes",
    "score": "Score",
    "started_on": "Started",
    "finished_on": "Finished",
    "notes": "Notes",
    "private": "Private",
}
_FIELDS_BY_KIND = {
    "progress": {Kind.ANIME: "Episodes", Kind.MANGA: "Chapters"},
    "repeats": {Kind.ANIME: "Times rewatched", Kind.MANGA: "Times reread"},
}
_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


def quote_title(title: str) -> str:
    """A title inside a sentence. Isolated (U+2068, U+2069), so that marks in it cannot turn the sentence around."""
    return f"“\u2068{title}\u2069”"


def kind_words(kind: str) -> str:
    return {"anime": "Anime", "manga": "Manga"}.get(kind, kind)


def status_words(kind: str, status: str) -> str:
    """ "Watching" or "Reading", by kind; an unknown word is given back as it is."""
    try:
        return _STATUS[Kind(kind)][Status(status)]
    except (ValueError, KeyError):
        return status


def status_choices(kind: str) -> list[tuple[str, str]]:
    return [(str(status), status_words(kind, status)) for status in Status]


def field_words(kind: str, field: str) -> str:
    by_kind = _FIELDS_BY_KIND.get(field)
    if by_kind is not None:
        return by_kind.get(Kind(kind), field) if kind in tuple(Kind) else field
    return _FIELDS.get(field, field)


def date_words(date: PartialDate) -> str:
    """ "3 May 2024", "May 2024", "2024", "3 May", … ; unknown parts are left out, nothing is invented."""
    if not date:
        return NOTHING
    month = _MONTHS[date.month - 1] if date.month else ""
    if date.day and not month:
        # A day without its month says nothing by itself, so it is named as what it is.
        return f"day {date.day} of {date.year}" if date.year else f"day {date.day}"
    parts = [str(date.day) if date.day else "", month, str(date.year) if date.year else ""]
    return " ".join(part for part in parts if part)


def value_words(field: str, value: Any, *, kind: str) -> str:
    """One field's value (as stored or in its JSON form) for a person to read. Scores are out of 100."""
    if value is None:
        return NOTHING
    if field == "status":
        return status_words(kind, str(value))
    if field in DATE_FIELDS:
        return _date_value_words(value)
    if field == "score":
        return f"{value}/100" if value else "no score"
    if field == "private":
        return "private" if value else "public"
    if field == "notes":
        return _note_words(str(value))
    return str(value)


def _date_value_words(value: Any) -> str:
    try:
        return date_words(value if isinstance(value, PartialDate) else PartialDate.parse(str(value)))
    except InvalidEntry:
        return str(value)


def _note_words(text: str) -> str:
    line = " ".join(text.split())
    if not line:
        return NOTHING
    return f"“{line[:NOTES_SHOWN]}…”" if len(line) > NOTES_SHOWN else f"“{line}”"
