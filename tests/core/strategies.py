"""What Hypothesis draws: entries, services, and histories of edits, failures and crashes."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import permutations, product
from typing import Any

from hypothesis import strategies as st

from integrations.capability import SCALES
from library.entry import Entry, PartialDate, Status
from tests.core.services import KITSU, MAL, NARROW, TRAKT, Side, anilist, clamp, complete_when_full, record
from tests.core.world import LIBRARY

MEDIA = 3
"""Works in the world, numbered from 1."""
FORMATS = ("POINT_100", "POINT_10_DECIMAL", "POINT_10", "POINT_5", "POINT_3")

# Drawn from lists rather than built: a history is mostly drawing, and every draw costs.
DATES = [
    PartialDate(year, month, day)
    for year, months, days in ((0, (0,), (0,)), (2024, range(4), range(4)), (0, (1, 2), (1, 2)))
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
EDITS = [{name: values[turn * len(values) // 30]} for turn in range(30) for name, values in sorted(CHOICES.items())]
"""Thirty edits of each field, spread over its values."""


CLOSE: dict[str, list[Any]] = {
    "score": [80, 83, 84, 85, 87, 90],
    "started_on": [
        PartialDate(*parts) for parts in ((2024, 1, 1), (2024, 1), (2024,), (2023,), (0, 1, 1), (0, 1, 2), ())
    ],
}
"""Values so near to each other that one service tells them apart and another does not."""


def one_field() -> st.SearchStrategy[dict[str, Any]]:
    """{field: value}."""
    return st.sampled_from(EDITS)


def make_side(slug: str) -> Side:
    """A fresh side by its slug: anilist:<FORMAT>, myanimelist, kitsu, trakt, narrow."""
    if slug.startswith("anilist"):
        return Side(slug, anilist(slug.partition(":")[2]))
    if slug == "myanimelist":
        return Side(slug, MAL, clamp)
    if slug == "twenty":
        # Kitsu's marks and days on a server that alters nothing.
        return Side(slug, replace(KITSU, alters=frozenset()))
    if slug == "kitsu":
        return Side(slug, KITSU, complete_when_full)
    if slug == "trakt":
        return Side(slug, TRAKT, record)
    return Side(slug, NARROW)


SLUGS = [f"anilist:{name}" for name in FORMATS] + ["myanimelist", "kitsu", "narrow"]
STEADY = [slug for slug in SLUGS if slug != "kitsu"]
"""Services that do not alter entries, within the values drawn here except for MyAnimeList's cut progress."""


def some_of(slugs: list[str]) -> st.SearchStrategy[list[str]]:
    """Two different services, or half as often three, in any order."""
    pairs, threes = list(permutations(slugs, 2)), list(permutations(slugs, 3))
    return st.sampled_from([list(some) for some in (*pairs * (2 * len(threes) // len(pairs)), *threes)])


sides = some_of(SLUGS)
steady_sides = some_of(STEADY)
full_sides = some_of([slug for slug in STEADY if slug != "narrow"])

FAULTS = [list(faults) for length in range(4) for faults in product(("", "fail", "lost", "crash"), repeat=length)]
READS: list[frozenset[int] | None] = [None, None, None, frozenset(), frozenset({1}), frozenset({2, 3})]
faults = st.sampled_from(FAULTS)
reads = st.sampled_from(READS)


@cache
def _steps(slugs: tuple[str, ...], removals: bool, faulty: bool, works: int) -> st.SearchStrategy[tuple[Any, ...]]:
    """One step of a history in two draws. The numbers at the ends are how often each sort is taken."""
    places, media = [*slugs, LIBRARY], range(1, works + 1)
    edits = [("edit", place, one, edit) for edit in EDITS for place in places for one in media]
    sweeps: list[tuple[Any, ...]] = [
        ("sweep", slug, fault, read)
        for fault in (FAULTS if faulty else [[]])
        for read in (READS if faulty else [None])
        for slug in slugs
    ]
    removes = [("remove", place, one) for place in places for one in media]
    options = [st.sampled_from(edits)] * 3 + [st.sampled_from(sweeps)] * 2
    return st.one_of(*options, *([st.sampled_from(removes)] if removals else []))


def actions(
    slugs: list[str], *, removals: bool = True, faulty: bool = True, works: int = MEDIA
) -> st.SearchStrategy[list[tuple[Any, ...]]]:
    """A history: ("edit", where, media, values) | ("remove", where, media) | ("sweep", where, faults, only).

    `faults` befall the steps of the sweep in turn, the library's commit first; `only` are the media that a read cut
    short still brought, None = the read was complete.
    """
    return st.lists(_steps(tuple(slugs), removals, faulty, works), max_size=12)


def score_scales() -> list[str]:
    return sorted(SCALES)
