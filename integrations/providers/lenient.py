"""Values from a service, made to fit the ranges of `library.entry`. Pure.

One odd value must not cost a person the other 999 entries, so what merely lies outside a range is brought to its
edge, the same way on every read. What cannot be understood at all raises InvalidEntry; its entry is then left out
and the read counts as incomplete, because an unknown value is not an empty one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache

from library.entry import (
    MAX_COUNT,
    MAX_NOTES,
    MAX_SCORE,
    NO_DATE,
    InvalidEntry,
    PartialDate,
)

Number = int | float
MAX_TITLE = 500
"""Characters of `library.models.Media.title`."""
MAX_MESSAGE = 120
MOST_PEOPLE = 2**31 - 1
# Overrides and isolates of text direction: they would turn the text around a title as well.
_DIRECTION = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
_DATE = re.compile(r"(\d{1,5})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")
# No service of this world began to keep lists after this; larger numbers are milliseconds or broken.
_LATEST_MOMENT = 253_402_300_799


def read_count(value: Number | None) -> int:
    """A count in 0..MAX_COUNT; None and negative numbers are 0."""
    return int(min(max(value or 0, 0), MAX_COUNT))


def read_people(value: Number | None) -> int:
    """How many people; None and negative numbers are 0."""
    return int(min(max(value or 0, 0), MOST_PEOPLE))


def read_score(value: Number | None) -> int:
    """A score on the scale 0..100, rounded half up; a mark above 0 never becomes "no score"."""
    bounded = min(max(value or 0, 0), MAX_SCORE)
    return max(int(bounded + 0.5), 1) if bounded > 0 else 0


@lru_cache(maxsize=8192)
def read_date(year: int | None, month: int | None, day: int | None) -> PartialDate:
    """A date whose impossible parts are unknown."""

    def within(value: int | None, top: int) -> int:
        return value if value is not None and 1 <= value <= top else 0

    return PartialDate(within(year, 9999), within(month, 12), within(day, 31))


@lru_cache(maxsize=8192)
def read_date_text(text: str | None) -> PartialDate:
    """YYYY, YYYY-MM or YYYY-MM-DD, zeros for unknown parts. Other text raises InvalidEntry: it is not "no date"."""
    if not text:
        return NO_DATE
    match = _DATE.fullmatch(text.strip())
    if match is None:
        raise InvalidEntry("date", "is not YYYY, YYYY-MM or YYYY-MM-DD")
    year, month, day = (int(part) if part else None for part in match.groups())
    return read_date(year, month, day)


def read_note(text: str | None) -> str:
    """Plain text without NUL, cut at MAX_NOTES characters; what was cut stays at the service until notes are edited."""
    return (text or "").replace("\x00", "")[:MAX_NOTES]


def read_moment(seconds: Number | None) -> datetime | None:
    """Unix seconds as UTC; None for 0, negative and impossible ones."""
    if seconds is None or not 0 < seconds <= _LATEST_MOMENT:
        return None
    return datetime.fromtimestamp(seconds, UTC)


def read_moment_text(text: str | None) -> datetime | None:
    """ISO 8601 as UTC; a time without a zone is taken for UTC; None for what is no time."""
    try:
        moment = datetime.fromisoformat(text or "")
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        # The first and the last day there are may lie outside of all days elsewhere.
        return None


def read_titles(texts: Iterable[str | None]) -> tuple[str, ...]:
    """One line each, without control and direction marks, no empty ones, no duplicates, in their order."""
    lines = (clean_line(text, limit=MAX_TITLE) for text in texts if text)
    return tuple(dict.fromkeys(line for line in lines if line))


def read_year(value: int | None) -> int:
    return value if value is not None and 1 <= value <= 9999 else 0


def clean_line(text: str, *, limit: int = MAX_MESSAGE) -> str:
    """`text` as one printable line of at most `limit` characters."""
    # Printable: nothing to replace. Nearly every title is, and the long way costs most of reading a large list.
    if not text.isprintable():
        text = "".join(" " if unicodedata.category(char) == "Cc" else char for char in text.translate(_DIRECTION))
    return " ".join(text.split())[:limit].rstrip()


def number_ids(ids: Iterable[str]) -> list[int]:
    """The ids that can be ids at services which number their works (32 bit), without duplicates."""
    numbers = (int(text) for text in ids if text.isascii() and text.isdigit() and len(text) <= 10)
    return list(dict.fromkeys(number for number in numbers if 0 < number < 2**31))
