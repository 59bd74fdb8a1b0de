"""What Hypothesis draws: entries, services, and histories of edits, failures and crashes."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from integrations.capability import SCALES
from library.entry import Entry, PartialDate, Status
from tests.core.world import KITSU, MAL, NARROW, Side, anilist, clamp, complete_when_full

MEDIA = st.integers(1, 3)
FORMATS = ("POINT_100", "POINT_10_DECIMAL", "POINT_10", "POINT_5", "POINT_3")

dates = st.one_of(
    st.just(PartialDate()),
    st.builds(PartialDate, st.just(2024)),
    st.builds(PartialDate, st.just(2024), st.integers(1, 3)),
    st.builds(PartialDate, st.just(2024), st.integers(1, 3), st.integers(1, 3)),
    st.builds(PartialDate, st.just(0), st.integers(1, 2), st.integers(1, 2)),
)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "status": st.sampled_from(list(Status)),
    "progress": st.integers(0, 14),
    "score": st.one_of(st.just(0), st.integers(1, 100), st.sampled_from([1, 4, 5, 14, 15, 85, 87, 90, 95, 100])),
    "started_on": dates,
    "finished_on": dates,
    "repeats": st.sampled_from([0, 1, 2, 50, 60]),
    "notes": st.sampled_from(["", "good", "<b>x</b>"]),
    "private": st.booleans(),
}
entries = st.builds(Entry, **VALUES)


@st.composite
def one_field(draw: st.DrawFn) -> dict[str, Any]:
    name = draw(st.sampled_from(sorted(VALUES)))
    return {name: draw(VALUES[name])}


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


@st.composite
def actions(draw: st.DrawFn, slugs: list[str], *, removals: bool = True) -> list[tuple[Any, ...]]:
    """A history: ("edit", where, media, values) | ("remove", where, media) | ("sweep", where, faults)."""
    where = st.sampled_from([*slugs, "library"])
    edit = st.tuples(st.just("edit"), where, MEDIA, one_field())
    remove = st.tuples(st.just("remove"), where, MEDIA)
    sweep = st.tuples(st.just("sweep"), st.sampled_from(slugs), faults)
    options = [edit, edit, edit, sweep, sweep] + ([remove] if removals else [])
    return draw(st.lists(st.one_of(*options), max_size=14))


def score_scales() -> list[str]:
    return sorted(SCALES)
