"""Places out of ranges, pairs, the catalogue and a person's own map."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from library.episodes.model import Target, TargetKind
from library.models import EpisodeRange, ExternalId, IdPair, Library, ListEntry, Media
from library.services.places import Reader, listed_places, parse_key
from library.services.works import Name, works_of

pytestmark = pytest.mark.django_db
SEEN = datetime(2026, 11, 1, tzinfo=UTC)
SHOW = Target(TargetKind.SHOW, "tmdb", "209867")


def add_range(site: str, site_id: str, **values: Any) -> EpisodeRange:
    defaults = {
        "source": "fribb",
        "target_kind": "show",
        "target_site": "tmdb",
        "target_id": "209867",
        "season": 1,
        "numbering": "position",
        "first_seen_at": SEEN,
    }
    return EpisodeRange.objects.create(site=site, site_id=site_id, **{**defaults, **values})


def add_pair(one: tuple[str, str], other: tuple[str, str], **values: Any) -> IdPair:
    left, right = sorted((one, other))
    names = dict(zip(("left_site", "left_id", "right_site", "right_id"), (*left, *right), strict=True))
    return IdPair.objects.create(**{"kind": "anime", "source": "fribb", "first_seen_at": SEEN, **names, **values})


def add_media(total: int = 28, /, **ids: str) -> Media:
    media = Media.objects.create(kind="anime", title="Frieren", titles=["Frieren"], total=total, format="TV", year=2023)
    for site, external_id in ids.items():
        ExternalId.objects.create(media=media, provider=site, kind="anime", external_id=external_id, source=site)
    return media


def reader(user: User | None = None) -> Reader:
    return Reader("trakt", user.pk if user else None)


def test_a_place_has_what_the_catalogue_and_the_pairs_know() -> None:
    add_media(anilist="154587", kitsu="46474")
    add_pair(("anilist", "154587"), ("myanimelist", "52991"))
    add_range("anilist", "154587")
    place = reader().named("anilist", ["154587", "1"])["154587"]
    assert place.key == "anilist-154587"
    assert place.ids == {"anilist": "154587", "myanimelist": "52991", "kitsu": "46474"}
    assert (place.total, place.titles, place.format, place.year, place.flag) == (28, ("Frieren",), "TV", 2023, "")
    assert [(s.target, s.season, s.start, s.last, s.source) for s in place.segments] == [(SHOW, 1, 1, None, "fribb")]
    assert reader().named("myanimelist", ["52991"]) == {"52991": place}
    assert reader().named("kitsu", ["46474"]) == {"46474": place}
    assert reader().keyed(["anilist-154587", "anilist-1", "nonsense", "-"]) == {"anilist-154587": place}
    assert reader().at([SHOW]) == [place]


def test_a_work_that_is_not_in_the_catalogue_has_a_place_too() -> None:
    add_range("myanimelist", "52991")
    place = reader().named("myanimelist", ["52991"])["52991"]
    assert (place.key, place.ids, place.total) == ("myanimelist-52991", {"myanimelist": "52991"}, 0)


@pytest.mark.parametrize(
    ("ids", "key"),
    [
        ({"anilist": "1", "myanimelist": "2"}, "anilist-1"),
        ({"myanimelist": "2"}, "myanimelist-2"),
        ({"anilist": "1", "trakt": "myanimelist-2"}, "myanimelist-2"),
    ],
)
def test_a_key_never_changes_once_the_service_s_entry_is_known(ids: dict[str, str], key: str) -> None:
    add_media(**ids)
    add_range(next(iter(ids)), next(iter(ids.values())))
    assert [place.key for place in reader().at([SHOW])] == [key]
    assert list(reader().keyed([key])) == [key]


def test_rows_that_hang_on_an_anidb_id_are_joined_through_its_pair() -> None:
    add_media(anilist="1")
    add_pair(("anidb", "9"), ("anilist", "1"))
    add_range("anidb", "9", source="anime_lists", start=13)
    place = reader().named("anilist", ["1"])["1"]
    assert (place.key, place.segments[0].start) == ("anilist-1", 13)
    assert reader().at([SHOW]) == [place]


def test_an_anidb_id_alone_is_a_key_as_well() -> None:
    add_range("anidb", "9", source="anime_lists")
    assert [(place.key, place.ids) for place in reader().at([SHOW])] == [("anidb-9", {})]


@pytest.mark.parametrize("values", [{"state": "ambiguous"}, {"gone_at": SEEN}, {"kind": "show"}])
def test_a_pair_that_is_not_good_is_not_followed(values: dict[str, Any]) -> None:
    add_pair(("anidb", "9"), ("anilist", "1"), **values)
    add_range("anidb", "9", source="anime_lists")
    assert reader().named("anilist", ["1"]) == {}


@pytest.mark.parametrize("other", [(("anidb", "9"), ("anilist", "2")), (("anidb", "8"), ("anilist", "1"))])
def test_two_for_one_are_not_followed(other: tuple[tuple[str, str], tuple[str, str]]) -> None:
    """What is one entry here and two there counts its episodes differently."""
    add_pair(("anidb", "9"), ("anilist", "1"))
    add_pair(*other, source="arm")
    add_range("anidb", "9", source="anime_lists")
    assert reader().named("anilist", ["1"]) == {}


def test_what_the_catalogue_says_stands_above_the_tables() -> None:
    add_media(anilist="1", myanimelist="2")
    add_pair(("anilist", "3"), ("myanimelist", "2"))
    add_range("anilist", "1")
    assert reader().named("myanimelist", ["2"])["2"].key == "anilist-1"


def test_rows_that_are_gone_and_rows_of_other_people_do_not_count(alice: User, bob: User) -> None:
    add_range("anilist", "1", gone_at=SEEN)
    add_range("anilist", "1", source="person", user=bob, season=4)
    assert reader(alice).named("anilist", ["1"]) == {}
    assert reader().named("anilist", ["1"]) == {}
    assert reader(bob).named("anilist", ["1"])["1"].segments[0].season == 4


def test_a_person_s_nowhere_takes_a_work_off(alice: User) -> None:
    add_range("anilist", "1")
    nowhere = {"target_kind": "", "target_site": "", "target_id": "", "numbering": "", "season": None}
    add_range("anilist", "1", source="person", user=alice, state="unmapped", **nowhere)
    assert reader(alice).named("anilist", ["1"]) == {}
    assert list(reader().named("anilist", ["1"])) == ["1"]


def test_neighbours_bound_a_place_that_is_asked_for_alone() -> None:
    add_range("anilist", "1")
    add_range("anidb", "9", source="anime_lists", start=29)
    add_pair(("anidb", "9"), ("anilist", "2"))
    assert [s.last for s in reader().named("anilist", ["1"])["1"].segments] == [28]
    add_range("myanimelist", "3", start=29)
    assert reader().named("anilist", ["2"])["2"].flag == "overlap"
    assert {place.key: place.flag for place in reader().at([SHOW])} == {
        "anilist-1": "",
        "anilist-2": "overlap",
        "myanimelist-3": "overlap",
    }


def test_a_place_with_a_better_source_is_not_at_the_worse_one_s_show() -> None:
    add_range("anilist", "1", target_id="5")
    add_range("anilist", "1", source="anibridge", numbering="number")
    assert reader().at([Target(TargetKind.SHOW, "tmdb", "5")]) == []
    assert [place.key for place in reader().at([SHOW])] == ["anilist-1"]
    assert reader().at([Target(TargetKind.MOVIE, "tmdb", "209867"), Target(TargetKind.SHOW, "tvdb", "209867")]) == []


def fill(count: int) -> None:
    """Works in all their forms: pairs, rows on AniDB ids, a sequel in the same season, a film."""
    for number in range(1, count + 1):
        one, other = str(number), str(1000 + number)
        add_media(anilist=one, trakt=f"anilist-{one}")
        add_pair(("anilist", one), ("myanimelist", other))
        add_pair(("anidb", other), ("anilist", one))
        add_range("anidb", other, source="anime_lists", target_id=one, last=12)
        add_range("myanimelist", str(2000 + number), target_id=one, start=13)
        add_range("anilist", one, target_kind="movie", target_id=one, source="anitrakt_movies", season=None)


@pytest.mark.parametrize(
    "ask",
    [
        lambda count: reader().named("anilist", [str(number) for number in range(1, count + 1)]),
        lambda count: reader().keyed([f"anilist-{number}" for number in range(1, count + 1)]),
        lambda count: reader().at([Target(TargetKind.SHOW, "tmdb", str(n)) for n in range(1, count + 1)]),
    ],
)
def test_any_number_of_works_costs_the_same_queries(ask: Callable[[int], Any]) -> None:
    fill(7)
    counts = []
    for count in (1, 3, 7):
        with CaptureQueriesContext(database) as queries:
            assert len(ask(count)) >= count
        counts.append(len(queries))
    assert len(set(counts)) == 1
    assert counts[0] <= 18


def test_works_go_by_their_best_name() -> None:
    add_pair(("anidb", "9"), ("myanimelist", "2"))
    add_pair(("kitsu", "3"), ("myanimelist", "2"))
    works = works_of([Name("kitsu", "3"), Name("anidb", "9"), Name("anidb", "7")])
    assert {str(name.id): work.name for name, work in works.items()} == {
        "3": Name("myanimelist", "2"),
        "9": Name("myanimelist", "2"),
        "7": Name("anidb", "7"),
    }


def test_a_work_is_the_same_from_whichever_of_its_names_it_is_looked_at() -> None:
    """MyAnimeList's 2 is two entries at AniList, which shows three steps away from AniDB's 9."""
    add_pair(("anidb", "9"), ("anilist", "1"))
    add_pair(("anilist", "1"), ("myanimelist", "2"))
    add_pair(("anilist", "5"), ("myanimelist", "2"), source="arm")
    names = [Name("anidb", "9"), Name("anilist", "1"), Name("myanimelist", "2"), Name("anilist", "5")]
    together = works_of(names)
    assert [works_of([name])[name] for name in names] == [together[name] for name in names]
    assert together[names[0]].names == (Name("anilist", "1"), Name("anidb", "9"))
    assert together[names[2]].names == (Name("myanimelist", "2"),)


def test_a_pair_does_not_take_an_id_that_the_catalogue_has_elsewhere() -> None:
    add_media(anilist="7", myanimelist="2")
    add_pair(("anilist", "1"), ("myanimelist", "2"))
    add_range("anilist", "1")
    assert reader().named("anilist", ["1"])["1"].ids == {"anilist": "1"}
    assert reader().named("myanimelist", ["2"]) == {}


def test_two_ids_of_one_service_for_one_work_are_one_place() -> None:
    media = add_media(anilist="1")
    ExternalId.objects.create(media=media, provider="anilist", kind="anime", external_id="2", source="anilist")
    add_range("anilist", "1")
    places = reader().named("anilist", ["1", "2"])
    assert places["1"] == places["2"]
    assert len(reader().at([SHOW])) == 1


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("anilist-154587", Name("anilist", "154587")),
        ("anidb-9", Name("anidb", "9")),
        ("trakt-9", None),
        ("anilist-", None),
        ("anilist", None),
        ("", None),
    ],
)
def test_what_a_key_names(key: str, name: Name | None) -> None:
    assert parse_key(key) == name


def test_listed_places_are_on_a_list_and_known_by_that_site_alone(alice: User) -> None:
    Library.objects.create(user=alice)
    film = {"target_kind": "movie", "target_site": "imdb", "season": None, "last": 1}
    for number in range(1, 6):
        media = add_media(1, anilist=str(number))
        add_range("anilist", str(number), target_id=f"tt{number}", **film)
        if number != 2:
            removed = SEEN if number == 3 else None
            ListEntry.objects.create(user=alice, media=media, status="planned", revision=1, removed_at=removed)
    add_range("anilist", "4")
    # A doubtful route is none.
    add_range("anilist", "5", source="anime_lists", state="flagged", flag="overlap")
    assert [place.key for place in listed_places(["imdb"], provider="tmdb")] == ["anilist-1", "anilist-5"]
