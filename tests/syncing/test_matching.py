"""Entries find their media by any id that is told, and never two entries one media."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from integrations.errors import Transient
from integrations.providers.base import MediaFacts, RemoteEntry
from library.entry import Entry, Kind, Status
from library.models import ExternalId, IdPair, Media
from library.services.catalogue import Work, add_works, attach_ids, external_ids_of
from library.services.identities import ambiguous_of, identities_of, pairs_of
from library.services.matches import Words
from syncing.services import adopting, suggesting
from syncing.services.matching import Matched, match
from syncing.services.routing import Routes, find_routes
from syncing.services.searching import Searched, search

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


@pytest.mark.parametrize("tie", ["id", "title", "none"])
def test_of_two_lists_that_bring_a_work_at_one_moment_the_second_finds_it(
    monkeypatch: pytest.MonkeyPatch, tie: str
) -> None:
    """AniList's run adds the work after Kitsu's run has looked for it, and before that adds it."""
    theirs = [
        replace(
            titled("20958", "Trigun"),
            media=replace(titled("20958", "Trigun").media, cross_ids={"myanimelist": "25777"}),
        )
    ]
    ours = (
        [remote("43", myanimelist="25777")]
        if tie == "id"
        else [titled("43", "Trigun" if tie == "title" else "Monster")]
    )
    look, overtaken = suggesting.look_alikes, False

    def look_and_be_overtaken(provider: str, *args: Any, **kwargs: Any) -> Any:
        nonlocal overtaken
        found = look(provider, *args, **kwargs)
        if provider == "kitsu" and not overtaken:
            overtaken = True
            match("anilist", theirs)
        return found

    monkeypatch.setattr(suggesting, "look_alikes", look_and_be_overtaken)
    matched = match("kitsu", ours)
    assert (overtaken, matched.waiting, len(matched.remotes)) == (True, (), 1)
    assert Media.objects.count() == (2 if tie == "none" else 1)


def test_numbers_of_anime_and_manga_are_kept_apart() -> None:
    matched = match("myanimelist", [remote("1"), remote("1", Kind.MANGA)])
    assert len({entry.media_id for entry in matched.remotes}) == 2


def test_two_entries_that_claim_one_other_id_stay_two_works_and_neither_gets_it() -> None:
    entries = [remote("1", myanimelist="9"), remote("2", myanimelist="9")]
    for _ in range(2):
        matched = match("anilist", entries)
        assert len({entry.media_id for entry in matched.remotes}) == 2
        assert (matched.duplicates, ExternalId.objects.filter(provider="myanimelist").count()) == ((), 0)


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_entries_that_claim_a_work_of_ours_their_order_does_not_choose(order: int) -> None:
    made = match("myanimelist", [titled("9", "Trigun")])
    claims = [titled("1", "Trigun Ni", year=2009), titled("2", "Gunslinger", year=2011)]
    claims = [replace(each, media=replace(each.media, cross_ids={"myanimelist": "9"})) for each in claims]
    matched = match("anilist", claims[::order])
    assert {(each.remote_id, each.reason) for each in matched.waiting} == {("1", "ambiguous"), ("2", "ambiguous")}
    assert [each.maybe for each in matched.waiting] == [frozenset({made.remotes[0].media_id})] * 2
    # The person says which: then the other is one of its own, and no id that all share is learnt from their word.
    own = Words({(Kind.ANIME, "1"): made.remotes[0].media_id})
    with transaction.atomic():
        matched = match("anilist", claims[::order], own)
        assert (matched.waiting, matched.duplicates) == ((), ())
        assert external_ids_of("anilist", [made.remotes[0].media_id]) == {}
        transaction.set_rollback(True)
    # The title tells which: then the other's claim is explained.
    claims[0] = replace(claims[0], media=replace(titled("1", "Trigun").media, cross_ids={"myanimelist": "9"}))
    matched = match("anilist", claims[::order])
    found = {each.remote_id: each.media_id for each in matched.remotes}
    assert (matched.waiting, found["1"], found["2"] != found["1"]) == ((), made.remotes[0].media_id, True)


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
    assert (routes.ids, provider.asked) == ({ids["25777"]: "20958"}, ["25777", "999"])
    again = find_routes(None, provider, wanted, sources=("myanimelist",), skip={ids["999"]})  # type: ignore[arg-type]
    assert (again.ids, provider.asked) == (routes.ids, ["25777", "999"])


def test_a_translation_that_belongs_to_another_work_is_no_route() -> None:
    match("anilist", [remote("20958")])
    matched = match("myanimelist", [remote("25777")])
    provider = Translator({"25777": MediaFacts(Kind.ANIME, "20958")})
    wanted = {matched.remotes[0].media_id: Kind.ANIME}
    assert find_routes(None, provider, wanted, sources=("myanimelist",), skip=set()).ids == {}  # type: ignore[arg-type]


class Overtaken(Translator):
    """While it is asked, somebody else's run learns that `facts` are those of `media`."""

    def __init__(self, facts: MediaFacts, media: int) -> None:
        super().__init__({"25777": facts})
        self.facts, self.media = facts, media

    def translate(self, *asked: Any) -> dict[str, MediaFacts]:
        attach_ids("anilist", Kind.ANIME, {self.facts.external_id: self.media}, source="title")
        return super().translate(*asked)

    def search(self, *_asked: Any) -> list[MediaFacts]:
        attach_ids("anilist", Kind.ANIME, {self.facts.external_id: self.media}, source="title")
        return [self.facts]


def test_what_another_run_has_just_learnt_is_no_other_work_s() -> None:
    """Else the work waited for a day, though its id is known and sure (found by `make chaos`)."""
    (entry,) = match("myanimelist", [remote("25777")]).remotes
    wanted = {entry.media_id: Kind.ANIME}
    provider = Overtaken(MediaFacts(Kind.ANIME, "20958"), entry.media_id)
    found = find_routes(None, provider, wanted, sources=("myanimelist",), skip=set())  # type: ignore[arg-type]
    assert found.ids == {entry.media_id: "20958"}


def test_nor_is_it_where_it_was_searched_for_by_title() -> None:
    work = replace(remote("25777").media, format="tv", year=2014)
    (entry,) = match("myanimelist", [RemoteEntry(work, Entry(Status.CURRENT))]).remotes
    provider = Overtaken(replace(work, external_id="20958"), entry.media_id)
    found = search(None, provider, {entry.media_id: Kind.ANIME}, barred=())  # type: ignore[arg-type]
    assert found.ids == {entry.media_id: "20958"}


def test_an_entry_that_another_run_has_just_recognised_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """It looks like a work, but not surely, so this run would leave it to a person; the other run was told its id."""
    media = media_by(match("anilist", [titled("1", "Trigun", year=2014)]))
    real = suggesting.look_alikes

    def late(*asked: Any, **options: Any) -> Any:
        alike = real(*asked, **options)
        attach_ids("kitsu", Kind.ANIME, {"43": media["1"]}, source="myanimelist")
        return alike

    entry = titled("43", "Trigun")
    assert match("kitsu", [entry]).waiting, "without the other run it waits"
    monkeypatch.setattr(suggesting, "look_alikes", late)
    found = match("kitsu", [entry])
    assert ([one.media_id for one in found.remotes], found.waiting) == ([media["1"]], ())


def test_an_id_that_went_to_another_work_at_the_last_moment_is_no_route(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the look whether it is free and the writing down."""
    ours, theirs = match("myanimelist", [remote("25777"), remote("999")]).remotes

    def late(provider: str, kind: Kind, pairs: dict[str, int], **options: Any) -> None:
        attach_ids(provider, kind, {"20958": theirs.media_id}, source="title")
        attach_ids(provider, kind, pairs, **options)

    monkeypatch.setattr("syncing.services.adopting.attach_ids", late)
    pairs = {"20958": ours.media_id}
    assert adopting.attach_free("anilist", Kind.ANIME, pairs, source="title", barred=()) == {}
    assert external_ids_of("anilist", [ours.media_id, theirs.media_id]) == {theirs.media_id: "20958"}


# The public id tables ----------------------------------------------------------------------------------------


def pair(one: tuple[str, str], other: tuple[str, str], *, source: str = "arm", **values: Any) -> None:
    (left_site, left_id), (right_site, right_id) = sorted((one, other))
    IdPair.objects.create(
        kind="anime",
        left_site=left_site,
        left_id=left_id,
        right_site=right_site,
        right_id=right_id,
        source=source,
        first_seen_at=timezone.now(),
        **values,
    )


def media_by(matched: Matched) -> dict[str, int]:
    return {each.remote_id: each.media_id for each in matched.remotes}


def test_pairs_are_read_in_both_directions_in_two_queries(django_assert_num_queries: Any) -> None:
    pair(("anilist", "1"), ("myanimelist", "11"))
    pair(("kitsu", "111"), ("myanimelist", "11"))
    pair(("anilist", "2"), ("myanimelist", "22"), gone_at=timezone.now())
    pair(("anilist", "3"), ("myanimelist", "33"), state="ambiguous")
    pair(("anilist", "4"), ("myanimelist", "44"))
    pair(("anilist", "4"), ("myanimelist", "45"), source="fribb")
    with django_assert_num_queries(2):
        told = identities_of("myanimelist", Kind.ANIME, ["11", "22", "33", "44", "45"])
    assert told.pairs == {"11": {"anilist": "1", "kitsu": "111"}, "44": {"anilist": "4"}, "45": {"anilist": "4"}}
    assert told.ambiguous == {"33": {"anilist": ("3",)}}
    assert ambiguous_of("anilist", Kind.ANIME, ["3", "4"]) == {
        "3": {"myanimelist": ("33",)},
        "4": {"myanimelist": ("44", "45")},
    }
    assert pairs_of("myanimelist", Kind.MANGA, ["11"]) == {}


def test_the_tables_come_before_what_the_service_tells() -> None:
    mine = media_by(match("myanimelist", [remote("7"), remote("8")]))
    pair(("anilist", "1"), ("myanimelist", "7"))
    assert media_by(match("anilist", [remote("1", myanimelist="8")])) == {"1": mine["7"]}
    assert ExternalId.objects.get(provider="anilist").source == "tables"


def test_where_the_tables_disagree_a_person_decides() -> None:
    mine = media_by(match("myanimelist", [remote("7"), remote("8")]))
    pair(("anilist", "1"), ("myanimelist", "7"), state="ambiguous")
    pair(("anilist", "1"), ("myanimelist", "8"), state="ambiguous", source="fribb")
    matched = match("anilist", [remote("1", myanimelist="7")])
    assert (matched.remotes, [each.reason for each in matched.waiting]) == ((), ["ambiguous"])
    assert matched.waiting[0].maybe == set(mine.values())
    assert ExternalId.objects.filter(provider="anilist").count() == 0


def test_an_id_on_which_tables_disagree_is_not_learnt_with_a_new_work() -> None:
    pair(("anilist", "1"), ("myanimelist", "7"), state="ambiguous")
    match("anilist", [remote("1", myanimelist="7")])
    match("anilist", [remote("1", myanimelist="7")])
    assert set(ExternalId.objects.values_list("provider", "external_id")) == {("anilist", "1")}
    assert [each.reason for each in match("myanimelist", [remote("7")]).waiting] == ["ambiguous"]


# Titles ------------------------------------------------------------------------------------------------------


def titled(external_id: str, *titles: str, year: int = 2013, total: int = 25) -> RemoteEntry:
    return RemoteEntry(MediaFacts(Kind.ANIME, external_id, titles, "tv", year, total), Entry(Status.CURRENT))


def test_the_same_title_and_facts_are_one_work() -> None:
    mine = media_by(match("myanimelist", [titled("16498", "Shingeki no Kyojin")]))
    assert media_by(match("kitsu", [titled("7442", "Attack on Titan", "SHINGEKI NO KYOJIN")])) == {
        "7442": mine["16498"]
    }
    assert ExternalId.objects.get(provider="kitsu").source == "title"


def test_a_work_that_is_only_like_one_of_ours_waits_with_its_candidates() -> None:
    mine = media_by(match("myanimelist", [titled("16498", "Shingeki no Kyojin")]))
    matched = match("kitsu", [titled("7442", "Shingeki no Kyojin", year=2014)])
    (waiting,) = matched.waiting
    assert (matched.remotes, waiting.reason, waiting.maybe) == ((), "uncertain", frozenset({mine["16498"]}))
    assert [each.remote_id for each in waiting.candidates] == ["", "7442"]
    assert Media.objects.count() == 1


def test_a_new_work_flows_without_asking() -> None:
    match("myanimelist", [titled("16498", "Shingeki no Kyojin")])
    matched = match("kitsu", [titled("1", "Sousou no Frieren"), titled("2", "Shingeki no Kyojin Season 2", year=2017)])
    assert (len(matched.remotes), matched.waiting, Media.objects.count()) == (2, (), 3)


def test_two_entries_that_are_both_surely_one_work_are_asked_about() -> None:
    match("myanimelist", [titled("16498", "Shingeki no Kyojin")])
    matched = match("kitsu", [titled("1", "Shingeki no Kyojin"), titled("2", "Shingeki no Kyojin")])
    assert (matched.remotes, [each.reason for each in matched.waiting]) == ((), ["uncertain", "uncertain"])


def test_a_work_that_has_an_id_there_already_is_no_candidate() -> None:
    match("kitsu", [titled("1", "Shingeki no Kyojin")])
    matched = match("kitsu", [titled("1", "Shingeki no Kyojin"), titled("2", "Shingeki no Kyojin")])
    assert (len(matched.remotes), matched.waiting) == (2, ())


# A person's own word -----------------------------------------------------------------------------------------


def test_a_persons_word_wins_over_an_id_that_is_known() -> None:
    ids = media_by(match("anilist", [remote("1"), remote("2")]))
    own = Words({(Kind.ANIME, "1"): ids["2"]})
    matched = match("anilist", [remote("2"), remote("1")], own)
    assert (media_by(matched), [each.remote_id for each in matched.waiting]) == ({"1": ids["2"]}, ["2"])
    assert media_by(match("anilist", [remote("1"), remote("2")])) == ids


def test_what_is_left_alone_is_neither_matched_nor_reported() -> None:
    ids = media_by(match("anilist", [remote("1"), remote("2")]))
    matched = match("anilist", [remote("1"), remote("2")], Words({(Kind.ANIME, "1"): None}))
    assert (media_by(matched), matched.waiting, matched.alone) == ({"2": ids["2"]}, (), frozenset({(Kind.ANIME, "1")}))
    off = match("anilist", [remote("1"), remote("2")], Words(off=frozenset({ids["2"]})))
    assert (media_by(off), off.alone) == ({"1": ids["1"]}, frozenset({(Kind.ANIME, "2")}))


def test_a_duplicate_is_reported_with_both_titles() -> None:
    made = add_works("anilist", Kind.ANIME, [Work(Kind.ANIME, ("One",), ids={"anilist": "1"})])
    ExternalId.objects.create(media_id=made["1"], provider="anilist", kind="anime", external_id="2", source="person")
    (waiting,) = match("anilist", [remote("1"), remote("2")]).waiting
    shown = [(each.media_id, each.remote_id, each.facts.titles) for each in waiting.candidates]
    assert (waiting.reason, waiting.title) == ("duplicate", "Title 2")
    assert shown == [(made["1"], "", ("One",)), (None, "1", ("Title 1",)), (None, "2", ("Title 2",))]


# Routes ------------------------------------------------------------------------------------------------------


class Searcher(Translator):
    """Finds what it is told to, by the text it is asked for."""

    def __init__(self, hits: dict[str, list[MediaFacts]]) -> None:
        super().__init__({})
        self.hits, self.searched = hits, []

    searched: list[str]

    def translate(self, _session: Any, _kind: Kind, slug: str, ids: list[str]) -> dict[str, MediaFacts]:
        return {}

    def search(self, _session: Any, _kind: Kind, text: str, *, limit: int = 10) -> list[MediaFacts]:
        self.searched.append(text)
        found = self.hits.get(text, [])
        if found is REFUSED:
            raise Transient("no", provider="anilist")
        return found


REFUSED: list[MediaFacts] = []


def routes(provider: Any, media: dict[str, int], **options: Any) -> Routes:
    wanted = dict.fromkeys(media.values(), Kind.ANIME)
    return find_routes(None, provider, wanted, sources=("myanimelist",), skip=set(), **options)  # type: ignore[arg-type]


def look(provider: Any, media: dict[str, int], **options: Any) -> Searched:
    options.setdefault("barred", ())
    return search(None, provider, dict.fromkeys(media.values(), Kind.ANIME), **options)  # type: ignore[arg-type]


def test_a_route_by_the_tables_costs_no_request() -> None:
    media = media_by(match("myanimelist", [remote("7")]))
    pair(("anilist", "1"), ("myanimelist", "7"))
    provider = Translator({"7": MediaFacts(Kind.ANIME, "2")})
    assert (routes(provider, media).ids, provider.asked) == ({media["7"]: "1"}, [])


def test_where_the_tables_disagree_nothing_is_translated_either() -> None:
    media = media_by(match("myanimelist", [remote("7")]))
    pair(("anilist", "1"), ("myanimelist", "7"), state="ambiguous")
    pair(("anilist", "2"), ("myanimelist", "7"), state="ambiguous")
    provider = Translator({"7": MediaFacts(Kind.ANIME, "1")})
    found = routes(provider, media)
    assert (found.ids, provider.asked) == ({}, [])
    assert [each.remote_id for each in found.waiting[media["7"]].candidates] == ["1", "2"]


def test_no_route_goes_to_an_entry_that_is_another_works_here() -> None:
    media = media_by(match("myanimelist", [remote("7")]))
    ExternalId.objects.create(
        media_id=media["7"], provider="anilist", kind="anime", external_id="1", source="myanimelist"
    )
    assert routes(Translator({}), media, barred={(Kind.ANIME, "1")}).ids == {}
    assert routes(Translator({}), media).ids == {media["7"]: "1"}


def test_a_search_ties_only_what_is_sure() -> None:
    media = media_by(match("myanimelist", [titled("1", "Trigun"), titled("2", "Mushishi"), titled("3", "Baccano")]))
    provider = Searcher(
        {
            "Trigun": [titled("11", "Trigun").media, titled("12", "Trigun Stampede", year=2023).media],
            "Mushishi": [titled("13", "Mushishi", year=2014).media],
        }
    )
    found = look(provider, media)
    assert (found.ids, set(found.unsure), found.left) == ({media["1"]: "11"}, {media["1"], media["2"]}, frozenset())
    assert ExternalId.objects.get(provider="anilist").source == "title"
    assert look(provider, {"2": media["2"]}, barred={(Kind.ANIME, "13")}).unsure == {}


def test_a_search_tells_what_the_person_left_alone_from_what_is_not_there() -> None:
    media = media_by(match("myanimelist", [titled("1", "Trigun"), titled("2", "Baccano")]))
    provider = Searcher({"Trigun": [titled("11", "Trigun").media], "Baccano": [titled("12", "Mushishi").media]})
    alone = {(Kind.ANIME, "11"), (Kind.ANIME, "12")}
    found = look(provider, media, barred=alone, alone=alone)
    assert (len(found.ids), len(found.unsure), found.alone) == (0, 0, frozenset({media["1"]}))
    assert look(provider, media, barred=alone).alone == frozenset()


def test_a_search_does_not_take_what_another_work_has() -> None:
    match("anilist", [titled("11", "Trigun", year=1998)])
    media = media_by(match("myanimelist", [titled("1", "Trigun", year=2023)]))
    found = look(Searcher({"Trigun": [titled("11", "Trigun", year=2023).media]}), media)
    assert (found.ids, [each.remote_id for each in found.unsure[media["1"]]]) == ({}, ["11"])


def test_five_searches_a_run_and_none_after_trouble() -> None:
    media = media_by(match("myanimelist", [titled(str(at), f"Work {chr(97 + at) * 5}", year=0) for at in range(8)]))
    provider = Searcher({})
    found = look(provider, media)
    assert (len(provider.searched), len(found.left)) == (5, 3)
    troubled = Searcher({"Work bbbbb": REFUSED})
    assert (len(look(troubled, media).left), troubled.searched) == (7, ["Work aaaaa", "Work bbbbb"])
