"""The Kitsu fake's GraphQL against providers/kitsu.md 7."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import GraphQLObjectType

from integrations.providers.kitsu.fake_graphql import load_schema
from integrations.providers.kitsu.fake_resolve import RESOLVERS
from tests.sandbox.kitsu import Kitsu, entry, kitsu

__all__ = ["kitsu"]

NOW = "2023-11-14T22:13:20.000Z"
OLD = "2020-05-01T00:00:00.000Z"
LIST = """
query ($type: MediaTypeEnum, $first: Int, $after: String, $status: [LibraryEntryStatusEnum!]) {
  currentProfile { library { all(
    first: $first, after: $after, mediaType: $type, status: $status, sort: [{on: UPDATED_AT, direction: DESCENDING}]
  ) {
    totalCount pageInfo { hasNextPage endCursor }
    nodes { id status progress media { id type } }
  } } }
}
"""
CREATE = """
mutation ($input: LibraryEntryCreateInput!) {
  libraryEntry { create(input: $input) { errors { code message path } libraryEntry {
    id status progress rating reconsumeCount startedAt finishedAt updatedAt media { id titles { canonical } }
  } } }
}
"""
UPDATE = """
mutation ($input: LibraryEntryUpdateInput!) {
  libraryEntry { update(input: $input) { errors { code message path __typename } libraryEntry {
    status progress rating notes startedAt finishedAt
  } } }
}
"""
DELETE = """
mutation ($id: ID!) { libraryEntry { delete(input: {id: $id}) { errors { code } libraryEntry { id } } } }
"""
OF_THE_OTHER_KIND = ["Anime.chapterCount", "Anime.volumeCount", "Manga.episodeCount"]
"""Resolvers are shared by both kinds of media."""
NOT_AUTHORIZED = {"message": "Not Authorized", "code": "NotAuthorized", "path": None}


def key(kitsu: Kitsu, at: int = 0, name: str = "alice") -> str:
    return str(kitsu.held(name)[at]["entryId"])


def change(kitsu: Kitsu, person: dict[str, Any] | None, entry_id: str, **values: Any) -> Any:
    return kitsu.data(UPDATE, person, input={"id": entry_id, **values})["libraryEntry"]["update"]


class TestReading:
    def test_the_account(self, kitsu: Kitsu) -> None:
        query = "{ currentAccount { id ratingSystem sfwFilter profile { id name slug } } currentProfile { id } }"
        alice = kitsu.person(settings={"rating_system": "advanced"})
        assert kitsu.data(query, alice) == {
            "currentAccount": {
                "id": alice["id"],
                "ratingSystem": "ADVANCED",
                "sfwFilter": True,
                "profile": {"id": alice["id"], "name": "alice", "slug": "alice"},
            },
            "currentProfile": {"id": alice["id"]},
        }
        stranger = {**alice, "token": {"Authorization": "Bearer unknown"}}
        for nobody in (None, stranger):
            assert kitsu.data(query, nobody) == {"currentAccount": None, "currentProfile": None}

    def test_a_dead_token_is_401(self, kitsu: Kitsu) -> None:
        alice = kitsu.person()
        kitsu.sandbox.control("POST", "kitsu/tokens", {"account": "alice", "revoke": True})
        assert kitsu.ask("{ currentAccount { id } }", alice).status_code == 401

    def test_a_library_in_pages(self, kitsu: Kitsu) -> None:
        alice = kitsu.person(
            entries=[
                entry(1, updatedAt=OLD),
                entry(2, updatedAt=NOW),
                entry(3, status="on_hold", updatedAt="2021-01-01T00:00:00Z"),
                entry(1, "manga"),
            ]
        )

        def page(**variables: Any) -> dict[str, Any]:
            return dict(kitsu.data(LIST, alice, **variables)["currentProfile"]["library"]["all"])

        first = page(type="ANIME", first=2)
        assert (first["totalCount"], first["pageInfo"]["hasNextPage"]) == (3, True)
        assert [one["media"]["id"] for one in first["nodes"]] == ["2", "3"]
        second = page(type="ANIME", first=2, after=first["pageInfo"]["endCursor"])
        assert ([one["media"]["id"] for one in second["nodes"]], second["pageInfo"]["hasNextPage"]) == (["1"], False)
        held = page(type="ANIME", status=["ON_HOLD"])["nodes"][0]
        assert (held["status"], held["media"]) == ("ON_HOLD", {"id": "3", "type": "Anime"})
        assert page()["totalCount"] == 4

    def test_every_field_of_an_entry(self, kitsu: Kitsu) -> None:
        given_ = entry(1, progress=3, ratingTwenty=17, notes="x", private=True, startedAt=OLD, createdAt=OLD)
        alice = kitsu.person(entries=[given_])
        query = """{ currentProfile { library { all(mediaType: ANIME) { nodes {
          status progress progressedAt startedAt finishedAt reconsuming reconsumeCount rating notes private volumesOwned
          createdAt updatedAt user { slug } } } } } }"""
        assert kitsu.data(query, alice)["currentProfile"]["library"]["all"]["nodes"] == [
            {
                "status": "CURRENT",
                "progress": 3,
                "progressedAt": None,
                "startedAt": OLD,
                "finishedAt": None,
                "reconsuming": False,
                "reconsumeCount": 0,
                "rating": 17,
                "notes": "x",
                "private": True,
                "volumesOwned": 0,
                "createdAt": OLD,
                "updatedAt": NOW,
                "user": {"slug": "alice"},
            }
        ]

    def test_a_work_and_its_mappings(self, kitsu: Kitsu) -> None:
        alice = kitsu.person(entries=[entry(1, progress=3)])
        query = """{ findAnimeById(id: 1) { __typename slug type status startDate episodeCount subtype
          titles { canonical localized } mappings(first: 20) { nodes { externalSite externalId } }
          myLibraryEntry { progress } } }"""
        mappings = [{"externalSite": f"{site}_ANIME", "externalId": "1"} for site in ("MYANIMELIST", "ANILIST")]
        assert kitsu.data(query, alice)["findAnimeById"] == {
            "__typename": "Anime",
            "slug": "cowboy-bebop",
            "type": "Anime",
            "status": "FINISHED",
            "startDate": "1998-04-03",
            "episodeCount": 26,
            "subtype": "TV",
            "titles": {"canonical": "Cowboy Bebop", "localized": {"en_jp": "Cowboy Bebop"}},
            "mappings": {"nodes": mappings},
            "myLibraryEntry": {"progress": 3},
        }

    def test_the_filter_hides_adult_works_here_too(self, kitsu: Kitsu) -> None:
        alice = kitsu.person(entries=[entry(201), entry(1)])
        query = '{ findAnimeById(id: 201) { id } searchAnimeByTitle(title: "elfen lied") { totalCount } }'
        hidden = {"findAnimeById": None, "searchAnimeByTitle": {"totalCount": 0}}
        assert kitsu.data(query, alice) == hidden
        assert kitsu.data(LIST, alice)["currentProfile"]["library"]["all"]["totalCount"] == 1
        kitsu.sandbox.control("POST", "kitsu/accounts/alice/edit", {"settings": {"sfw_filter": False}})
        assert kitsu.data(query, alice) == {"findAnimeById": {"id": "201"}, "searchAnimeByTitle": {"totalCount": 1}}
        assert kitsu.data(LIST, alice)["currentProfile"]["library"]["all"]["totalCount"] == 2

    def test_many_lookups_by_alias(self, kitsu: Kitsu) -> None:
        query = """{
          a: lookupMapping(externalId: 1, externalSite: MYANIMELIST_ANIME) { __typename ... on Anime { id slug } }
          b: lookupMapping(externalId: "30021", externalSite: ANILIST_MANGA) { ... on Manga { titles { canonical } } }
          c: lookupMapping(externalId: 99999999, externalSite: ANILIST_ANIME) { __typename }
          d: lookupMapping(externalId: 1, externalSite: TRAKT) { __typename }
        }"""
        assert kitsu.data(query) == {
            "a": {"__typename": "Anime", "id": "1", "slug": "cowboy-bebop"},
            "b": {"titles": {"canonical": "Death Note"}},
            "c": None,
            "d": None,
        }

    def test_finding_and_searching(self, kitsu: Kitsu) -> None:
        query = """{
          a: findAnimeById(id: 11) { titles { canonical } }
          b: findAnimeBySlug(slug: "naruto") { id }
          c: findMangaBySlug(slug: "death-note") { id chapterCount volumeCount }
          d: findMangaById(id: 99999999) { id }
          e: searchAnimeByTitle(title: "one piece", first: 1) { nodes { id } }
          f: searchMangaByTitle(title: "one piece") { nodes { slug } }
          g: searchMediaByTitle(title: "one piece", first: 2) { nodes { type slug } }
          h: searchMediaByTitle(title: "one piece", mediaType: MANGA) { nodes { type } }
        }"""
        found = kitsu.data(query)
        assert (found["a"], found["b"], found["d"]) == ({"titles": {"canonical": "Naruto"}}, {"id": "11"}, None)
        assert (found["c"]["chapterCount"], found["c"]["volumeCount"]) == (108, 12)
        assert (found["e"], found["f"]) == ({"nodes": [{"id": "12"}]}, {"nodes": [{"slug": "one-piece"}]})
        assert [one["type"] for one in found["g"]["nodes"]] == ["Anime", "Manga"]
        assert found["h"] == {"nodes": [{"type": "Manga"}]}

    @pytest.mark.parametrize(
        ("first", "inner", "nodes"), [(500, 20, ""), (2000, 249, ""), (2000, 250, "502,000"), (9999, 250, "502,000")]
    )
    def test_nodes_are_counted_before_anything_runs(self, kitsu: Kitsu, first: int, inner: int, nodes: str) -> None:
        query = """query ($first: Int, $inner: Int) {
          currentProfile { library { all(first: $first, mediaType: ANIME) { ...rows } } }
        } fragment rows on LibraryEntryConnection { nodes { media { mappings(first: $inner) { nodes { id } } } } }"""
        answer = kitsu.ask(query, kitsu.person(), first=first, inner=inner).json()
        messages = [error["message"] for error in answer.get("errors", [])]
        wanted = f"Your request of {nodes} nodes exceeds the node limit: 500,000"
        assert messages == ([wanted] if nodes else [])

    def test_no_page_is_larger_than_2000(self, kitsu: Kitsu) -> None:
        kitsu.sandbox.control(
            "POST", "kitsu/works", {"generate": {"kind": "anime", "count": 2001, "first_id": 900_000}}
        )
        alice = kitsu.person(entries=[entry(900_000 + at) for at in range(2001)])
        found = kitsu.data(LIST, alice, type="ANIME", first=5000)["currentProfile"]["library"]["all"]
        assert (len(found["nodes"]), found["totalCount"], found["pageInfo"]["hasNextPage"]) == (2000, 2001, True)

    @pytest.mark.parametrize("query", ["{ nope }", "{", "mutation { libraryEntry { create { errors { code } } } }", ""])
    def test_what_cannot_be_read_is_an_error_with_200(self, kitsu: Kitsu, query: str) -> None:
        answer = kitsu.ask(query)
        assert (answer.status_code, "data" in answer.json(), len(answer.json()["errors"]) > 0) == (200, False, True)

    def test_endpoints_are_named_by_root_and_mutation(self, kitsu: Kitsu) -> None:
        alice = kitsu.person(entries=[entry(1)])
        kitsu.data("{ currentAccount { id } currentProfile { id } }", alice)
        change(kitsu, alice, key(kitsu), progress=2)
        kitsu.ask("{")
        counts = kitsu.sandbox.control("GET", "kitsu/requests")
        assert set(counts["by_endpoint"]) == {
            "graphql",
            "graphql:currentAccount+currentProfile",
            "graphql:libraryEntry.update",
        }
        assert counts["writes"] == {"alice": {"anime:1": 1}}


class TestWriting:
    def test_create_with_its_defaults_and_the_servers_own_changes(self, kitsu: Kitsu) -> None:
        alice = kitsu.person()
        given_ = {"mediaId": "1", "mediaType": "ANIME", "status": "COMPLETED", "rating": 17, "startedAt": OLD}
        made = kitsu.data(CREATE, alice, input=given_)["libraryEntry"]["create"]
        assert made["errors"] is None
        assert {name: value for name, value in made["libraryEntry"].items() if name != "id"} == {
            "status": "COMPLETED",
            "progress": 26,
            "rating": 17,
            "reconsumeCount": 0,
            "startedAt": OLD,
            "finishedAt": NOW,
            "updatedAt": NOW,
            "media": {"id": "1", "titles": {"canonical": "Cowboy Bebop"}},
        }

    @pytest.mark.parametrize(
        ("values", "message", "path"),
        [
            ({"progress": 27}, "cannot exceed length of media", "progress"),
            ({"rating": 1}, "must be greater than or equal to 2", "rating"),
            ({"reconsumeCount": 51}, "just... go outside", "reconsumeCount"),
            ({"mediaId": "2"}, "has already been taken", "animeId"),
            ({"mediaId": "99999999"}, "must exist", "media"),
        ],
    )
    def test_validation_errors_are_data(self, kitsu: Kitsu, values: dict[str, Any], message: str, path: str) -> None:
        alice = kitsu.person(entries=[entry(2)])
        given_ = {"mediaId": "1", "mediaType": "ANIME", "status": "CURRENT", **values}
        assert kitsu.data(CREATE, alice, input=given_)["libraryEntry"]["create"] == {
            "errors": [{"code": "ValidationError", "message": message, "path": ["attributes", path]}],
            "libraryEntry": None,
        }
        assert len(kitsu.held()) == 1

    def test_omitted_stays_and_null_clears(self, kitsu: Kitsu) -> None:
        alice = kitsu.person(entries=[entry(1, progress=3, ratingTwenty=10, notes="x", startedAt=OLD, finishedAt=OLD)])
        same = change(kitsu, alice, key(kitsu), progress=4)["libraryEntry"]
        kept = {"rating": 10, "notes": "x", "startedAt": OLD, "finishedAt": OLD}
        assert same == {"status": "CURRENT", "progress": 4, **kept}
        cleared = change(kitsu, alice, key(kitsu), **dict.fromkeys(kept))["libraryEntry"]
        assert cleared == {"status": "CURRENT", "progress": 4, **dict.fromkeys(kept)}

    def test_the_same_steps_as_over_rest(self, kitsu: Kitsu) -> None:
        alice = kitsu.person(entries=[entry(1, status="on_hold", progress=5)])
        moved = change(kitsu, alice, key(kitsu), status="ON_HOLD", progress=6)["libraryEntry"]
        assert (moved["status"], moved["progress"]) == ("CURRENT", 6)
        full = change(kitsu, alice, key(kitsu), progress=26)["libraryEntry"]
        assert (full["status"], full["startedAt"], full["finishedAt"]) == ("COMPLETED", NOW, NOW)

    def test_single_values_by_id_and_by_media(self, kitsu: Kitsu) -> None:
        alice = kitsu.person(entries=[entry(1, "manga")])
        query = """mutation ($id: ID!) { libraryEntry {
          a: updateProgressById(input: {id: $id, progress: 2}) { libraryEntry { progress } }
          b: updateProgressByMedia(input: {mediaId: 1, mediaType: MANGA, progress: 3}) { libraryEntry { progress } }
          c: updateRatingById(input: {id: $id, rating: 4}) { libraryEntry { rating } }
          d: updateRatingByMedia(input: {mediaId: 1, mediaType: MANGA, rating: 5}) { libraryEntry { rating } }
          e: updateStatusById(input: {id: $id, status: DROPPED}) { libraryEntry { status } }
          f: updateStatusByMedia(input: {mediaId: 1, mediaType: MANGA, status: ON_HOLD}) { libraryEntry { status } }
        } }"""
        done = kitsu.data(query, alice, id=key(kitsu))["libraryEntry"]
        assert [one["libraryEntry"] for one in done.values()] == [
            {"progress": 2},
            {"progress": 3},
            {"rating": 4},
            {"rating": 5},
            {"status": "DROPPED"},
            {"status": "ON_HOLD"},
        ]

    def test_delete_and_then_500_with_error(self, kitsu: Kitsu) -> None:
        alice = kitsu.person(entries=[entry(1)])
        gone = key(kitsu)
        done = kitsu.data(DELETE, alice, id=gone)["libraryEntry"]["delete"]
        assert (done, kitsu.held()) == ({"errors": None, "libraryEntry": {"id": gone}}, [])
        again = kitsu.ask(DELETE, alice, id=gone)
        assert (again.status_code, again.json()) == (
            500,
            {"error": {"message": f"Couldn't find LibraryEntry with 'id'={gone}"}, "data": {}},
        )
        by_media = """mutation { libraryEntry {
          updateProgressByMedia(input: {mediaId: 1, mediaType: ANIME, progress: 3}) { errors { code } } } }"""
        assert kitsu.ask(by_media, alice).status_code == 500

    def test_others_and_strangers_are_not_authorized(self, kitsu: Kitsu) -> None:
        alice, bob = kitsu.person(entries=[entry(1)]), kitsu.person("bob")
        refused = {"errors": [{**NOT_AUTHORIZED, "__typename": "NotAuthorizedError"}], "libraryEntry": None}
        stranger = {**alice, "token": {"Authorization": "Bearer unknown"}}
        for other in (bob, None, stranger):
            assert change(kitsu, other, key(kitsu), progress=9) == refused
        assert kitsu.data(DELETE, bob, id=key(kitsu))["libraryEntry"]["delete"]["errors"] == [{"code": "NotAuthorized"}]
        assert [one["progress"] for one in kitsu.held()] == [0]

    def test_aliases_run_one_after_another_each_with_its_own_payload(self, kitsu: Kitsu) -> None:
        alice = kitsu.person(entries=[entry(1), entry(2)])
        query = """mutation ($a: ID!, $b: ID!) {
          one: libraryEntry { update(input: {id: $a, progress: 2}) { ...payload } }
          two: libraryEntry { update(input: {id: $b, progress: 99}) { ...payload } }
          libraryEntry {
            three: update(input: {id: $a, progress: 3}) { ...payload }
            four: create(input: {mediaId: 3, mediaType: ANIME, status: PLANNED}) { errors { code } }
          }
        } fragment payload on LibraryEntryUpdatePayload { errors { code } libraryEntry { progress } }"""
        done = kitsu.data(query, alice, a=key(kitsu), b=key(kitsu, 1))
        assert [done["one"]["update"], done["two"]["update"], *done["libraryEntry"].values()] == [
            {"errors": None, "libraryEntry": {"progress": 2}},
            {"errors": [{"code": "ValidationError"}], "libraryEntry": None},
            {"errors": None, "libraryEntry": {"progress": 3}},
            {"errors": None},
        ]
        assert [(one["id"], one["progress"]) for one in kitsu.held()] == [(1, 3), (2, 0), (3, 0)]

    def test_a_crash_ends_the_document_and_keeps_what_was_done(self, kitsu: Kitsu) -> None:
        alice = kitsu.person(entries=[entry(1)])
        query = """mutation ($a: ID!) {
          one: libraryEntry { update(input: {id: $a, progress: 2}) { errors { code } } }
          two: libraryEntry { update(input: {id: 5, progress: 2}) { errors { code } } }
          three: libraryEntry { update(input: {id: $a, progress: 3}) { errors { code } } }
        }"""
        answer = kitsu.ask(query, alice, a=key(kitsu))
        assert (answer.status_code, answer.json()["data"]) == (500, {})
        assert [one["progress"] for one in kitsu.held()] == [2]


def test_every_root_field_and_mutation_is_answered() -> None:
    schema = load_schema()
    types = [schema.query_type, schema.mutation_type, schema.type_map["LibraryEntryMutations"]]
    names = [f"{one.name}.{field}" for one in types if isinstance(one, GraphQLObjectType) for field in one.fields]
    assert [name for name in names if name not in RESOLVERS] == []
    assert [path for path in RESOLVERS if not _exists(path)] == OF_THE_OTHER_KIND


def _exists(path: str) -> bool:
    type_, _, field = path.partition(".")
    found = load_schema().type_map.get(type_)
    return isinstance(found, GraphQLObjectType) and field in found.fields
