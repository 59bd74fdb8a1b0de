"""How each class of trouble is waited out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncing.core import retry
from syncing.core.retry import DAY, HOUR, MINUTE, TABLE, Cause, Retry, Whose

RULES = st.sampled_from(sorted(TABLE.items()))
DRAWS = st.floats(0.0, 1.0)


def test_waits_double_to_a_ceiling() -> None:
    rule = Retry(Whose.SERVICE, 30.0, cap=HOUR)
    longest = [retry.wait(rule, failures=failures, draw=1.0) for failures in (1, 2, 3, 8, 99)]
    shortest = [retry.wait(rule, failures=failures, draw=0.0) for failures in (1, 2, 3, 8, 99)]
    assert longest == [30.0, 60.0, 120.0, HOUR, HOUR]
    assert shortest == [15.0, 30.0, 60.0, HOUR / 2, HOUR / 2]


def test_what_needs_somebody_is_tried_more_rarely_with_each_failure() -> None:
    waits = [retry.wait(TABLE["internal"], failures=failures, draw=1.0) for failures in (1, 2, 3, 4, 9)]
    assert waits == [MINUTE, 4 * MINUTE, 16 * MINUTE, 64 * MINUTE, 6 * HOUR]


@given(RULES, st.integers(0, 10_000), DRAWS, st.one_of(st.none(), st.floats(0, 10 * DAY)), st.booleans())
def test_a_services_own_wish_is_never_undercut(
    named: tuple[str, Retry], failures: int, draw: float, told: float | None, resting: bool
) -> None:
    wait = retry.wait(named[1], failures=failures, draw=draw, told=told, resting=resting)
    assert wait >= (told or 0.0)
    assert wait > 0
    assert wait <= max(1.1 * (told or 0.0), 1.1 * DAY)


@given(RULES, st.integers(1, 200), DRAWS)
def test_no_failure_shortens_the_wait(named: tuple[str, Retry], failures: int, draw: float) -> None:
    before = retry.wait(named[1], failures=failures, draw=draw)
    assert retry.wait(named[1], failures=failures + 1, draw=draw) >= before


@pytest.mark.parametrize("code", sorted(TABLE))
def test_after_its_deadline_each_class_is_tried_once_a_day(code: str) -> None:
    rule = TABLE[code]
    if rule.deadline is None:
        assert retry.rests(rule, 1000 * DAY) is False
        return
    assert retry.rests(rule, rule.deadline - 1) is False
    assert retry.rests(rule, rule.deadline) is True
    waits = [retry.wait(rule, failures=3, draw=draw, resting=True) for draw in (0.0, 1.0)]
    assert waits == pytest.approx([DAY, 1.1 * DAY])


def test_no_class_waits_longer_before_its_deadline_than_after_it() -> None:
    assert {code for code, rule in TABLE.items() if not 0 < rule.base <= rule.cap <= DAY} == set()


def test_who_is_woken_by_what() -> None:
    assert retry.codes_of(*retry.WAKES) == {"app_rejected", "storage", "malformed", "internal", "worker_lost"}
    assert retry.codes_of(Whose.PERSON) == {"needs_login"}


def test_limits_and_dead_sign_ins_are_no_failures() -> None:
    assert {code for code, rule in TABLE.items() if not rule.counts} == {"rate_limited", "needs_login"}


@pytest.mark.parametrize(
    ("cause", "waits"),
    [
        (Cause.REFUSED, [5 * MINUTE, HOUR, None, None]),
        (Cause.LOST, [0.0, 5 * MINUTE, HOUR, 6 * HOUR, DAY, DAY]),
        (Cause.FAULT, [5 * MINUTE, HOUR, DAY, DAY]),
    ],
)
def test_when_an_entry_that_failed_is_tried_again(cause: Cause, waits: list[float | None]) -> None:
    assert [retry.wait_of_entry(cause, failures) for failures in range(1, len(waits) + 1)] == waits
