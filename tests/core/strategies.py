"""What Hypothesis draws: entries, services, and histories of edits, failures and crashes."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from integrations.capability import SCALES
from library.entry import Entry, PartialDate, Status
from tests.core.services import KITSU, MAL, NARROW, Side, anilist, clamp, complete_when_full
from tests.core.world import LIBRARY

MEDIA = st.integers(1, 3)
FORMATS = ("POINT_100", "POINT_10_DECIMAL", "POINT_10", "POINT_5", "POINT_3")

# Drawn from lists rather than built: a history is mostly drawing, and every draw costs.
DATES = [
    PartialDate(year, month, day)
    for year, months, days in ((2024, range(4), range(4)), (0, (1, 2), (1, 2)), (0, (0,), (0,)))
    for month in months
    for day in days
    if month or not day
]
SCORES = [0, 87, 90, 85, 1, 4, 5, 14, 15, 95, 100, *range(1, 101)]
CHOICES: dict[str, list[Any]] = {
    "status": list(Status),
    "progress": list(range(15)),
    "score": SCORES,
    "started_on": DATES,
    "finished_on": DATES,
    "repeats": [0, 1, 2, 50, 60],
    "notes": ["", "good", "<b>x</b>"],
    "private": [False, True],
}
VALUES: dict[str, st.SearchStrategy[Any]] = {name: st.sampled_from(values) for name, values in CHOICES.items()}
entries = st.builds(Entry, **VALUES)
EDITS = [
    {name: values[turn * len(values) // 30]} for turn in range(30) for name, values in sorted(CHOICES.items())
]
"""Thirty edits of each field, spread over its values."""


def one_field() -> st.SearchStrategy[dict[str, Any]]:
    """{field: value}."""
    return st.sampled_from(EDITS)


def make_side(slug: str) -> Side:
    """A fresh side by its slug: anilist:<FORMAT>, myanimelist, kitsu, narrow."""
    if slug.startswith("anilist"):
        return Side(slug, anilist(slug.partition(":")[2]))
    if slug == "myanimelist":
        return Side(slug, MAL, clamp)
    if slug == "kitsu":
        return Side(slug, KITSU, complete_when_full)
    return Side(slug, NARROW)


SLUGS = [f"anilist:{name}" for name in FORMATS] + ["myanimelist", "kitsu", "narrow"]
STEADY = [slug for slug in SLUGS if slug != "kitsu"]
"""Services that do not alter entries, within the values drawn here except for MyAnimeList's cut progress."""

sides = st.lists(st.sampled_from(SLUGS), min_size=2, max_size=3, unique=True)
steady_sides = st.lists(st.sampled_from(STEADY), min_size=2, max_size=3, unique=True)
full_sides = st.lists(st.sampled_from([s for s in STEADY if s != "narrow"]), min_size=2, max_size=3, unique=True)

faults = st.lists(st.sampled_from(["", "", "fail", "lost", "crash"]), min_size=0, max_size=4)

reads = st.one_of(st.none(), st.none(), st.none(), st.frozensets(MEDIA, max_size=2))


@st.composite
def actions(draw: st.DrawFn, slugs: list[str], *, removals: bool = True, faulty: bool = True) -> list[tuple[Any, ...]]:
    """A history: ("edit", where, media, values) | ("remove", where, media) | ("sweep", where, faults, only).

    `faults` befall the steps of the sweep in turn, the library's commit first; `only` are the media that a read cut
    short still brought, None = the read was complete.
    """
    where = st.sampled_from([*slugs, LIBRARY])
    edit = st.tuples(st.just("edit"), where, MEDIA, one_field())
    remove = st.tuples(st.just("remove"), where, MEDIA)
    trouble = (faults, reads) if faulty else (st.just([]), st.none())
    sweep = st.tuples(st.just("sweep"), st.sampled_from(slugs), *trouble)
    options = [edit, edit, edit, sweep, sweep] + ([remove] if removals else [])
    return draw(st.lists(st.one_of(*options), max_size=14))


def score_scales() -> list[str]:
    return sorted(SCALES)
