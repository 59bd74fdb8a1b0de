"""What a side can hold, and how an entry looks there. Pure.

A service that shows five stars cannot say 83. So every comparison is made in the side's own
projection: `project(entry, capability)` is the entry as that side would hold it, and a score that
was read stands for the whole range of opinions that its mark covers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from library.entry import DATE_FIELDS, EMPTY, FIELDS, NO_DATE, Entry, PartialDate, Status


@dataclass(frozen=True, slots=True)
class Scale:
    """The marks a person can give on one service, in our 0..100, and what each stands for.

    marks: ascending, without 0 (unscored is no mark).
    tops:  for each mark the highest 0..100 score it stands for; the first mark stands for everything
           from 1, the last for everything to 100.
    exact: the service stores any 0..100 whatever the person's own marks are (AniList's scoreRaw), so
           we write the score as it is; a value between marks came from a finer hand and is exact.
    """

    slug: str
    marks: tuple[int, ...]
    tops: tuple[int, ...]
    exact: bool = False

    def mark(self, score: int) -> int:
        """The mark that stands for `score`; 0 for 0. A score never becomes "no score"."""
        if score <= 0:
            return 0
        for mark, top in zip(self.marks, self.tops, strict=True):
            if score <= top:
                return mark
        return self.marks[-1]

    def write(self, score: int) -> int:
        """What we send for `score`."""
        return score if self.exact else self.mark(score)

    def opinions(self, score: int) -> tuple[int, int]:
        """Lowest and highest score that a value read on this scale may mean, both included."""
        if score <= 0:
            return (0, 0)
        if score not in self.marks:
            return (score, score)
        at = self.marks.index(score)
        low = 1 if at == 0 else self.tops[at - 1] + 1
        return (low, self.tops[at])


def _stepped(slug: str, step: int, *, lowest: int = 0, exact: bool = False) -> Scale:
    """Marks every `step` from `lowest` (default: one step), each standing for what rounds half up to it."""
    marks = tuple(range(lowest or step, 101, step))
    tops = (*(mark + (step + 1) // 2 - 1 for mark in marks[:-1]), 100)
    return Scale(slug, marks, tops, exact)


# AniList's own thresholds for stars and smileys: providers/anilist.md 6.1, read 2026-11-21.
_STARS = ((10, 30, 50, 70, 90), (29, 49, 69, 89, 100))
_SMILEYS = ((35, 60, 85), (35, 60, 100))

SCALES: Mapping[str, Scale] = {
    scale.slug: scale
    for scale in (
        _stepped("100", 1),
        _stepped("10", 10),
        # Kitsu's ratingTwenty runs from 2 to 20: providers/kitsu.md 9, read 2026-11-21.
        _stepped("20", 5, lowest=10),
        # AniList's five formats: it stores 0..100 underneath, whatever the person is shown.
        _stepped("anilist:POINT_100", 1, exact=True),
        _stepped("anilist:POINT_10_DECIMAL", 1, exact=True),
        _stepped("anilist:POINT_10", 10, exact=True),
        Scale("anilist:POINT_5", *_STARS, exact=True),
        Scale("anilist:POINT_3", *_SMILEYS, exact=True),
    )
}
LIBRARY_SCALE = SCALES["100"]


@dataclass(frozen=True, slots=True)
class Capability:
    """What one connection can hold for one kind. Built by its provider, per account.

    fields:      the entry fields it can hold; the others are never compared nor written.
    scale:       see Scale.
    statuses:    the statuses it can hold; an entry in another one is shown there as `fallback` says.
    full_dates:  True when only whole dates can be stored; a partial one is projected to none.
    needs_year:  True when a date without its year cannot be stored.
    alters:      fields that its server may change by itself when an entry is saved.
    limits:      highest storable count per field, e.g. {"repeats": 50}.
    clamps:      True when its server cuts progress to the known total.
    rises:       fields of which this side keeps a record that only grows (Trakt's plays). Its value counts only where
                 it is further than the library's, and it is never asked to go back.
    bare:        statuses it can hold without progress; an entry in another one leaves no trace there before that.
    """

    fields: frozenset[str]
    scale: Scale
    statuses: frozenset[Status] = frozenset(Status)
    fallback: Mapping[Status, Status] = field(default_factory=dict)
    can_delete: bool = True
    full_dates: bool = False
    needs_year: bool = False
    alters: frozenset[str] = frozenset()
    limits: Mapping[str, int] = field(default_factory=dict)
    clamps: bool = False
    rises: frozenset[str] = frozenset()
    bare: frozenset[Status] = frozenset(Status)

    def only(self, chosen: frozenset[str]) -> Capability:
        """This capability restricted to the fields a person chose to sync."""
        return replace(self, fields=self.fields & chosen)


@dataclass(frozen=True, slots=True)
class Totals:
    """What the side says a work has in all; 0 = unknown."""

    progress: int = 0
    progress_volumes: int = 0


NO_TOTALS = Totals()


def shown_value(name: str, value: Any, capability: Capability, totals: Totals = NO_TOTALS) -> Any:
    """One field as a person sees it on this side: the projection, and of a score the mark."""
    return capability.scale.mark(value) if name == "score" else project_value(name, value, capability, totals)


def project_value(name: str, value: Any, capability: Capability, totals: Totals = NO_TOTALS) -> Any:
    """One field as this side would hold it after we wrote it."""
    if name == "score":
        return capability.scale.write(value)
    if name == "status":
        return value if value in capability.statuses else capability.fallback.get(value, value)
    if name in DATE_FIELDS:
        return _project_date(value, capability)
    limit = capability.limits.get(name)
    if limit is not None:
        value = min(value, limit)
    if capability.clamps and name in ("progress", "progress_volumes"):
        total = getattr(totals, name)
        value = min(value, total) if total else value
    return value


def _project_date(value: PartialDate, capability: Capability) -> PartialDate:
    whole = bool(value.year and value.month and value.day)
    if capability.full_dates and not whole:
        return NO_DATE
    if capability.needs_year and not value.year:
        return NO_DATE
    if capability.needs_year and value.day and not value.month:
        return PartialDate(value.year)
    return value


def project(entry: Entry, capability: Capability, totals: Totals = NO_TOTALS) -> Entry:
    """The entry as this side would hold it; fields it cannot hold are empty."""
    values = {
        name: project_value(name, getattr(entry, name), capability, totals)
        if name in capability.fields
        else EMPTY[name]
        for name in FIELDS
        if name != "status"
    }
    status = project_value("status", entry.status, capability) if "status" in capability.fields else entry.status
    return Entry(status=status, **values)


def leaves_trace(shown: Entry, capability: Capability) -> bool:
    """False for a projected entry of which a side would keep nothing: no progress, in a status that it cannot hold
    without."""
    return shown.progress > 0 or shown.status in capability.bare
