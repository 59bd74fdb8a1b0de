"""What a list file holds, as values: entries, what could not be read of it, and the limits. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from library.entry import Entry, Kind
from library.stamps import Stamps

MAX_ENTRIES = 50_000
"""Rows of one file, good and bad ones. The longest public lists have some 30,000."""
MAX_PROBLEMS = 500
"""Rows that are told one by one; the rest is counted."""
MAX_NAMES = 100
"""Different names of fields that are counted one by one."""
MAX_TITLE = 500
MAX_TITLES = 20

_SITE = re.compile(r"[a-z][a-z0-9_]{0,31}")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{0,63}")
# Control characters, and those that turn the direction of what stands around them.
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufffe\uffff]")


class Format(StrEnum):
    MAL_XML = "mal_xml"
    JSON = "json"
    CSV = "csv"


class FileRefused(ValueError):
    """The file is not read at all. The message is for a person; `code`: too_large, too_many, packed, encoding, unsafe,
    unknown, empty or version."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class CutShort(ValueError):
    """The file ends in the middle, or is damaged from here on. The message is for a person; what came before counts."""


@dataclass(frozen=True, slots=True)
class FileWork:
    """What a file says of a work. ids: {site: id there}; titles: the main one first. Numbers: 0 = unknown."""

    kind: Kind
    ids: Mapping[str, str] = field(default_factory=dict)
    titles: tuple[str, ...] = ()
    format: str = ""
    year: int = 0
    total: int = 0
    volumes: int = 0

    @property
    def title(self) -> str:
        return self.titles[0] if self.titles else ""


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One row. stamps: when each field was given; 0 = the file does not tell. place: its line or number, from 1."""

    work: FileWork
    entry: Entry
    stamps: Stamps = field(default_factory=dict)
    place: int = 0


@dataclass(frozen=True, slots=True)
class Problem:
    """A row, or a part of one, that was left out, and why."""

    place: int
    text: str
    title: str = ""


@dataclass(slots=True)
class Reading:
    """What came of reading one file.

    rows: all that were met. more_problems: beyond those that are told. ignored: {name of a field: how often}, fields
    that have no place here. cut_short: why the reading ended before the file did, "" = it did not.
    """

    format: Format
    entries: list[FileEntry] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    rows: int = 0
    more_problems: int = 0
    ignored: Counter[str] = field(default_factory=Counter)
    cut_short: str = ""

    def begin_row(self) -> None:
        """Raises FileRefused at the row that is one too many."""
        self.rows += 1
        if self.rows > MAX_ENTRIES:
            raise FileRefused("too_many", f"This file has more than {MAX_ENTRIES:,} entries.")

    def complain(self, place: int, text: str, *, title: str = "") -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(place, text[:300], title))
        else:
            self.more_problems += 1

    def ignore(self, name: str) -> None:
        """A field that cannot be carried over."""
        name = clean_line(name)[:64]
        if name in self.ignored or len(self.ignored) < MAX_NAMES:
            self.ignored[name] += 1


def clean_line(text: str, *, limit: int = MAX_TITLE) -> str:
    """One line of text without signs that nobody sees."""
    return " ".join(_UNFIT.sub(" ", text).split())[:limit].rstrip()


def clean_titles(titles: object) -> tuple[str, ...]:
    """At most MAX_TITLES different ones; what is no text is left out."""
    given = titles if isinstance(titles, list | tuple) else [titles]
    cleaned = (clean_line(title) for title in given if isinstance(title, str))
    return tuple(dict.fromkeys(title for title in cleaned if title))[:MAX_TITLES]


def clean_id(site: object, value: object) -> tuple[str, str] | None:
    """(site, id) as they may be stored, None for what is no id. 0 is how several formats say "none"."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(site, str) or not isinstance(value, str):
        return None
    value = value.strip()
    if not _SITE.fullmatch(site) or not _ID.fullmatch(value) or value == "0":
        return None
    return site, value
