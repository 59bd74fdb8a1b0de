"""How often a list is looked at."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncing.core.pace import Bounds, Pace, Tendency, factor, pace, spread

DAY = 24 * 60.0
BOUNDS = Bounds(shortest=15, longest=DAY, fastest=0.5, slowest=6, middle=DAY)

bounds = st.builds(
    Bounds,
    shortest=st.integers(1, 120),
    longest=st.integers(120, 20_000),
    fastest=st.floats(0.1, 1.0),
    slowest=st.floats(1.0, 20.0),
    middle=st.integers(1, 20_000),
)
chosen = st.integers(1, 20_000)
quiet = st.floats(0, 10_000_000)


@pytest.mark.parametrize(
    ("days", "minutes", "tendency"),
    [
        (0, 30, Tendency.OFTENER),
        (0.25, 30, Tendency.OFTENER),
        (1, 60, Tendency.CHOSEN),
        (4, 120, Tendency.RARER),
        (9, 180, Tendency.RARER),
        (36, 360, Tendency.RARER),
        (400, 360, Tendency.RARER),
    ],
)
def test_an_hourly_list_by_the_days_that_nothing_moved(days: float, minutes: float, tendency: Tendency) -> None:
    assert pace(60, days * DAY, bounds=BOUNDS) == Pace(minutes, tendency)


def test_of_a_list_of_which_nothing_is_known_the_choice_holds() -> None:
    assert pace(60, None, bounds=BOUNDS) == Pace(60)


def test_who_chose_more_than_the_longest_keeps_it_and_is_not_slowed_further() -> None:
    assert pace(7 * DAY, 30 * DAY, bounds=BOUNDS) == Pace(7 * DAY)
    assert pace(7 * DAY, 0, bounds=BOUNDS) == Pace(3.5 * DAY, Tendency.OFTENER)
    assert pace(12 * 60, 30 * DAY, bounds=BOUNDS) == Pace(DAY, Tendency.RARER)


def test_who_chose_less_than_the_shortest_gets_the_shortest_and_that_is_no_tendency() -> None:
    assert pace(5, DAY, bounds=BOUNDS) == Pace(15)
    assert pace(5, DAY, bounds=BOUNDS, adapts=False) == Pace(15)


@given(chosen, quiet, bounds)
def test_it_stays_between_the_bounds(chosen: int, quiet: float, bounds: Bounds) -> None:
    found = pace(chosen, quiet, bounds=bounds).minutes
    assert bounds.shortest <= found <= max(bounds.longest, chosen)
    assert found >= min(chosen * bounds.fastest, bounds.longest)
    assert found <= max(chosen * bounds.slowest, bounds.shortest)


@given(chosen, quiet, quiet, bounds)
def test_the_longer_nothing_moves_the_rarer_and_a_change_makes_it_oftener(
    chosen: int, one: float, other: float, bounds: Bounds
) -> None:
    sooner, later = sorted((one, other))
    assert pace(chosen, sooner, bounds=bounds).minutes <= pace(chosen, later, bounds=bounds).minutes
    assert pace(chosen, 0, bounds=bounds).minutes <= pace(chosen, sooner, bounds=bounds).minutes
    assert factor(0, bounds) == bounds.fastest


@given(chosen, chosen, quiet, bounds)
def test_who_chose_a_longer_interval_is_not_asked_oftener(one: int, other: int, quiet: float, bounds: Bounds) -> None:
    short, long = sorted((one, other))
    assert pace(short, quiet, bounds=bounds).minutes <= pace(long, quiet, bounds=bounds).minutes


@given(chosen, bounds)
def test_after_the_middle_the_choice_holds(chosen: int, bounds: Bounds) -> None:
    assert pace(chosen, bounds.middle, bounds=bounds) == Pace(max(chosen, bounds.shortest))


@given(chosen, quiet, bounds)
def test_switched_off_it_is_always_the_choice(chosen: int, quiet: float, bounds: Bounds) -> None:
    assert pace(chosen, quiet, bounds=bounds, adapts=False) == Pace(max(chosen, bounds.shortest))


@given(chosen, quiet, bounds)
def test_the_tendency_says_what_the_minutes_do(chosen: int, quiet: float, bounds: Bounds) -> None:
    found, plain = pace(chosen, quiet, bounds=bounds), max(chosen, bounds.shortest)
    signs = {Tendency.OFTENER: found.minutes < plain, Tendency.RARER: found.minutes > plain}
    assert signs.get(found.tendency, found.minutes == plain) is True


@given(st.floats(1, 20_000), st.floats(0, 1, exclude_max=True))
def test_spreading_moves_by_a_tenth_at_most_and_never_changes_the_order_of_draws(minutes: float, draw: float) -> None:
    assert 0.9 * minutes <= spread(minutes, draw) <= 1.1 * minutes
    assert spread(minutes, 0) == pytest.approx(0.9 * minutes)
    assert spread(minutes, 0.5) == pytest.approx(minutes)
