"""Entries whose episodes are joined or cut over there."""

from __future__ import annotations

import pytest

from library.episodes.progress import HIGHEST, is_complete, plays_for, progress_of
from tests.library.episodes.shows import FRIEREN, count, episode, part, place, resolved, show, table

TEN = {show(FRIEREN): table(FRIEREN, {0: count(1, 10), 1: count(1, 10)})}
JOINED = place(part(show(FRIEREN), 0, per_entry=5, last=10), total=10)
"""AniList 110615: ten short episodes, five in each special."""
SPLIT = place(part(show(FRIEREN), per_target=2), total=5)


def test_joined_episodes_share_their_target() -> None:
    where = resolved(JOINED, TEN)
    assert where.items == ((episode(FRIEREN, 0, 1),),) * 5 + ((episode(FRIEREN, 0, 2),),) * 5


@pytest.mark.parametrize(("progress", "plays"), [(0, 0), (4, 0), (5, 1), (9, 1), (10, 2)])
def test_a_joined_target_is_played_with_the_last_of_its_episodes(progress: int, plays: int) -> None:
    """Played with the first it would be read back as all five."""
    where = resolved(JOINED, TEN)
    assert len(plays_for(where, progress)) == plays
    assert progress_of(where, plays_for(where, progress)) == plays * 5


def test_a_watched_target_counts_for_all_its_episodes() -> None:
    where = resolved(JOINED, TEN)
    assert progress_of(where, [episode(FRIEREN, 0, 1)]) == 5
    assert progress_of(where, [episode(FRIEREN, 0, 2)]) == 0
    assert progress_of(where, [episode(FRIEREN, 0, 2)], way=HIGHEST) == 10


def test_a_cut_episode_is_all_of_its_targets_and_counts_only_with_all() -> None:
    where = resolved(SPLIT, TEN)
    first, second = episode(FRIEREN, 1, 1), episode(FRIEREN, 1, 2)
    assert where.items[0] == (first, second)
    assert plays_for(where, 1) == (first, second)
    assert progress_of(where, [first]) == 0
    assert progress_of(where, [first, second]) == 1
    assert is_complete(where, plays_for(where, 5)) is True


def test_a_cut_episode_is_held_until_all_of_it_is_there() -> None:
    where = resolved(SPLIT, {show(FRIEREN): table(FRIEREN, {1: count(1, 9)})})
    assert (len(where.items[3]), where.items[4], where.held) == (2, (), (5,))


def test_a_last_group_that_is_not_full_is_played_with_the_entry_s_end() -> None:
    where = resolved(place(part(show(FRIEREN), per_entry=5), total=7), TEN)
    assert plays_for(where, 6) == (episode(FRIEREN, 1, 1),)
    assert plays_for(where, 7) == (episode(FRIEREN, 1, 1), episode(FRIEREN, 1, 2))


def test_an_open_ratio_ends_with_the_season() -> None:
    where = resolved(place(part(show(FRIEREN), 1, 9, per_entry=3)), TEN)
    assert [items[0].number for items in where.items] == [9, 9, 9, 10, 10, 10]
    halved = resolved(place(part(show(FRIEREN), 1, 8, per_target=2)), TEN)
    assert [len(items) for items in halved.items] == [2]


def test_two_parts_for_one_episode_are_both_played() -> None:
    """AniBridge's "1": "1,3"."""
    where = resolved(
        place(
            part(show(FRIEREN), 1, 1, last=1),
            part(show(FRIEREN), 1, 3, last=1),
            part(show(FRIEREN), 1, 4, first=2),
            total=2,
        ),
        TEN,
    )
    assert where.items == ((episode(FRIEREN, 1, 1), episode(FRIEREN, 1, 3)), (episode(FRIEREN, 1, 4),))


def test_what_is_nothing_there_is_passed_over_on_the_way_to_a_later_play() -> None:
    where = resolved(place(part(show(FRIEREN), last=2), part(show(FRIEREN), 1, 3, first=4, last=5), total=6), TEN)
    assert [len(items) for items in where.items] == [1, 1, 0, 1, 1, 0]
    assert progress_of(where, plays_for(where, 3)) == 2
    assert progress_of(where, plays_for(where, 4)) == 4
    assert progress_of(where, plays_for(where, 6)) == 5
    assert is_complete(where, plays_for(where, 6)) is False
