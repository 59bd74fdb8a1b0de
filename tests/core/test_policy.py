"""Who wins, policy by policy. The same inputs give the same winner, whatever the order of the runs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from library.entry import FIELDS, NO_DATE, PartialDate, Status
from library.stamps import Stamp
from syncing.core.policy import ASK, LIBRARY, PROVIDER, choose
from tests.core import strategies as draw


def winner(field: str, policy: str, *, side: Any = 1, library: Any = 2, side_at: float = 5.0, at: float = 5.0) -> str:
    return choose(field, policy=policy, side=side, library=library, side_at=side_at, stamp=Stamp(at))


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize(("side_at", "at"), [(1.0, 9.0), (9.0, 1.0), (0.0, 0.0)])
def test_a_fixed_winner_always_wins(field: str, side_at: float, at: float) -> None:
    assert winner(field, "library", side_at=side_at, at=at) == LIBRARY
    assert winner(field, "provider", side_at=side_at, at=at) == PROVIDER
    assert winner(field, "ask", side_at=side_at, at=at) == ASK


@pytest.mark.parametrize(
    ("side_at", "at", "wins"),
    [
        (9.0, 5.0, PROVIDER),
        (5.0, 9.0, LIBRARY),
        (5.0, 5.0, LIBRARY),
        (5.1, 5.0, PROVIDER),
        (0.0, 5.0, LIBRARY),
        (5.0, 0.0, PROVIDER),
        (0.0, 0.0, LIBRARY),
    ],
)
def test_the_newest_wins_and_an_unknown_time_is_the_oldest(side_at: float, at: float, wins: str) -> None:
    assert winner("notes", "newest", side="a", library="b", side_at=side_at, at=at) == wins


@pytest.mark.parametrize("field", ["progress", "progress_volumes", "repeats"])
def test_counts_rise_under_furthest(field: str) -> None:
    assert winner(field, "furthest", side=6, library=5, side_at=1.0, at=9.0) == PROVIDER
    assert winner(field, "furthest", side=5, library=6, side_at=9.0, at=1.0) == LIBRARY
    assert winner(field, "furthest", side=5, library=5, side_at=9.0, at=1.0) == LIBRARY


@pytest.mark.parametrize(
    ("side", "library", "wins"),
    [
        (PartialDate(2023, 5), PartialDate(2024, 1), PROVIDER),
        (PartialDate(2024, 2), PartialDate(2024, 1), LIBRARY),
        (PartialDate(2024), PartialDate(2024, 12, 31), LIBRARY),
        (PartialDate(2024, 12, 31), PartialDate(2024), PROVIDER),
        (NO_DATE, PartialDate(2024), LIBRARY),
        (PartialDate(2024), NO_DATE, PROVIDER),
        (PartialDate(2024, 5, 9), PartialDate(2024, 5, 10), PROVIDER),
        (PartialDate(2024, 5, 9), PartialDate(2024, 5), PROVIDER),
    ],
)
def test_the_earliest_start_is_kept_under_furthest(side: PartialDate, library: PartialDate, wins: str) -> None:
    times = {"side_at": 1.0, "at": 9.0} if wins == PROVIDER else {"side_at": 9.0, "at": 1.0}
    assert winner("started_on", "furthest", side=side, library=library, **times) == wins


@pytest.mark.parametrize("field", ["status", "score", "notes", "finished_on", "private"])
def test_where_further_has_no_meaning_the_newest_wins(field: str) -> None:
    assert winner(field, "furthest", side_at=9.0, at=1.0) == PROVIDER
    assert winner(field, "furthest", side_at=1.0, at=9.0) == LIBRARY


@given(st.sampled_from(["progress", "repeats", "started_on"]), st.data())
def test_furthest_does_not_depend_on_who_is_asked_first(field: str, data: st.DataObject) -> None:
    one, two = data.draw(draw.VALUES[field]), data.draw(draw.VALUES[field])
    there = one if winner(field, "furthest", side=one, library=two) == PROVIDER else two
    back = two if winner(field, "furthest", side=two, library=one) == PROVIDER else one
    assert there == back


def test_status_has_no_order() -> None:
    assert winner("status", "furthest", side=Status.PLANNED, library=Status.COMPLETED, side_at=9.0) == PROVIDER
