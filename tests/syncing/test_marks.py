"""What the column of marks says, and when it is believed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from library.entry import Entry, Status
from syncing.services import marks

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
MARK = "anime:4711@1700000000/3 POINT_10"
OPEN, PRIVATE = Entry(Status.CURRENT), Entry(Status.CURRENT, private=True)


def test_a_mark_is_believed_only_after_a_whole_read() -> None:
    offered = marks.offer(MARK)
    assert (marks.settled(offered), marks.may_ask(offered, NOW)) == ("", False)
    confirmed = marks.confirm(offered, [OPEN], now=NOW)
    assert (confirmed, marks.settled(confirmed), marks.may_ask(confirmed, NOW)) == (MARK, MARK, True)


def test_without_a_mark_a_read_makes_none() -> None:
    assert marks.confirm("", [OPEN], now=NOW) == ""
    assert (marks.settled(""), marks.may_ask("", NOW)) == ("", True)


@pytest.mark.parametrize("held", ["", MARK, marks.offer(MARK)])
def test_a_list_with_private_entries_is_set_apart_for_a_day(held: str) -> None:
    apart = marks.confirm(held, [OPEN, PRIVATE], now=NOW)
    assert (marks.settled(apart), marks.may_ask(apart, NOW + timedelta(hours=23))) == ("", False)
    assert marks.may_ask(apart, NOW + timedelta(hours=24)) is True


def test_who_is_set_apart_stays_so_without_a_new_row_each_run() -> None:
    apart = marks.set_apart(NOW)
    assert marks.confirm(apart, [PRIVATE], now=NOW + timedelta(hours=5)) == apart
    assert marks.confirm(apart, [OPEN], now=NOW + timedelta(hours=5)) == apart
    later = marks.confirm(apart, [PRIVATE], now=NOW + timedelta(hours=25))
    assert marks.may_ask(later, NOW + timedelta(hours=25)) is False
