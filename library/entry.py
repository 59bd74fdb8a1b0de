"""What one person's state for one work is: the words, the units and the ranges. Pure.

score             0..100, 0 = unscored
progress          episodes or chapters, >= 0, may exceed the total
progress_volumes  volumes, >= 0, manga only
repeats           finished re-watches or re-reads, >= 0
started_on        PartialDate: year, month and day may each be unknown
notes             plain text, "" = none

Nothing outside this file decides a unit or a range.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any

MAX_SCORE = 100
MAX_COUNT = 1_000_000
"""Above any real chapter count; a larger number is a broken payload."""
MAX_NOTES = 65_536
"""Characters kept of a note. None of the services publishes its limit."""


class Kind(StrEnum):
    ANIME = "anime"
    MANGA = "manga"


class Status(StrEnum):
    PLANNED = "planned"
    CURRENT = "current"
    COMPLETED = "completed"
    PAUSED = "paused"
    DROPPED = "dropped"
    REPEATING = "repeating"


class InvalidEntry(ValueError):
    """A value is outside its range. `field` names it; the message is fit for a person."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


@dataclass(frozen=True, slots=True, order=True)
class PartialDate:
    """A calendar day of which any part may be unknown (0). No time, no zone: the person's own day."""

    year: int = 0
    month: int = 0
    day: int = 0

    def __post_init__(self) -> None:
        if not (0 <= self.year <= 9999 and 0 <= self.month <= 12 and 0 <= self.day <= 31):
            raise InvalidEntry("date", f"{self.year}-{self.month}-{self.day} is not a date")

    def __bool__(self) -> bool:
        return bool(self.year or self.month or self.day)

    def __str__(self) -> str:
        if not self:
            return ""
        year = f"{self.year:04d}" if self.year else "????"
        month = f"{self.month:02d}" if self.month else "??"
        day = f"{self.day:02d}" if self.day else "??"
        if not self.month and not self.day:
            return year
        return f"{year}-{month}" if not self.day else f"{year}-{month}-{day}"

    @classmethod
    def parse(cls, text: str) -> PartialDate:
        """The inverse of str(): "", "2024", "2024-05", "2024-05-03", "????-05-03"."""
        if not text:
            return NO_DATE
        parts = text.split("-")
        if len(parts) > 3:
            raise InvalidEntry("date", f"{text!r} is not YYYY, YYYY-MM or YYYY-MM-DD")
        try:
            numbers = [0 if part.strip("?") == "" else int(part) for part in parts]
        except ValueError as error:
            raise InvalidEntry("date", f"{text!r} is not YYYY, YYYY-MM or YYYY-MM-DD") from error
        return cls(*numbers)

    def parts(self) -> tuple[int, int, int]:
        return (self.year, self.month, self.day)

    def coarsens(self, other: PartialDate) -> bool:
        """True when every part known here is the same there: this says nothing that `other` does not."""
        return all(mine in (0, theirs) for mine, theirs in zip(self.parts(), other.parts(), strict=True))


NO_DATE = PartialDate()


@dataclass(frozen=True, slots=True)
class Entry:
    """One person's state for one media. Frozen; see the module docstring for units."""

    status: Status
    progress: int = 0
    progress_volumes: int = 0
    score: int = 0
    started_on: PartialDate = NO_DATE
    finished_on: PartialDate = NO_DATE
    repeats: int = 0
    notes: str = ""
    private: bool = False

    def get(self, field: str) -> Any:
        return getattr(self, field)

    def with_(self, **values: Any) -> Entry:
        return replace(self, **values)

    def changed(self, other: Entry) -> tuple[str, ...]:
        """Fields in which `other` differs, in the order of FIELDS."""
        return tuple(name for name in FIELDS if getattr(self, name) != getattr(other, name))


FIELDS: tuple[str, ...] = tuple(field.name for field in fields(Entry))
DATE_FIELDS = frozenset({"started_on", "finished_on"})
COUNT_FIELDS = frozenset({"progress", "progress_volumes", "repeats"})
EMPTY: dict[str, Any] = {
    "progress": 0,
    "progress_volumes": 0,
    "score": 0,
    "started_on": NO_DATE,
    "finished_on": NO_DATE,
    "repeats": 0,
    "notes": "",
    "private": False,
}
"""What a field holds when nobody has said anything. `status` has no such value."""


def clean_value(field: str, value: Any) -> Any:
    """The value as it may be stored, or InvalidEntry. Accepts JSON forms (text status and dates)."""
    if field == "status":
        try:
            return Status(value)
        except ValueError as error:
            raise InvalidEntry(field, f"{value!r} is none of {', '.join(Status)}") from error
    if field in DATE_FIELDS:
        if isinstance(value, PartialDate):
            return value
        if not isinstance(value, str):
            raise InvalidEntry(field, "must be text like 2024, 2024-05 or 2024-05-03")
        return PartialDate.parse(value)
    if field == "private":
        if not isinstance(value, bool):
            raise InvalidEntry(field, "must be true or false")
        return value
    if field == "notes":
        return _clean_notes(value)
    if field not in FIELDS:
        raise InvalidEntry(field, "is not a field of an entry")
    return _clean_number(field, value)


def _clean_notes(value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidEntry("notes", "must be text")
    # NUL cannot be stored in PostgreSQL text; no service shows it.
    text = value.replace("\x00", "")
    if len(text) > MAX_NOTES:
        raise InvalidEntry("notes", f"is longer than {MAX_NOTES} characters")
    return text


def _clean_number(field: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidEntry(field, "must be a whole number")
    top = MAX_SCORE if field == "score" else MAX_COUNT
    if not 0 <= value <= top:
        raise InvalidEntry(field, f"must be between 0 and {top}")
    return value


def to_json(field: str, value: Any) -> Any:
    """A field's value in its JSON form: dates and status as text, the rest as it is."""
    return str(value) if field in DATE_FIELDS or field == "status" else value


def entry_to_json(entry: Entry) -> dict[str, Any]:
    return {name: to_json(name, getattr(entry, name)) for name in FIELDS}


def entry_from_json(data: dict[str, Any]) -> Entry:
    """Raises InvalidEntry. Missing fields are empty; `status` is required; unknown keys are refused."""
    if "status" not in data:
        raise InvalidEntry("status", "is required")
    return Entry(**{name: clean_value(name, value) for name, value in data.items()})
