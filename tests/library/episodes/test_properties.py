"""What holds for every show and every way to share it out among entries."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from library.episodes.bounds import bound
from library.episodes.model import Item, Place, Seasons
from library.episodes.progress import HIGHEST, UNBROKEN, is_complete, plays_for, progress_of
from library.episodes.resolve import Resolved, resolve
from tests.library.episodes import strategies as draw
from tests.library.episodes.strategies import SHOW, World


def at(place: Place, table: Seasons) -> Resolved:
    return resolve(place, {SHOW: table}, {SHOW: table.show})


def resolved(world: World) -> list[Resolved]:
    return [at(place, world.table) for place in world.places]


def shares(where: Resolved, progress: int) -> bool:
    """True when the next episode is some of the same: between the two, a play would say too much."""
    return bool(set(where.items[progress - 1]).intersection(*where.items[progress : progress + 1]))


def cut(table: Seasons, missing: int) -> Seasons:
    """Without the last episodes of the last season."""
    last = max(table.numbers)
    left = table.numbers[last][: max(len(table.numbers[last]) - missing, 0)]
    return replace(table, numbers={**table.numbers, last: left})


@given(draw.worlds())
def test_every_episode_is_what_it_truly_is(world: World) -> None:
    assert [where.items for where in resolved(world)] == list(world.truths)
    assert [where.held for where in resolved(world)] == [()] * len(world.places)


@given(draw.worlds())
def test_progress_survives_the_way_there_and_back(world: World) -> None:
    for where in resolved(world):
        for progress in range(len(where.items) + 1):
            plays = plays_for(where, progress)
            back = {progress_of(where, plays, way=way) for way in (UNBROKEN, HIGHEST)}
            assert len(back) == 1
            assert max(back) <= progress
            if progress == 0 or (progress < len(where.items) and not shares(where, progress)):
                assert back == {progress}
        assert progress_of(where, plays_for(where, len(where.items))) == len(where.items)


@given(draw.worlds(), st.randoms(use_true_random=True))
def test_a_second_sync_posts_nothing(world: World, rng: Random) -> None:
    """Whatever was watched there before: what was posted and read back asks for nothing more."""
    for where in resolved(world):
        everything = sorted({item for items in where.items for item in items})
        watched = set(rng.sample(everything, min(rng.randint(0, 4), len(everything))))
        progress = max(rng.randint(0, len(where.items)), progress_of(where, watched))
        watched |= set(plays_for(where, progress))
        again = max(progress, progress_of(where, watched))
        watched |= set(plays_for(where, again))
        assert set(plays_for(where, max(again, progress_of(where, watched)))) - watched == set()
        assert progress_of(where, watched) <= max(again, progress_of(where, watched, way=HIGHEST))


@given(draw.worlds(), st.randoms(use_true_random=True))
def test_more_progress_is_more_plays_and_more_plays_more_progress(world: World, rng: Random) -> None:
    for where in resolved(world):
        plays = [plays_for(where, progress) for progress in range(len(where.items) + 1)]
        assert all(set(less) <= set(more) for less, more in pairwise(plays))
        assert all(len(set(some)) == len(some) for some in plays)
        fewer, more = ({item for item in plays[-1] if rng.random() < 0.5} for _ in range(2))
        more |= fewer
        for way in (UNBROKEN, HIGHEST):
            assert progress_of(where, fewer, way=way) <= progress_of(where, more, way=way)
        assert is_complete(where, plays[-1]) is True
        assert is_complete(where, plays[-1][1:]) is False


@given(draw.worlds())
def test_entries_that_do_not_overlap_never_claim_one_episode(world: World) -> None:
    claimed: list[Item] = [item for where in resolved(world) for item in plays_for(where, len(where.items))]
    assert len(set(claimed)) == len(claimed)
    assert [place.flag for place in bound(world.places)] == [""] * len(world.places)


@given(draw.worlds(), st.integers(0, 20))
def test_a_table_that_is_behind_holds_the_rest_and_moves_nothing(world: World, missing: int) -> None:
    table = cut(world.table, missing)
    there = {(season, number) for season, numbers in table.numbers.items() for number in numbers}
    for place, truth in zip(world.places, world.truths, strict=True):
        where = at(place, table)
        expected = [items if all((item.season, item.number) in there for item in items) else () for items in truth]
        assert list(where.items) == expected
        assert where.held == tuple(n for n, items in enumerate(expected, start=1) if not items)


@given(draw.worlds(ratios=False, known=False, merges=False))
def test_entries_of_unknown_length_end_where_the_next_begins(world: World) -> None:
    places = bound(world.places)
    assert [at(place, world.table).items for place in places] == list(world.truths)
    assert [place.flag for place in places] == [""] * len(places)


@given(draw.tables())
def test_an_entry_through_the_whole_show_takes_every_regular_episode(table: Seasons) -> None:
    where = at(draw.whole(table), table)
    real = [(season, number) for season, numbers in sorted(table.numbers.items()) if season for number in numbers]
    assert [(item.season, item.number) for (item,) in where.items] == real
    for progress in range(len(where.items) + 1):
        assert progress_of(where, plays_for(where, progress)) == progress


@given(draw.worlds(), draw.tables())
def test_nothing_outside_the_table_is_ever_played(world: World, other: Seasons) -> None:
    """Places made for another show: held or refused, never out of range."""
    there = {(season, number) for season, numbers in other.numbers.items() for number in numbers}
    for place in world.places:
        where = at(place, other)
        played = {(item.season, item.number) for item in plays_for(where, 1000)}
        assert played <= there
