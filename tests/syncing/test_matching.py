"""Entries find their media by any id that is told, and never two entries one media."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.providers.base import MediaFacts, RemoteEntry
from library.entry import Entry, Kind, Status
from library.models import ExternalId, Media
from library.services.catalogue import Work, add_works, external_ids_of
from syncing.services.matching import find_routes, match

pytestmark = pytest.mark.django_db


def remote(external_id: str, kind: Kind = Kind.ANIME, **cross_ids: str) -> RemoteEntry:
    facts = MediaFacts(kind, external_id, (f"Title {external_id}",), total=12, cross_ids=cross_ids)
    return RemoteEntry(facts, Entry(Status.CURRENT))


def test_the_second_service_finds_the_works_of_the_first() -> None:
    first = match("anilist", [remote("20958", myanimelist="25777"), remote("21")])
    second = match("myanimelist", [remote("25777"), remote("5114")])
    by_id = {entry.remote_id: entry.media_id for entry in (*first.remotes, *second.remotes)}
    assert by_id["20958"] == by_id["25777"]
    assert Media.objects.count() == 3


def test_a_work_known_by_the_other_services_id_is_adopted() -> None:
    match("myanimelist", [remote("25777")])
    match("anilist", [remote("20958", myanimelist="25777")])
    assert Media.objects.count() == 1
    assert external_ids_of("anilist", [Media.objects.get().pk]) == {Media.objects.get().pk: "20958"}


def test_numbers_of_anime_and_manga_are_kept_apart() -> None:
    matched = match("myanimelist", [remote("1"), remote("1", Kind.MANGA)])
    assert len({entry.media_id for entry in matched.remotes}) == 2


def test_two_entries_that_claim_one_other_id_stay_two_works() -> None:
    matched = match("anilist", [remote("1", myanimelist="9"), remote("2", myanimelist="9")])
    assert len({entry.media_id for entry in matched.remotes}) == 2
    assert (matched.duplicates, ExternalId.objects.filter(provider="myanimelist").count()) == ((), 1)


def test_a_second_entry_on_one_media_is_reported() -> None:
    made = add_works("anilist", Kind.ANIME, [Work(Kind.ANIME, ("One",), ids={"anilist": "1"})])
    ExternalId.objects.create(media_id=made["1"], provider="anilist", kind="anime", external_id="2", source="person")
    matched = match("anilist", [remote("1"), remote("2")])
    assert [entry.remote_id for entry in matched.remotes] == ["1"]
    assert [entry.media.external_id for entry in matched.duplicates] == ["2"]


def test_an_id_told_later_is_learnt() -> None:
    match("anilist", [remote("5")])
    match("anilist", [remote("5", myanimelist="55")])
    assert ExternalId.objects.get(provider="myanimelist").external_id == "55"


class Translator:
    """A provider that knows some ids of another service, and counts how often it is asked."""

    slug = "anilist"

    def __init__(self, known: dict[str, MediaFacts]) -> None:
        self.known = known
        self.asked: list[str] = []

    def translate(self, _session: Any, _kind: Kind, slug: str, ids: list[str]) -> dict[str, MediaFacts]:
        assert slug == "myanimelist"
        self.asked += ids
        return {key: fact for key, fact in self.known.items() if key in ids}


def test_a_route_is_asked_for_once_and_remembered() -> None:
    matched = match("myanimelist", [remote("25777"), remote("999")])
    wanted = {entry.media_id: entry.kind for entry in matched.remotes}
    ids = {entry.remote_id: entry.media_id for entry in matched.remotes}
    provider = Translator({"25777": MediaFacts(Kind.ANIME, "20958")})
    routes = find_routes(None, provider, wanted, sources=("anilist", "myanimelist"), skip=set())  # type: ignore[arg-type]
    assert (routes, provider.asked) == ({ids["25777"]: "20958"}, ["25777", "999"])
    again = find_routes(None, provider, wanted, sources=("myanimelist",), skip={ids["999"]})  # type: ignore[arg-type]
    assert (again, provider.asked) == (routes, ["25777", "999"])


def test_a_translation_that_belongs_to_another_work_is_no_route() -> None:
    match("anilist", [remote("20958")])
    matched = match("myanimelist", [remote("25777")])
    provider = Translator({"25777": MediaFacts(Kind.ANIME, "20958")})
    wanted = {matched.remotes[0].media_id: Kind.ANIME}
    assert find_routes(None, provider, wanted, sources=("myanimelist",), skip=set()) == {}  # type: ignore[arg-type]
