"""What the library takes from a file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from library.entry import EMPTY, FIELDS, Entry, Kind, PartialDate, Status
from library.stamps import Stamp, Stamps
from syncing.core.compare import is_empty
from syncing.core.intake import POLICIES, Intake, take_in
from syncing.core.model import Action, Canonical, Reason
from tests.core.strategies import DATES, SCORES

NOW = 1_000_000.0
OURS = {"*": Stamp(500.0, "anilist", "100")}
UNKNOWN = {"*": Stamp(0.0, "file", "10")}
PLAIN = Entry(Status.CURRENT)


def take(
    library: Entry | None, offered: Entry, *, stamps: Stamps | None = None, policy: str = "newest", ours: Stamps = OURS
) -> Intake:
    canonical = Canonical(library, ours) if library is not None else None
    return take_in(canonical, offered, stamps or UNKNOWN, kind=Kind.MANGA, policy=policy, now=NOW)


def taken(intake: Intake) -> dict[str, object]:
    return {move.field: move.after for move in intake.moves}


def test_what_is_not_on_the_list_is_taken_whole() -> None:
    offered = Entry(Status.PAUSED, 3, score=70, notes="so so")
    intake = take(None, offered)
    assert (intake.action, intake.reason) == (Action.CREATE, Reason.NEW_ON_SIDE)
    assert taken(intake) == {"status": Status.PAUSED, "progress": 3, "score": 70, "notes": "so so"}
    assert intake.stamps == UNKNOWN


@pytest.mark.parametrize("policy", POLICIES)
def test_what_was_taken_off_comes_back_also_when_it_is_as_it_was(policy: str) -> None:
    gone = Canonical(PLAIN, OURS, removed=True)
    assert take_in(gone, PLAIN, UNKNOWN, kind=Kind.ANIME, policy=policy, now=NOW).action is Action.CREATE


def test_an_anime_has_no_volumes() -> None:
    intake = take_in(None, Entry(Status.CURRENT, 1, 2), UNKNOWN, kind=Kind.ANIME, policy="newest", now=NOW)
    assert taken(intake) == {"status": Status.CURRENT, "progress": 1}


@pytest.mark.parametrize(("ours", "mark"), [(87, 90), (85, 90), (94, 90), (3, 10), (100, 100)])
def test_a_coarse_score_is_no_other_opinion(ours: int, mark: int) -> None:
    assert take(PLAIN.with_(score=ours), PLAIN.with_(score=mark), policy="file") == Intake()


def test_a_finer_score_and_a_fuller_day_are_taken() -> None:
    stars = {"*": Stamp(500.0, "kitsu", "10")}
    offered = PLAIN.with_(score=87, started_on=PartialDate(2020, 5, 3))
    intake = take(PLAIN.with_(score=90, started_on=PartialDate(2020)), offered, stamps={"*": Stamp(1.0)}, ours=stars)
    assert taken(intake) == {"score": 87, "started_on": PartialDate(2020, 5, 3)}
    assert {move.reason for move in intake.moves} == {Reason.FINER}


def test_a_year_does_not_take_the_day_away() -> None:
    ours = PLAIN.with_(started_on=PartialDate(2020, 5, 3))
    assert take(ours, PLAIN.with_(started_on=PartialDate(2020)), policy="file") == Intake()


@pytest.mark.parametrize(
    ("policy", "wins"), [("file", {"status", "score", "progress"}), ("library", set()), ("furthest", {"progress"})]
)
def test_where_both_say_something_the_rule_decides(policy: str, wins: set[str]) -> None:
    intake = take(Entry(Status.CURRENT, 3, score=50), Entry(Status.DROPPED, 7, score=90), policy=policy)
    assert set(taken(intake)) == wins
    assert set(intake.kept) == {"status", "score", "progress"} - wins


def test_the_newer_value_is_told_field_by_field() -> None:
    stamps = {"*": Stamp(400.0, "library", "100"), "score": Stamp(600.0, "kitsu", "20")}
    intake = take(Entry(Status.CURRENT, 3, score=50), Entry(Status.DROPPED, 7, score=90), stamps=stamps)
    assert (taken(intake), intake.kept) == ({"score": 90}, ("status", "progress"))
    assert intake.stamps == {"score": Stamp(600.0, "kitsu", "20")}


def test_a_value_without_a_time_is_not_newer() -> None:
    assert take(PLAIN.with_(progress=3), PLAIN.with_(progress=7)).kept == ("progress",)


def test_nothing_was_given_in_the_future_or_on_a_scale_of_somebodys_own() -> None:
    stamps = {"*": Stamp(9e15, "anilist", "made-up")}
    assert take(None, PLAIN, stamps=stamps).stamps == {"*": Stamp(NOW, "anilist", "100")}
    assert take(PLAIN, PLAIN.with_(score=10), stamps=stamps).stamps == {"score": Stamp(NOW, "anilist", "100")}


SOME = st.builds(
    Entry,
    st.sampled_from(Status),
    progress=st.integers(0, 3),
    progress_volumes=st.integers(0, 2),
    score=st.sampled_from(SCORES),
    started_on=st.sampled_from(DATES),
    finished_on=st.sampled_from(DATES),
    repeats=st.integers(0, 2),
    notes=st.sampled_from(["", "a", "b"]),
    private=st.booleans(),
)


@given(SOME, SOME, st.sampled_from([*POLICIES]))
def test_nothing_is_emptied_nothing_invented_and_twice_is_once(library: Entry, offered: Entry, policy: str) -> None:
    intake = take(library, offered, policy=policy)
    after = library.with_(**taken(intake))
    for name in FIELDS:
        value = getattr(after, name)
        assert value in (getattr(library, name), getattr(offered, name))
        if name in EMPTY and not is_empty(name, getattr(library, name)):
            assert not is_empty(name, value)
        if name in EMPTY and is_empty(name, getattr(library, name)):
            assert value == getattr(offered, name)
    ours = {
        **OURS,
        **{name: Stamp(stamp.at or NOW, stamp.source, stamp.scale) for name, stamp in intake.stamps.items()},
    }
    assert take(after, offered, policy=policy, ours=ours).action is Action.NONE
