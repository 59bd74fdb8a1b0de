"""The worked examples of id-mapping.md 5.6, both ways."""

from __future__ import annotations

import pytest

from library.episodes.model import Item
from library.episodes.progress import HIGHEST, is_complete, plays_for, progress_of
from tests.library.episodes.shows import (
    AOT,
    FRIEREN,
    HUNTER,
    MUSHOKU,
    ONE_PIECE,
    PLACES,
    RESTARTING,
    episode,
    movie,
    resolved,
)

EXAMPLES = [
    ("154587", 28, episode(FRIEREN, 1, 28)),
    ("182255", 1, episode(FRIEREN, 1, 29)),
    ("104578", 1, episode(AOT, 3, 13)),
    ("131681", 1, episode(AOT, 4, 17)),
    ("146984", 1, episode(AOT, 4, 29)),
    ("20799", 1, episode("jojo", 2, 25)),
    ("113693", 1, episode("bookworm", 1, 15)),
    ("127720", 1, episode(MUSHOKU, 1, 12)),
    ("146065", 1, episode(MUSHOKU, 0, 2)),
    ("146065", 2, episode(MUSHOKU, 2, 1)),
    ("166873", 1, episode(MUSHOKU, 2, 13)),
    ("11061", 63, episode(HUNTER, 2, 63)),
    ("21", 62, episode(ONE_PIECE, 2, 62)),
    ("112151", 1, movie("635302")),
]


@pytest.mark.parametrize(("anilist_id", "number", "item"), EXAMPLES)
def test_an_episode_is_where_the_page_says(anilist_id: str, number: int, item: Item) -> None:
    where = resolved(PLACES[anilist_id])
    assert where.items[number - 1] == (item,)
    assert (where.held, where.refusal, where.flag) == ((), "", "")


@pytest.mark.parametrize(("anilist_id", "number", "item"), EXAMPLES)
def test_its_play_comes_back_as_the_same_progress(anilist_id: str, number: int, item: Item) -> None:
    where = resolved(PLACES[anilist_id])
    plays = plays_for(where, number)
    assert plays[-1] == item
    assert len(plays) == number
    assert progress_of(where, plays) == progress_of(where, [item], way=HIGHEST) == number


@pytest.mark.parametrize("anilist_id", sorted(set(PLACES) - {"21"}))
def test_all_plays_complete_the_entry_and_all_but_one_do_not(anilist_id: str) -> None:
    where = resolved(PLACES[anilist_id])
    total = PLACES[anilist_id].total
    assert is_complete(where, plays_for(where, total)) is True
    assert is_complete(where, plays_for(where, total - 1)) is False


def test_an_entry_that_runs_on_is_never_complete() -> None:
    where = resolved(PLACES["21"])
    assert progress_of(where, plays_for(where, 91)) == 91
    assert is_complete(where, plays_for(where, 91)) is False


def test_a_show_that_begins_each_season_at_one_is_met_by_position() -> None:
    """Both styles of One Piece, and a table that counts on where the service does not."""
    one_piece = resolved(PLACES["21"], RESTARTING)
    assert (one_piece.items[61], one_piece.flag) == ((episode(ONE_PIECE, 2, 1),), "")
    hunter = resolved(PLACES["11061"], RESTARTING)
    assert hunter.items[62] == (episode(HUNTER, 2, 1),)
    assert hunter.items[147] == (episode(HUNTER, 3, 12),)
    assert (hunter.held, hunter.flag) == ((), "renumbered")
