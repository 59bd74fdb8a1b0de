from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from integrations.providers.base import Account, MediaFacts, RemoteEntry, Write
from integrations.providers.myanimelist import convert
from integrations.providers.myanimelist.client import AnimeRow, AnimeState, MangaState, Node, Person
from integrations.providers.myanimelist.provider import MyAnimeList
from library.entry import FIELDS, MAX_COUNT, Entry, InvalidEntry, Kind, PartialDate, Status
from tests.integrations.providers import samples

FULL = Entry(
    status=Status.DROPPED,
    progress=7,
    progress_volumes=2,
    score=83,
    started_on=PartialDate(2024, 2),
    finished_on=PartialDate(2024, 5, 3),
    repeats=3,
    notes="a=b&c=<d>",
    private=True,
)
ANIME = MediaFacts(Kind.ANIME, "5114")
MANGA = MediaFacts(Kind.MANGA, "21")


def read_anime(**changes: Any) -> Entry:
    return convert.read_state(ANIME, msgspec.convert(samples.mal_anime_state(**changes), AnimeState)).entry


def read_manga(**changes: Any) -> Entry:
    return convert.read_state(MANGA, msgspec.convert(samples.mal_manga_state(**changes), MangaState)).entry


def test_row_is_read_whole() -> None:
    row = msgspec.convert(samples.mal_row(start_date="2024-02", num_times_rewatched=2, comments="fine"), AnimeRow)
    assert convert.read_row(Kind.ANIME, row) == RemoteEntry(
        media=MediaFacts(
            kind=Kind.ANIME,
            external_id="5114",
            titles=("Fullmetal Alchemist: Brotherhood", "鋼の錬金術師", "Hagane no Renkinjutsushi"),
            format="tv",
            year=2009,
            total=64,
        ),
        entry=Entry(Status.CURRENT, progress=12, score=80, started_on=PartialDate(2024, 2), repeats=2, notes="fine"),
        updated_at=datetime(2023, 10, 21, 19, 22, 6, tzinfo=UTC),
    )


def test_manga_has_its_own_names() -> None:
    assert read_manga(num_times_reread=4) == Entry(Status.CURRENT, progress=40, progress_volumes=4, score=80, repeats=4)


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("status", Status)
def test_statuses_both_ways(kind: Kind, status: Status) -> None:
    form = convert.form_for(Write(kind, "1", FULL.with_(status=status), frozenset({"status"})))
    flag = "is_rewatching" if kind is Kind.ANIME else "is_rereading"
    assert form.keys() == {"status", flag}
    assert form[flag] == ("true" if status is Status.REPEATING else "false")
    sent = {"status": form["status"], flag: form[flag] == "true"}
    assert (read_anime(**sent) if kind is Kind.ANIME else read_manga(**sent)).status == status


@pytest.mark.parametrize("word", ["watching", "completed", "on_hold"])
def test_any_status_with_the_flag_is_repeating(word: str) -> None:
    assert read_anime(status=word, is_rewatching=True).status == Status.REPEATING


@pytest.mark.parametrize("status", [None, "", "reading", "someday"])
def test_unknown_status_is_never_guessed(status: str | None) -> None:
    with pytest.raises(InvalidEntry):
        read_anime(status=status)


def test_a_date_that_is_none_is_not_taken_for_unset() -> None:
    with pytest.raises(InvalidEntry):
        read_anime(start_date="last spring")


def test_odd_values_are_brought_into_range() -> None:
    entry = read_anime(
        score=1e9, num_episodes_watched=-3, num_times_rewatched=10**30, is_rewatching=None, comments=None
    )
    assert entry == Entry(Status.CURRENT, score=100, repeats=MAX_COUNT)
    assert read_anime(score=None, num_episodes_watched=None).progress == 0
    assert read_anime(start_date="2024-00-00", finish_date="0000-00-00").started_on == PartialDate(2024)


def test_missing_keys_are_not_empty_values() -> None:
    for key in ("comments", "score", "num_episodes_watched", "num_times_rewatched", "is_rewatching", "status"):
        state = samples.mal_anime_state()
        del state[key]
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(state, AnimeState)


@pytest.mark.parametrize(
    ("stored", "written"),
    [
        ("a &lt;b&gt; &amp; &quot;c&quot; &#039;d&#039;", "a <b> & \"c\" 'd'"),
        ("&amp;amp;", "&amp;"),
        ("&amp;lt;", "&lt;"),
        ("&copy 2020 &x; AT&T", "&copy 2020 &x; AT&T"),
        ("&eacute;&#x41;", "éA"),
        ("\u202ertl", "\u202ertl"),
    ],
)
def test_comments_are_unescaped_once(stored: str, written: str) -> None:
    assert read_anime(comments=stored).notes == written


def test_facts() -> None:
    bare = msgspec.convert({"id": 9}, Node)
    assert convert.read_facts(Kind.MANGA, bare) == MediaFacts(Kind.MANGA, "9")
    node = msgspec.convert(
        {
            "id": 21,
            "title": "Death Note",
            "num_chapters": 108,
            "num_volumes": 12,
            "nsfw": "black",
            "start_date": "when?",
        },
        Node,
    )
    facts = convert.read_facts(Kind.MANGA, node)
    assert (facts.total, facts.volumes, facts.is_adult, facts.year) == (108, 12, True, 0)
    gray = convert.read_facts(Kind.ANIME, msgspec.convert({"id": 1, "nsfw": "gray", "num_episodes": 0}, Node))
    assert (gray.is_adult, gray.total) == (False, 0)


def test_account() -> None:
    assert convert.read_account(Person(9, "a b/c")) == Account(
        "9", "a b/c", "https://myanimelist.net/profile/a%20b%2Fc"
    )


@pytest.mark.parametrize(
    ("field", "form"),
    [
        ("status", {"status": "dropped", "is_rereading": "false"}),
        ("progress", {"num_chapters_read": "7"}),
        ("progress_volumes", {"num_volumes_read": "2"}),
        ("score", {"score": "8"}),
        ("started_on", {"start_date": "2024-02"}),
        ("finished_on", {"finish_date": "2024-05-03"}),
        ("repeats", {"num_times_reread": "3"}),
        ("notes", {"comments": "a=b&c=<d>"}),
        ("private", {}),
    ],
)
def test_only_the_named_field_is_sent(field: str, form: dict[str, str]) -> None:
    assert convert.form_for(Write(Kind.MANGA, "21", FULL, frozenset({field}))) == form


def test_anime_has_its_own_names_and_no_volumes() -> None:
    assert convert.form_for(Write(Kind.ANIME, "1", FULL, frozenset(FIELDS))) == {
        "status": "dropped",
        "is_rewatching": "false",
        "score": "8",
        "num_watched_episodes": "7",
        "num_times_rewatched": "3",
        "start_date": "2024-02",
        "finish_date": "2024-05-03",
        "comments": "a=b&c=<d>",
    }


def test_clearing_and_creating() -> None:
    empty = Entry(Status.PLANNED)
    everything = frozenset(FIELDS)
    cleared = convert.form_for(Write(Kind.ANIME, "1", empty, everything))
    assert (cleared["start_date"], cleared["finish_date"], cleared["comments"], cleared["score"]) == ("", "", "", "0")
    created = convert.form_for(Write(Kind.ANIME, "1", empty, everything, create=True))
    assert created.keys().isdisjoint({"start_date", "finish_date", "comments"})
    assert convert.form_for(Write(Kind.ANIME, "1", empty, frozenset(), create=True))["status"] == "plan_to_watch"


@pytest.mark.parametrize(
    ("date", "text"),
    [
        (PartialDate(2024), "2024"),
        (PartialDate(2024, 2), "2024-02"),
        (PartialDate(2024, 2, 9), "2024-02-09"),
        (PartialDate(2024, 0, 9), "2024"),
        (PartialDate(0, 2, 9), ""),
    ],
)
def test_dates_as_text(date: PartialDate, text: str) -> None:
    write = Write(Kind.ANIME, "1", FULL.with_(started_on=date), frozenset({"started_on"}))
    assert convert.form_for(write) == {"start_date": text}


@pytest.mark.parametrize(
    ("score", "mark"), [(0, "0"), (1, "1"), (4, "1"), (14, "1"), (15, "2"), (85, "9"), (100, "10")]
)
def test_scores_are_marks_and_never_fall_to_none(score: int, mark: str) -> None:
    write = Write(Kind.ANIME, "1", FULL.with_(score=score), frozenset({"score"}))
    assert convert.form_for(write) == {"score": mark}


def test_capability() -> None:
    mal = MyAnimeList()
    anime, manga = mal.capability(Kind.ANIME, {}), mal.capability(Kind.MANGA, {})
    assert anime.fields == frozenset(FIELDS) - {"private", "progress_volumes"}
    assert manga.fields == frozenset(FIELDS) - {"private"}
    assert (manga.scale.slug, manga.clamps, manga.needs_year, manga.full_dates) == ("10", True, True, False)
    assert manga.alters == {"progress", "progress_volumes"}
