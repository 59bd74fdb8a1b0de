"""What Hypothesis draws: a show's real seasons, and entries that share it out among themselves.

Made from one drawn number each, the small ones from small numbers: a world of a hundred draws costs more than its test.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from itertools import pairwise

from hypothesis import strategies as st

from library.episodes.model import Item, Numbering, Place, Seasons, Segment, TargetKind
from tests.library.episodes.shows import ABSOLUTE, NUMBER, POSITION, count, show

SHOW = show("7")
RATIOS = [(1, 1)] * 6 + [(5, 1), (2, 1), (1, 2), (3, 2)]
Truth = tuple[tuple[Item, ...], ...]
seeds = st.integers(0, 99_999)


@dataclass(frozen=True)
class World:
    """A show and the entries in it, with what each episode of each truly is."""

    table: Seasons
    places: tuple[Place, ...]
    truths: tuple[Truth, ...]


def tables() -> st.SearchStrategy[Seasons]:
    return seeds.map(lambda seed: make_table(random.Random(seed), seed))


def worlds(*, ratios: bool = True, known: bool = True, merges: bool = True) -> st.SearchStrategy[World]:
    """Entries that take all regular episodes of a show, one after the other; some begin with a special.

    ratios: some join or cut episodes. known: their totals are. merges: some go over several seasons.
    """
    return seeds.map(lambda seed: make_world(seed, ratios=ratios, known=known, merges=merges))


def make_table(rng: random.Random, seed: int) -> Seasons:
    """One to three seasons, numbered anew in each or counted on; some with specials, some with a hole in them."""
    size = min(seed // 10, 3)
    lengths = [rng.randint(1, 2 + 3 * size) for _ in range(rng.randint(1, 1 + min(size, 2)))]
    ends = [sum(lengths[:at]) for at in range(len(lengths) + 1)]
    counts_on = rng.random() < 0.5
    seasons = {
        number: count(before + 1, after) if counts_on else count(1, after - before)
        for number, (before, after) in enumerate(pairwise(ends), start=1)
    }
    specials = rng.choice([(), (1, 2, 3), (1, 2, 4, 5, 9)])
    return Seasons("t7", seasons | ({0: specials} if specials else {}), is_ended=True)


def make_world(seed: int, *, ratios: bool, known: bool, merges: bool) -> World:
    rng = random.Random(seed)
    table = make_table(rng, seed)
    pieces = [
        (season, start, end)
        for season, numbers in table.numbers.items()
        if season
        for start, end in _cuts(rng, len(numbers))
    ]
    specials = [(0, at, at) for at in range(1, len(table.numbers.get(0, ())) + 1)]
    places: list[Place] = []
    truths: list[Truth] = []
    # Where seasons count on, numbers and positions cannot be held against each other: there is one sort of table then.
    ways = [POSITION, NUMBER] if table.numbers.get(2, (1,))[0] == 1 else [rng.choice([POSITION, NUMBER])]
    while pieces:
        size = rng.randint(1, 3) if merges else 1
        own, pieces = pieces[:size], pieces[size:]
        if merges and specials and rng.random() < 0.25:
            own = [specials.pop(0), *own]
        segments, truth = _segments(rng, own, table, ways=ways, ratios=ratios)
        if not known or rng.random() < 0.5:
            segments[-1] = replace(segments[-1], last=None)
        places.append(Place(f"anilist-{len(places)}", {}, tuple(segments), len(truth) if known else 0))
        truths.append(truth)
    return World(table, tuple(places), tuple(truths))


def _cuts(rng: random.Random, length: int) -> list[tuple[int, int]]:
    """1..length in one to three runs, as positions."""
    at = sorted({rng.randint(1, length) for _ in range(rng.randint(0, 2))} | {length})
    return [(before + 1, after) for before, after in pairwise([0, *at])]


def _segments(
    rng: random.Random, pieces: list[tuple[int, int, int]], table: Seasons, *, ways: list[Numbering], ratios: bool
) -> tuple[list[Segment], Truth]:
    numbering = rng.choice(ways)
    segments: list[Segment] = []
    truth: list[tuple[Item, ...]] = []
    for season, start, end in pieces:
        numbers = table.numbers[season]
        items = [Item(TargetKind.SHOW, table.show, season, number) for number in numbers[start - 1 : end]]
        # Where real numbers have holes, runs that share them out would be cut at the holes.
        per_entry, per_target = rng.choice(RATIOS) if ratios and season else (1, 1)
        if len(items) % per_target:
            per_entry, per_target = 1, 1
        first = len(truth) + 1
        for at in range(0, len(items), per_target):
            truth += [tuple(items[at : at + per_target])] * per_entry
        segment = Segment(SHOW, first=first, last=len(truth), season=season, numbering=numbering)
        shown = numbers[start - 1] if numbering is NUMBER else start
        segments.append(replace(segment, start=shown, per_entry=per_entry, per_target=per_target))
    return segments, tuple(truth)


def whole(table: Seasons) -> Place:
    """One entry that runs through the whole show."""
    return Place("anilist-0", {}, (Segment(SHOW, numbering=ABSOLUTE),))
