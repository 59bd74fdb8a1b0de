from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from integrations.capability import SCALES
from integrations.providers.anilist import convert
from integrations.providers.anilist.client import Facts, ListedEntry, Viewer
from integrations.providers.anilist.provider import AniList
from integrations.providers.base import Account, MediaFacts, RemoteEntry, Write
from library.entry import FIELDS, MAX_COUNT, MAX_NOTES, NO_DATE, Entry, InvalidEntry, Kind, PartialDate, Status
from tests.integrations.providers import samples

FULL = Entry(
    status=Status.DROPPED,
    progress=7,
    progress_volumes=2,
    score=83,
    started_on=PartialDate(2024, 2),
    finished_on=PartialDate(0, 5, 3),
    repeats=3,
    notes='"quoted" {brace} $x',
    private=True,
)


def read(kind: Kind = Kind.ANIME, **changes: Any) -> RemoteEntry:
    raw = json.dumps(samples.anilist_entry(**changes))
    return convert.read_listed(kind, msgspec.json.decode(raw, type=ListedEntry))


def test_entry_is_read_whole() -> None:
    remote = read(private=True, notes="fine", repeat=2)
    assert remote == RemoteEntry(
        media=MediaFacts(
            kind=Kind.ANIME,
            external_id="5114",
            titles=("Hagane no Renkinjutsushi", "Fullmetal Alchemist", "鋼の錬金術師"),
            format="tv",
            year=2009,
            total=64,
            cross_ids={"myanimelist": "5114"},
        ),
        entry=Entry(
            Status.CURRENT,
            progress=12,
            score=85,
            started_on=PartialDate(2024, 2),
            repeats=2,
            notes="fine",
            private=True,
        ),
        updated_at=datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC),
        entry_id="410000001",
    )


@pytest.mark.parametrize(("word", "status"), convert.STATUSES.items())
def test_statuses_both_ways(word: str, status: Status) -> None:
    assert read(status=word).entry.status == status
    write = Write(Kind.ANIME, "1", FULL.with_(status=status), frozenset({"status"}))
    assert convert.arguments_for(write)["status"] == word


@pytest.mark.parametrize("status", [None, "", "WATCHING_LATER", "completed"])
def test_unknown_status_is_never_guessed(status: str | None) -> None:
    with pytest.raises(InvalidEntry):
        read(status=status)


def test_odd_values_are_brought_into_range() -> None:
    nothing = {"year": None, "month": None, "day": None}
    entry = read(
        Kind.MANGA,
        progress=None,
        progressVolumes=-4,
        score=1e30,
        repeat=10**30,
        notes="\x00" + "n" * 100_000,
        private=None,
        startedAt={"year": 20222, "month": 0, "day": 99},
        completedAt=None,
    ).entry
    assert entry == Entry(Status.CURRENT, score=100, repeats=MAX_COUNT, notes="n" * MAX_NOTES)
    assert read(startedAt=nothing).entry.started_on == NO_DATE
    assert [read(updatedAt=value).updated_at for value in (0, -5, 10**20, None)] == [None] * 4


def test_work_that_was_merged_away_keeps_its_entry() -> None:
    assert read(media=None).media == MediaFacts(Kind.ANIME, "5114")


def test_manga_counts_chapters_and_volumes_and_anime_ignores_volumes() -> None:
    media = samples.anilist_media(30021, format="MANGA", episodes=None, chapters=108, volumes=12, idMal=None)
    facts = read(Kind.MANGA, media=media, progressVolumes=3)
    assert (facts.media.total, facts.media.volumes, facts.media.cross_ids) == (108, 12, {})
    assert facts.entry.progress_volumes == 3
    assert read(Kind.ANIME, progressVolumes=3).entry.progress_volumes == 0


def test_facts_of_a_work_without_most_of_them() -> None:
    bare = samples.anilist_media(
        9, title=None, startDate=None, format=None, episodes=None, isAdult=True, synonyms=["One", None, " One "]
    )
    facts = convert.read_facts(Kind.ANIME, msgspec.convert(bare, Facts))
    assert facts == MediaFacts(Kind.ANIME, "9", titles=("One",), is_adult=True, cross_ids={"myanimelist": "9"})


def test_account() -> None:
    viewer = msgspec.convert(samples.VIEWER, Viewer)
    assert convert.read_account(viewer) == Account(
        "77", "alice", "https://anilist.co/user/alice", {"score_format": "POINT_10"}
    )
    silent = msgspec.convert({**samples.VIEWER, "mediaListOptions": None}, Viewer)
    assert convert.read_account(silent).settings == {}


@pytest.mark.parametrize(
    ("field", "word", "value"),
    [
        ("status", "status", "DROPPED"),
        ("progress", "progress", 7),
        ("progress_volumes", "progressVolumes", 2),
        ("score", "scoreRaw", 83),
        ("started_on", "startedAt", {"year": 2024, "month": 2, "day": None}),
        ("finished_on", "completedAt", {"year": None, "month": 5, "day": 3}),
        ("repeats", "repeat", 3),
        ("notes", "notes", '"quoted" {brace} $x'),
        ("private", "private", True),
    ],
)
def test_only_the_named_field_is_sent(field: str, word: str, value: object) -> None:
    write = Write(Kind.MANGA, "30021", FULL, frozenset({field}))
    assert convert.arguments_for(write) == {"mediaId": 30021, word: value}


def test_every_field_can_be_sent() -> None:
    arguments = convert.arguments_for(Write(Kind.MANGA, "1", FULL, frozenset(FIELDS)))
    assert len(arguments) == 1 + len(FIELDS)


def test_volumes_are_not_sent_for_anime() -> None:
    write = Write(Kind.ANIME, "1", FULL, frozenset({"progress_volumes", "progress"}))
    assert convert.arguments_for(write) == {"mediaId": 1, "progress": 7}


def test_becoming_completed_and_being_created_send_both_dates() -> None:
    nothing = {"year": None, "month": None, "day": None}
    done = Entry(Status.COMPLETED, progress=7)
    completed = convert.arguments_for(Write(Kind.ANIME, "1", done, frozenset({"status"})))
    assert completed == {"mediaId": 1, "status": "COMPLETED", "startedAt": nothing, "completedAt": nothing}
    created = convert.arguments_for(Write(Kind.ANIME, "1", Entry(Status.CURRENT), frozenset({"progress"}), create=True))
    assert created == {"mediaId": 1, "status": "CURRENT", "progress": 0, "startedAt": nothing, "completedAt": nothing}
    counted = convert.arguments_for(Write(Kind.ANIME, "1", done, frozenset({"progress"})))
    assert counted == {"mediaId": 1, "progress": 7}


def test_clearing() -> None:
    write = Write(Kind.ANIME, "1", Entry(Status.CURRENT), frozenset({"notes", "score", "started_on"}))
    cleared = {"year": None, "month": None, "day": None}
    assert convert.arguments_for(write) == {"mediaId": 1, "scoreRaw": 0, "notes": "", "startedAt": cleared}


def test_capability_follows_the_score_format() -> None:
    anilist = AniList()
    for name in ("POINT_100", "POINT_10_DECIMAL", "POINT_10", "POINT_5", "POINT_3"):
        assert anilist.capability(Kind.ANIME, {"score_format": name}).scale == SCALES[f"anilist:{name}"]
    assert anilist.capability(Kind.ANIME, {"score_format": "POINT_7"}).scale == SCALES["anilist:POINT_100"]
    assert anilist.capability(Kind.ANIME, {}).fields == frozenset(FIELDS) - {"progress_volumes"}
    manga = anilist.capability(Kind.MANGA, {})
    assert manga.fields == frozenset(FIELDS)
    assert manga.alters == {"started_on", "finished_on"}
    assert (manga.clamps, manga.full_dates, manga.needs_year, manga.can_delete) == (False, False, False, True)
