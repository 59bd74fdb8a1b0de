"""The atlas in the database: what is known, for how long, and when a show was cut anew."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from integrations.atlas import Atlas
from integrations.models import SeasonTable, ShowId
from integrations.services.atlases import DatabaseAtlas
from library.episodes.model import Seasons, Target, TargetKind
from library.models import EpisodeRange, IdTable
from tests.library.test_places import SHOW, add_media, add_pair, add_range

pytestmark = pytest.mark.django_db
FILM = Target(TargetKind.MOVIE, "tmdb", "209867")
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
AIRING = Seasons("t7", {0: (1,), 1: (1, 2, 3)}, title="Frieren")
ENDED = Seasons("t7", {1: tuple(range(1, 29))}, is_ended=True, title="Frieren")


@pytest.fixture
def atlas() -> Atlas:
    return DatabaseAtlas("trakt", None)


def days_left(row: ShowId | SeasonTable) -> float:
    return round((row.expires_at - timezone.now()) / timedelta(days=1), 1)


def expire(model: type[ShowId | SeasonTable]) -> None:
    model.objects.update(expires_at=timezone.now())


# Ids ---------------------------------------------------------------------------------------------------------


def test_what_the_service_said_is_kept_and_a_no_for_a_week(atlas: Atlas) -> None:
    atlas.learn_ids({SHOW: "t7", FILM: ""})
    assert DatabaseAtlas("trakt", None).external_ids([SHOW, FILM]) == {SHOW: "t7", FILM: ""}
    assert {row.kind: days_left(row) for row in ShowId.objects.all()} == {"show": 365.0, "movie": 7.0}
    atlas.learn_ids({FILM: "t8"})
    assert atlas.external_ids([FILM]) == {FILM: "t8"}
    assert ShowId.objects.count() == 2


def test_stale_ids_and_those_of_other_providers_are_not_known(atlas: Atlas) -> None:
    DatabaseAtlas("other", None).learn_ids({SHOW: "o7"})
    assert atlas.external_ids([SHOW]) == {}
    atlas.learn_ids({SHOW: "t7"})
    expire(ShowId)
    assert atlas.external_ids([SHOW]) == {}


def test_the_tables_tell_ids_where_the_service_was_not_asked(atlas: Atlas) -> None:
    add_pair(("trakt", "198225"), ("tmdb", "209867"), kind="show")
    assert atlas.external_ids([SHOW, FILM]) == {SHOW: "198225"}
    atlas.learn_ids({SHOW: ""})
    assert atlas.external_ids([SHOW]) == {SHOW: "198225"}
    atlas.learn_ids({SHOW: "t7"})
    assert atlas.external_ids([SHOW]) == {SHOW: "t7"}


@pytest.mark.parametrize("values", [{"state": "ambiguous"}, {"gone_at": LONG_AGO}, {"right_id": "2"}])
def test_an_ambiguous_pair_tells_nothing(atlas: Atlas, values: dict[str, Any]) -> None:
    pair = add_pair(("trakt", "1"), ("tmdb", "209867"), kind="show", source="anitrakt_shows")
    if "right_id" in values:
        add_pair(("trakt", "2"), ("tmdb", "209867"), kind="show", source="starter")
    else:
        type(pair).objects.update(**values)
    assert atlas.external_ids([SHOW]) == {}


def test_an_id_of_the_service_itself_needs_no_look(atlas: Atlas) -> None:
    own = Target(TargetKind.SHOW, "trakt", "198225")
    assert atlas.external_ids([own]) == {own: "198225"}


# Season tables -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("table", "days"), [(AIRING, 1.0), (ENDED, 30.0)])
def test_a_table_comes_back_as_it_was_until_it_is_stale(atlas: Atlas, table: Seasons, days: float) -> None:
    assert atlas.seasons(["t7"]) == {}
    assert atlas.learn_seasons(table) is True
    assert atlas.seasons(["t7", "t8"]) == {"t7": table}
    assert DatabaseAtlas("other", None).seasons(["t7"]) == {}
    assert days_left(SeasonTable.objects.get()) == days
    expire(SeasonTable)
    assert atlas.seasons(["t7"]) == {}
    assert atlas.learn_seasons(table) is True
    assert atlas.seasons(["t7"]) == {"t7": table}


def test_a_table_that_lacks_an_episode_is_read_again_tomorrow(atlas: Atlas) -> None:
    add_media(30, anilist="1")
    add_range("anilist", "1")
    atlas.learn_ids({SHOW: "t7"})
    atlas.places_for("anilist", ["1"])
    atlas.learn_seasons(ENDED)
    assert days_left(SeasonTable.objects.get()) == 1.0


@pytest.mark.parametrize(
    ("seasons", "good"),
    [
        ({0: (1,), 1: (1, 2, 3, 4)}, True),
        ({0: (1,), 1: (1, 2, 3), 2: (1,)}, True),
        ({0: (1,), 1: (1, 2)}, False),
        ({0: (1,), 1: (2, 3, 4)}, False),
        ({1: (1, 2, 3)}, False),
        ({0: (1,), 1: (1, 2, 4)}, False),
    ],
)
def test_a_season_may_grow_and_not_shrink_or_count_otherwise(
    atlas: Atlas, seasons: dict[int, tuple[int, ...]], good: bool
) -> None:
    atlas.learn_seasons(AIRING)
    assert atlas.learn_seasons(Seasons("t7", seasons)) is good
    row = SeasonTable.objects.get()
    assert (row.recut_at is None) is good
    assert atlas.seasons(["t7"])["t7"].numbers == seasons


@pytest.fixture
def recut(atlas: Atlas) -> datetime:
    """A show whose season shrank after its map was made; when."""
    add_media(anilist="1")
    add_range("anilist", "1")
    atlas.learn_ids({SHOW: "t7"})
    atlas.learn_seasons(ENDED)
    atlas.learn_seasons(AIRING)
    at = SeasonTable.objects.get().recut_at
    assert at is not None
    return at


def flag_now() -> str:
    return DatabaseAtlas("trakt", None).places_for("anilist", ["1"])["1"].flag


def test_places_on_a_show_that_was_cut_anew_need_a_look(atlas: Atlas, recut: datetime) -> None:
    assert flag_now() == "recut"
    assert [place.flag for place in atlas.places_at([SHOW])] == ["recut"]
    assert atlas.places_by_key(["anilist-1"])["anilist-1"].flag == "recut"
    expire(ShowId)
    assert flag_now() == "recut"
    assert DatabaseAtlas("other", None).places_for("anilist", ["1"])["1"].flag == ""


@pytest.mark.parametrize(("hours", "flag"), [(-1, "recut"), (1, "")])
def test_a_table_imported_after_that_has_the_last_word(recut: datetime, hours: int, flag: str) -> None:
    IdTable.objects.create(source="fribb", imported_at=recut + timedelta(hours=hours))
    IdTable.objects.create(source="anibridge", imported_at=recut + timedelta(hours=1))
    assert flag_now() == flag


def test_so_has_a_person_who_looked_after_that(recut: datetime, alice: User) -> None:
    row = add_range("anilist", "1", source="person", user=alice, first_seen_at=recut - timedelta(hours=1))
    mine = DatabaseAtlas("trakt", alice.pk)
    assert mine.places_for("anilist", ["1"])["1"].flag == "recut"
    EpisodeRange.objects.filter(pk=row.pk).update(first_seen_at=recut + timedelta(hours=1))
    assert mine.places_for("anilist", ["1"])["1"].flag == ""
    assert flag_now() == "recut"


def test_another_show_s_places_stay(recut: datetime) -> None:
    add_range("anilist", "2", target_id="5")
    assert DatabaseAtlas("trakt", None).places_for("anilist", ["2"])["2"].flag == ""


# Cost --------------------------------------------------------------------------------------------------------


def learn_many(count: int) -> dict[str, Any]:
    atlas = DatabaseAtlas("trakt", None)
    targets = [Target(TargetKind.SHOW, "tmdb", str(number)) for number in range(1, count + 1)]
    atlas.learn_ids({target: f"t{target.id}" for target in targets})
    found: dict[str, Any] = {"ids": atlas.external_ids(targets), "seasons": atlas.seasons([t.id for t in targets])}
    return {**found, "places": atlas.places_at(targets)}


@pytest.mark.parametrize("prepare", [lambda: None, lambda: SeasonTable.objects.update(recut_at=timezone.now())])
def test_any_number_of_shows_costs_the_same_queries(prepare: Callable[[], Any]) -> None:
    for number in range(1, 8):
        add_range("anilist", str(number), target_id=str(number))
        DatabaseAtlas("trakt", None).learn_seasons(Seasons(f"t{number}", {1: (1, 2)}))
    prepare()
    counts = []
    for count in (1, 3, 7):
        with CaptureQueriesContext(database) as queries:
            assert len(learn_many(count)["places"]) == count
        counts.append(len(queries))
    assert len(set(counts)) == 1
    assert counts[0] <= 24
