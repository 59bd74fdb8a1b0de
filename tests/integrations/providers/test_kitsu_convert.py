from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.providers.base import MediaFacts, RemoteEntry, Write
from integrations.providers.kitsu import convert, shapes
from integrations.providers.kitsu.graphql import Saved
from library.entry import FIELDS, MAX_NOTES, NO_DATE, Entry, InvalidEntry, Kind, PartialDate, Status
from tests.integrations.providers import kitsu_payloads as payloads

FULL = Entry(
    Status.DROPPED,
    progress=7,
    progress_volumes=2,
    score=83,
    started_on=PartialDate(2024, 2, 29),
    finished_on=PartialDate(2024),
    repeats=60,
    notes='"quoted" {brace} $x\x00',
    private=True,
)


def read(kind: Kind = Kind.ANIME, **changes: Any) -> RemoteEntry:
    state = msgspec.json.decode(json.dumps(payloads.attributes(**changes)), type=shapes.Attributes)
    return convert.read_state(MediaFacts(kind, "5"), state, rating=state.rating_twenty, entry_id="9")


def facts(kind: Kind, *mappings: tuple[str, str], **changes: Any) -> MediaFacts:
    media = msgspec.convert(payloads.work(5, str(kind), **changes), type=shapes.Media)
    along = [msgspec.convert(payloads.mapping(1, *each), type=shapes.Mapping) for each in mappings]
    return convert.read_facts(media, along)


def inputs(
    *names: str, kind: Kind = Kind.ANIME, create: bool = False, total: int = 0, **changes: Any
) -> dict[str, Any]:
    write = Write(kind, "5", FULL.with_(**changes), frozenset(names), create=create)
    return convert.input_for(write, total=total)


def test_entry_is_read_whole() -> None:
    assert read(notes="fine", private=True, reconsumeCount=2) == RemoteEntry(
        MediaFacts(Kind.ANIME, "5"),
        Entry(
            Status.CURRENT,
            progress=12,
            score=85,
            started_on=PartialDate(2024, 2, 3),
            repeats=2,
            notes="fine",
            private=True,
        ),
        updated_at=datetime(2024, 5, 6, 7, 8, 9, 123000, tzinfo=UTC),
        entry_id="9",
    )


@pytest.mark.parametrize(
    ("word", "flag", "status"),
    [
        ("current", False, Status.CURRENT),
        ("CURRENT", True, Status.REPEATING),
        ("planned", False, Status.PLANNED),
        ("ON_HOLD", False, Status.PAUSED),
        ("dropped", True, Status.DROPPED),
        ("completed", True, Status.COMPLETED),
    ],
)
def test_statuses_of_both_ways_of_asking(word: str, flag: bool, status: Status) -> None:
    assert read(status=word, reconsuming=flag).entry.status is status


@pytest.mark.parametrize("changes", [{"status": "later"}, {"status": None}, {"startedAt": "yesterday"}])
def test_what_cannot_be_understood_is_not_guessed(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidEntry):
        read(**changes)


def test_volumes_belong_to_manga() -> None:
    assert read(volumesOwned=3).entry.progress_volumes == 0
    assert read(Kind.MANGA, volumesOwned=3).entry.progress_volumes == 3


def test_out_of_range_values_are_brought_to_the_edge() -> None:
    odd = read(progress=-1, reconsumeCount=None, ratingTwenty=400, notes="n" * (MAX_NOTES + 1)).entry
    assert (odd.progress, odd.repeats, odd.score, len(odd.notes)) == (0, 0, 100, MAX_NOTES)


def test_facts() -> None:
    sites = (("anilist/anime", "30"), ("myanimelist/anime", "31"), ("anilist/manga", "32"), ("trakt", "33"))
    assert facts(Kind.ANIME, *sites, nsfw=True) == MediaFacts(
        Kind.ANIME,
        "5",
        titles=("Work 5", "The Work", "鋼の錬金術師"),
        format="tv",
        year=2009,
        total=64,
        is_adult=True,
        cross_ids={"anilist": "30", "myanimelist": "31"},
    )
    manga = facts(Kind.MANGA, ("anilist/manga", "x"), ageRating="R18", startDate=None, titles=None, subtype=None)
    assert (manga.total, manga.volumes, manga.year, manga.titles) == (116, 27, 0, ("Work 5",))
    assert (manga.is_adult, manga.format, dict(manga.cross_ids)) == (True, "", {})


def test_a_work_with_two_ids_of_one_service_has_none() -> None:
    assert dict(facts(Kind.ANIME, ("anilist/anime", "1"), ("anilist/anime", "2")).cross_ids) == {}


def test_account() -> None:
    known = msgspec.convert(payloads.user(), type=shapes.User)
    account = convert.read_account(known)
    assert (account.id, account.name) == ("77", "alice")
    assert account.settings == {"rating_system": "advanced", "sfw_filter": False}
    assert account.url == "https://kitsu.app/users/77"
    assert known.is_self is True
    assert msgspec.convert(payloads.user(attributes=payloads.STRANGER), type=shapes.User).is_self is False


def test_a_new_entry_is_written_whole() -> None:
    assert inputs(*FIELDS, kind=Kind.MANGA, create=True) == {
        "status": "DROPPED",
        "reconsuming": False,
        "progress": 7,
        "volumesOwned": 2,
        "rating": 17,
        "startedAt": "2024-02-29T00:00:00.000Z",
        "finishedAt": None,
        "reconsumeCount": 50,
        "notes": '"quoted" {brace} $x',
        "private": True,
    }
    assert "volumesOwned" not in inputs(*FIELDS)


def test_status_and_progress_go_together_and_nothing_else_does() -> None:
    coupled = {"status": "DROPPED", "reconsuming": False, "progress": 7}
    assert inputs("status") == coupled
    assert inputs("progress") == coupled
    assert inputs("notes") == {"notes": '"quoted" {brace} $x'}
    assert inputs("notes", notes="") == {"notes": None}
    assert inputs("score", score=0) == {"rating": None}
    assert inputs("started_on") == {"startedAt": "2024-02-29T00:00:00.000Z"}


def test_a_repeat_is_current_with_a_flag() -> None:
    assert inputs("status", status=Status.REPEATING)["status"] == "CURRENT"
    assert inputs("status", status=Status.REPEATING)["reconsuming"] is True


def test_progress_is_cut_at_the_known_total() -> None:
    assert [inputs("progress", total=total)["progress"] for total in (0, 5, 7, 9)] == [7, 5, 7, 7]


@given(st.integers(0, 100))
def test_scores_stay_within_two_and_twenty_and_come_back_as_projected(score: int) -> None:
    rating = inputs("score", score=score)["rating"]
    assert rating is None if score == 0 else 2 <= rating <= 20
    assert read(ratingTwenty=rating).entry.score == convert.SCALE.write(score)


@given(st.dates())
def test_whole_days_come_back(day: Any) -> None:
    written = convert.write_day(PartialDate(day.year, day.month, day.day))
    assert read(startedAt=written).entry.started_on == PartialDate(day.year, day.month, day.day)


@pytest.mark.parametrize(
    "day", [NO_DATE, PartialDate(2024), PartialDate(2024, 5), PartialDate(2023, 2, 30), PartialDate(0, 5, 3)]
)
def test_days_that_are_not_whole_or_in_no_calendar_are_none(day: PartialDate) -> None:
    assert convert.write_day(day) is None


def correct(wanted: Entry, *names: str, create: bool = False, **echoed: Any) -> dict[str, Any]:
    write = Write(Kind.ANIME, "5", wanted, frozenset(names), create=create)
    state = msgspec.convert(payloads.saved(**echoed)["libraryEntry"], type=Saved)
    echo = convert.read_state(MediaFacts(Kind.ANIME, "5"), state, rating=state.rating, entry_id="1")
    return convert.correction_for(write, echo, state)


NOW = "2024-05-06T07:08:09.123Z"


def test_corrections() -> None:
    paused = Entry(Status.PAUSED, progress=12, started_on=PartialDate(2024, 2, 3))
    assert correct(paused, "progress") == {"status": "ON_HOLD"}
    assert correct(paused, "progress", status="ON_HOLD") == {}
    # Kitsu completes what is at its end, and would do so again.
    assert correct(paused, "progress", status="COMPLETED") == {}
    # An edit on the site meanwhile, which this write has nothing to do with.
    assert correct(paused, "notes") == {}


def test_dates_that_kitsu_fills_in_are_emptied_and_those_of_the_person_are_not() -> None:
    current = Entry(Status.CURRENT, progress=12)
    assert correct(current, "status", startedAt=NOW, finishedAt=NOW) == {"startedAt": None, "finishedAt": None}
    assert correct(current, "status", startedAt="2024-05-05T07:08:09.123Z") == {}
    assert correct(current, "status", "started_on", startedAt="2024-05-05T07:08:09.123Z") == {"startedAt": None}
    assert correct(current.with_(started_on=PartialDate(2024, 5, 6)), "status", startedAt=NOW) == {}
    assert correct(current.with_(started_on=PartialDate(2024)), "status", create=True, startedAt=NOW) == {
        "startedAt": None
    }
