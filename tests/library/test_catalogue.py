"""Works: found by any of their ids, made once, never merged silently."""

from __future__ import annotations

import pytest
from django.db import connection

from library.entry import Kind
from library.models import ExternalId, Media
from library.services.catalogue import (
    Work,
    add_works,
    attach_ids,
    external_ids_of,
    media_by_external_ids,
    newest_id,
    only_adder,
    titles_of,
)

pytestmark = pytest.mark.django_db


def work(external_id: str, **ids: str) -> Work:
    return Work(Kind.ANIME, (f"Title {external_id}",), ids={"anilist": external_id, **ids})


def test_a_work_is_made_once_and_found_by_each_of_its_ids() -> None:
    made = add_works("anilist", Kind.ANIME, [work("20958", myanimelist="25777")])
    again = add_works("anilist", Kind.ANIME, [work("20958", myanimelist="25777")])
    assert (made, Media.objects.count()) == (again, 1)
    assert media_by_external_ids("myanimelist", Kind.ANIME, ["25777", "1"]) == {"25777": made["20958"]}
    assert external_ids_of("myanimelist", [made["20958"]]) == {made["20958"]: "25777"}
    assert titles_of([made["20958"]]) == {made["20958"]: "Title 20958"}


def test_anime_and_manga_of_one_number_are_two_works() -> None:
    anime = add_works("myanimelist", Kind.ANIME, [Work(Kind.ANIME, ("Cowboy Bebop",), ids={"myanimelist": "1"})])
    manga = add_works("myanimelist", Kind.MANGA, [Work(Kind.MANGA, ("Monster",), ids={"myanimelist": "1"})])
    assert anime["1"] != manga["1"]
    assert media_by_external_ids("myanimelist", Kind.MANGA, ["1"]) == manga


def test_an_id_that_another_work_has_is_left_with_it() -> None:
    first = add_works("anilist", Kind.ANIME, [work("1", myanimelist="7")])
    second = add_works("anilist", Kind.ANIME, [work("2", myanimelist="7")])
    attach_ids("myanimelist", Kind.ANIME, {"7": second["2"]}, source="anilist")
    assert media_by_external_ids("myanimelist", Kind.ANIME, ["7"]) == {"7": first["1"]}
    assert ExternalId.objects.filter(provider="myanimelist").count() == 1


def test_hostile_titles_are_kept_within_their_column() -> None:
    titles = ("\x00" + "x" * 10_000, *(f"t{number}" for number in range(100)))
    made = add_works("anilist", Kind.ANIME, [Work(Kind.ANIME, titles, ids={"anilist": "1"}, year=-5, format="f" * 99)])
    media = Media.objects.get(pk=made["1"])
    assert (len(media.title), len(media.titles), media.year, len(media.format)) == (500, 20, 0, 32)


def test_the_newest_id_moves_with_each_work_and_each_id() -> None:
    seen = [newest_id()]
    made = add_works("anilist", Kind.ANIME, [work("1")])
    seen.append(newest_id())
    attach_ids("kitsu", Kind.ANIME, {"9": made["1"]}, source="kitsu")
    seen.append(newest_id())
    assert seen == sorted(set(seen))


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_only_one_adds_works_at_a_time() -> None:
    other = connection.copy()
    held = "pg_locks WHERE locktype = 'advisory'"
    try:
        with only_adder(), only_adder(), other.cursor() as cursor:
            cursor.execute(f"SELECT pg_try_advisory_xact_lock(classid::bigint << 32 | objid::bigint) FROM {held}")
            assert cursor.fetchall() == [(False,)]
        with other.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {held}")
            assert cursor.fetchall() == [(0,)]
    finally:
        other.close()
