"""The Kitsu fake's REST API against providers/kitsu.md; the section is named where it helps."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.sandbox.catalogue import load_works
from tests.sandbox.conftest import AT
from tests.sandbox.kitsu import Kitsu, entry, kitsu

__all__ = ["kitsu"]

NOW = "2023-11-14T22:13:20.000Z"
OLD = "2020-05-01T00:00:00.000Z"
NOBODY: dict[str, str] = {}
"""The headers of a reader without a token."""
ADULT = 201
"""Elfen Lied, whose flag in the catalogue is gray."""


def ids(document: dict[str, Any]) -> list[str]:
    return [row["id"] for row in document["data"]]


def shown(document: dict[str, Any], *names: str) -> list[Any]:
    """One attribute of each row, or several."""
    rows = [tuple(row["attributes"][name] for name in names) for row in document["data"]]
    return [row[0] for row in rows] if len(names) == 1 else rows


class TestReading:
    """6.2 to 6.5."""

    def test_one_pass_reads_media_and_mappings(self, kitsu: Kitsu) -> None:
        alice = kitsu.person(entries=[entry(1, progress=3, ratingTwenty=16, startedAt="2020-05-01", updatedAt=AT)])
        found = kitsu.list(
            alice,
            filter__kind="anime",
            include="anime,anime.mappings",
            fields__libraryEntries="status,progress,startedAt,updatedAt,anime",
            fields__anime="canonicalTitle,mappings",
            fields__mappings="externalSite,externalId",
            page__limit=500,
            sort="id",
        )
        row, (anime, *mappings) = found["data"][0], found["included"]
        assert (row["type"], row["id"].isdecimal()) == ("libraryEntries", True)
        assert row["attributes"] == {"status": "current", "progress": 3, "startedAt": OLD, "updatedAt": NOW}
        assert {name: one["data"] for name, one in row["relationships"].items()} == {
            "anime": {"type": "anime", "id": "1"}
        }
        assert anime["attributes"] == {"canonicalTitle": "Cowboy Bebop"}
        assert [one["id"] for one in anime["relationships"]["mappings"]["data"]] == [one["id"] for one in mappings]
        assert [one["attributes"] for one in mappings] == [
            {"externalSite": "myanimelist/anime", "externalId": "1"},
            {"externalSite": "anilist/anime", "externalId": "1"},
        ]

    def test_attributes_of_a_work(self, kitsu: Kitsu) -> None:
        names = "slug,canonicalTitle,titles,subtype,status,episodeCount,startDate,endDate,nsfw"
        anime = kitsu.get("/anime/1", params={"fields[anime]": names}).json()["data"]
        assert anime["attributes"] == {
            "slug": "cowboy-bebop",
            "canonicalTitle": "Cowboy Bebop",
            "titles": {"en_jp": "Cowboy Bebop"},
            "subtype": "TV",
            "status": "finished",
            "episodeCount": 26,
            "startDate": "1998-04-03",
            "endDate": None,
            "nsfw": False,
        }

    def test_every_attribute_of_an_entry(self, kitsu: Kitsu) -> None:
        alice = kitsu.person(entries=[entry(1, createdAt=AT, updatedAt="2023-11-14T22:13:20.123Z", ratingTwenty=17)])
        assert kitsu.list(alice)["data"][0]["attributes"] == {
            "createdAt": NOW,
            "updatedAt": "2023-11-14T22:13:20.123Z",
            "status": "current",
            "progress": 0,
            "volumesOwned": 0,
            "reconsuming": False,
            "reconsumeCount": 0,
            "notes": None,
            "private": False,
            "reactionSkipped": "unskipped",
            "progressedAt": None,
            "startedAt": None,
            "finishedAt": None,
            "rating": "4.0",
            "ratingTwenty": 17,
        }

    def test_a_relationship_has_data_only_when_it_is_included(self, kitsu: Kitsu) -> None:
        alice = kitsu.person(entries=[entry(1)])
        plain = kitsu.list(alice)["data"][0]["relationships"]
        assert set(plain) == {
            "user", "anime", "manga", "drama", "media", "review", "mediaReaction", "unit", "nextUnit"
        }  # fmt: skip
        assert {name for name, one in plain.items() if set(one) != {"links"}} == set()
        assert plain["anime"]["links"]["related"].startswith(f"{kitsu.root}/edge/library-entries/")
        included = kitsu.list(alice, include="media,manga,user")
        assert {name: one["data"] for name, one in included["data"][0]["relationships"].items() if "data" in one} == {
            "user": {"type": "users", "id": alice["id"]},
            "manga": None,
            "media": {"type": "anime", "id": "1"},
        }
        assert [one["type"] for one in included["included"]] == ["users", "anime"]

    def test_a_relationship_outside_the_sparse_fields_is_not_linked(self, kitsu: Kitsu) -> None:
        alice = kitsu.person(entries=[entry(1)])
        found = kitsu.list(alice, include="anime", fields__libraryEntries="status")
        assert "relationships" not in found["data"][0]
        assert [one["id"] for one in found["included"]] == ["1"]
        lonely = kitsu.list(alice, include="anime,anime.mappings", fields__anime="slug", fields__libraryEntries="anime")
        assert "relationships" not in lonely["included"][0]
        assert [one["type"] for one in lonely["included"]] == ["anime", "mappings", "mappings"]

    def test_a_hidden_work_leaves_its_entry_with_null(self, kitsu: Kitsu) -> None:
        alice = kitsu.person(entries=[entry(1)])
        kitsu.works({"kind": "anime", "id": 1, "hidden": True})
        found = kitsu.list(alice, include="anime")
        assert (found["data"][0]["relationships"]["anime"]["data"], found["included"]) == (None, [])
        assert kitsu.get("/anime/1").status_code == 404

    def test_pages_of_ten_and_their_links(self, kitsu: Kitsu) -> None:
        kitsu.sandbox.control("POST", "kitsu/works", {"generate": {"kind": "anime", "count": 25, "first_id": 900_000}})
        alice = kitsu.person(entries=[entry(900_000 + at) for at in range(25)])
        first = kitsu.list(alice)
        assert (len(first["data"]), first["meta"]["count"], set(first["links"])) == (10, 25, {"first", "next", "last"})
        second = kitsu.get(first["links"]["next"], headers=alice["token"]).json()
        third = kitsu.get(second["links"]["next"], headers=alice["token"]).json()
        seen = [row for document in (first, second, third) for row in ids(document)]
        assert (len(set(seen)), set(second["links"]), set(third["links"])) == (
            25,
            {"first", "prev", "next", "last"},
            {"first", "prev", "last"},
        )
        last = kitsu.get(third["links"]["last"], headers=alice["token"]).json()
        assert ids(last) == seen[15:]
        assert ids(kitsu.list(alice, page__offset=25)) == []

    @pytest.mark.parametrize(
        ("path", "top"), [("/library-entries", 500), ("/anime", 20), ("/mappings", 20), ("/users", 20)]
    )
    def test_the_largest_page(self, kitsu: Kitsu, path: str, top: int) -> None:
        alice = kitsu.person()
        params: dict[str, str] = {"filter[user_id]": alice["id"]} if top == 500 else {}
        assert kitsu.get(path, params={**params, "page[limit]": str(top)}).status_code == 200
        refused = kitsu.get(path, params={**params, "page[limit]": str(top + 1)})
        assert (refused.status_code, refused.json()["errors"][0]) == (
            400,
            {
                "title": "Bad Request",
                "detail": f"Limit exceeds maximum page size of {top}.",
                "code": "118",
                "status": "400",
            },
        )

    def test_counts_by_status_ignore_the_status_filter(self, kitsu: Kitsu) -> None:
        entries = [
            entry(1),
            entry(2, status="on_hold"),
            entry(3, status="on_hold"),
            entry(1, "manga", status="dropped"),
        ]
        alice = kitsu.person(entries=entries)
        found = kitsu.list(alice, filter__status="on_hold,dropped", filter__kind="anime")
        assert found["meta"] == {"statusCounts": {"current": 1, "onHold": 2}, "count": 2}

    def test_sorting_by_several_keys_with_nulls_last(self, kitsu: Kitsu) -> None:
        alice = kitsu.person(
            entries=[
                entry(12, progress=2, finishedAt="2021-01-01"),
                entry(3, progress=1),
                entry(1, progress=2, finishedAt="2022-01-01"),
                entry(2, progress=2),
            ]
        )

        def order(sort: str) -> list[str]:
            found = kitsu.list(alice, sort=sort, include="anime")
            return [row["relationships"]["anime"]["data"]["id"] for row in found["data"]]

        assert order("id") == ["12", "3", "1", "2"]
        assert order("-id") == ["2", "1", "3", "12"]
        assert order("-finishedAt") == ["1", "12", "3", "2"]
        assert order("finished_at,id") == ["12", "1", "3", "2"]
        assert order("progress,-id") == ["3", "2", "1", "12"]
        assert order("anime.titles.canonical") == ["1", "2", "12", "3"]

    def test_the_no_change_check(self, kitsu: Kitsu) -> None:
        """11: the newest updatedAt and the count, of anime and manga in one request."""
        alice = kitsu.person(entries=[entry(1, updatedAt=OLD), entry(1, "manga", updatedAt=NOW)])
        found = kitsu.list(alice, sort="-updated_at", page__limit=1, fields__libraryEntries="updatedAt")
        assert [row["attributes"] for row in found["data"]] == [{"updatedAt": NOW}]
        assert ("relationships" in found["data"][0], found["meta"]["count"]) == (False, 2)


class TestFilters:
    """6.1."""

    def test_a_filter_is_mandatory(self, kitsu: Kitsu) -> None:
        answer = kitsu.get("/library-entries", headers=kitsu.person()["token"])
        assert (answer.status_code, answer.json()) == (
            400,
            {"errors": [{"status": 400, "detail": "No filter provided"}]},
        )

    @pytest.mark.parametrize(
        ("filters", "wanted"),
        [
            ({"kind": "manga"}, ["m1"]),
            ({"kind": "anime,manga"}, ["a1", "a12", "m1"]),
            ({"kind": "drama"}, []),
            ({"status": "on_hold"}, ["a12"]),
            ({"status": "1,4"}, ["a1", "a12"]),
            ({"since": NOW}, ["a1"]),
            ({"since": "2020-05-01"}, ["a1", "a12"]),
            ({"anime_id": "1,12"}, ["a1", "a12"]),
            ({"mangaId": "1"}, ["m1"]),
            ({"media_id": "1"}, ["a1", "m1"]),
            ({"media_id": "1", "media_type": "Manga"}, ["m1"]),
            ({"title": "one piece"}, ["a12"]),
            ({"following": "1"}, []),
            ({"userId": "5"}, []),
        ],
    )
    def test_filters(self, kitsu: Kitsu, filters: dict[str, str], wanted: list[str]) -> None:
        entries = [
            entry(1, updatedAt=NOW),
            entry(12, status="on_hold", updatedAt=OLD),
            entry(1, "manga", status="dropped", updatedAt="2019-01-01T00:00:00Z"),
        ]
        alice = kitsu.person(entries=entries)
        kitsu.person("bob", entries=[entry(1)])
        params = {"filter[user_id]": alice["id"], **{f"filter[{name}]": value for name, value in filters.items()}}
        answer = kitsu.get("/library-entries", params={**params, "include": "media", "sort": "id"}).json()
        found = [row["relationships"]["media"]["data"] for row in answer["data"]]
        assert [one["type"][0] + one["id"] for one in found] == wanted

    @pytest.mark.parametrize(
        ("name", "value", "code"),
        [
            ("filter[nope]", "1", "102"),
            ("filter[kind]", "novel", "107"),
            ("filter[status]", "watching", "107"),
            ("filter[since]", "yesterday", "107"),
            ("filter[anime_id]", "x", "107"),
            ("fields[libraryEntries]", "nope", "104"),
            ("fields[nope]", "id", "101"),
            ("include", "nope", "112"),
            ("include", "anime.nope", "112"),
            ("sort", "nope", "114"),
            ("page[limit]", "0", "118"),
            ("page[offset]", "-1", "118"),
            ("page[number]", "1", "105"),
        ],
    )
    def test_what_cannot_be_read_is_400(self, kitsu: Kitsu, name: str, value: str, code: str) -> None:
        answer = kitsu.get("/library-entries", params={"filter[userId]": kitsu.person()["id"], name: value})
        error = answer.json()["errors"][0]
        assert (answer.status_code, error["code"], error["status"]) == (400, code, "400")
        assert answer.headers["Content-Type"] == "application/vnd.api+json"

    def test_faults_make_a_list_empty_or_short(self, kitsu: Kitsu) -> None:
        alice = kitsu.person(entries=[entry(1), entry(2), entry(3)])
        for fault in ({"kind": "empty_list"}, {"kind": "short_list", "keep": 2}):
            kitsu.sandbox.control("POST", "kitsu/faults", fault)
        assert [kitsu.list(alice)["meta"]["count"] for _ in range(3)] == [0, 2, 3]


class TestVisibility:
    """6.6 and 2.6."""

    def test_private_entries_are_the_owners(self, kitsu: Kitsu) -> None:
        alice = kitsu.person(entries=[entry(1, private=True), entry(2)])
        bob = kitsu.person("bob")
        counts = [
            kitsu.list({**alice, "token": token})["meta"]["count"] for token in (alice["token"], bob["token"], NOBODY)
        ]
        assert counts == [2, 1, 1]
        assert kitsu.get(f"/library-entries/{ids(kitsu.list(alice))[0]}").status_code == 404

    def test_the_filter_hides_adult_works_from_their_owner_too(self, kitsu: Kitsu) -> None:
        alice = kitsu.person(entries=[entry(1), entry(ADULT)])
        hidden = kitsu.list(alice)
        assert (hidden["meta"]["count"], hidden["meta"]["statusCounts"]) == (1, {"current": 1})
        assert kitsu.get(f"/anime/{ADULT}", headers=alice["token"]).status_code == 404
        assert [one["id"] for one in kitsu.held()] == [1, ADULT]
        entry_id = str(kitsu.held()[1]["entryId"])
        assert kitsu.change(alice, entry_id, progress=2).status_code == 404
        kitsu.sandbox.control("POST", "kitsu/accounts/alice/edit", {"settings": {"sfw_filter": False}})
        assert kitsu.list(alice)["meta"]["count"] == 2
        assert kitsu.list({**alice, "token": {}})["meta"]["count"] == 1
        assert kitsu.get(f"/anime/{ADULT}", headers=alice["token"]).json()["data"]["attributes"]["nsfw"] is True

    def test_an_unknown_token_is_a_stranger(self, kitsu: Kitsu) -> None:
        alice = kitsu.person(entries=[entry(1, private=True), entry(2)])
        stranger = {**alice, "token": {"Authorization": "Bearer nobody-issued-this"}}
        assert kitsu.list(stranger)["meta"]["count"] == 1
        answer = kitsu.get("/users", params={"filter[self]": "true"}, headers=stranger["token"])
        assert (answer.status_code, answer.json()["data"]) == (200, [])

    @pytest.mark.parametrize("how", ["expire", "revoke"])
    @pytest.mark.parametrize("path", ["/users?filter[self]=true", "/anime/1"])
    def test_a_dead_token_is_401(self, kitsu: Kitsu, how: str, path: str) -> None:
        alice = kitsu.person()
        kitsu.sandbox.control("POST", "kitsu/tokens", {"account": "alice", how: True})
        answer = kitsu.get(path, headers=alice["token"])
        assert (answer.status_code, answer.json()) == (401, {"errors": [{"title": "Invalid token", "status": "401"}]})
        assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
        assert answer.headers["Content-Type"] == "application/vnd.api+json"

    @pytest.mark.parametrize("kind", ["expired_token", "revoked_token"])
    def test_a_token_dies_in_the_middle(self, kitsu: Kitsu, kind: str) -> None:
        alice = kitsu.person()
        kitsu.sandbox.control("POST", "kitsu/faults", {"kind": kind})
        answers = [kitsu.get("/users?filter[self]=true", headers=alice["token"]).status_code for _ in range(2)]
        assert answers == [401, 401]

    def test_oneself(self, kitsu: Kitsu) -> None:
        """5: the settings are shown to oneself only."""
        alice = kitsu.person(settings={"rating_system": "advanced", "sfw_filter": False, "email": "A@b.example"})
        params = {"filter[self]": "true", "fields[users]": "name,slug,ratingSystem,sfwFilter,email"}
        me = kitsu.get("/users", params=params, headers=alice["token"]).json()["data"]
        assert [(one["id"], one["type"]) for one in me] == [(alice["id"], "users")]
        assert me[0]["attributes"] == {
            "name": "alice",
            "slug": "alice",
            "ratingSystem": "advanced",
            "sfwFilter": False,
            "email": "a@b.example",
        }
        other = kitsu.get("/users", params={"filter[slug]": "alice"}, headers=kitsu.person("bob")["token"]).json()
        assert other["data"][0]["attributes"] == {"name": "alice", "slug": "alice"}

    def test_the_library_under_its_person(self, kitsu: Kitsu) -> None:
        alice = kitsu.person(entries=[entry(1), entry(2, private=True)])
        answer = kitsu.get(f"/users/{alice['id']}/library-entries").json()
        assert (answer["meta"]["count"], shown(answer, "status")) == (1, ["current"])


class TestTransport:
    """3 and 4."""

    @pytest.mark.parametrize(
        ("accept", "status"),
        [
            ("application/vnd.api+json", 200),
            ("*/*", 200),
            ("text/html, application/vnd.api+json", 200),
            ("application/json", 406),
            ("application/vnd.api+json; charset=utf-8", 406),
        ],
    )
    def test_accept(self, kitsu: Kitsu, accept: str, status: int) -> None:
        assert kitsu.get("/anime/1", headers={"Accept": accept}).status_code == status

    @pytest.mark.parametrize("method", ["POST", "PATCH"])
    def test_a_body_of_another_type_is_415(self, kitsu: Kitsu, method: str) -> None:
        headers = {**kitsu.person()["token"], "Content-Type": "application/json"}
        answer = kitsu.request(method, "/library-entries/1", json={"data": {}}, headers=headers)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (415, "415")

    def test_heavy_includes_may_fail(self, kitsu: Kitsu) -> None:
        alice = kitsu.person(entries=[entry(1)])
        kitsu.setting(include_500_chance=1.0)
        assert kitsu.list(alice, page__limit=500)["meta"]["count"] == 1
        assert kitsu.list(alice, page__limit=250, include="anime")["meta"]["count"] == 1
        params = {"filter[user_id]": alice["id"], "page[limit]": "251", "include": "anime"}
        answer = kitsu.get("/library-entries", params=params)
        assert (answer.status_code, answer.json()["errors"][0]["status"]) == (500, "500")

    @pytest.mark.parametrize("status", [503, 504])
    def test_high_offsets_may_time_out(self, kitsu: Kitsu, status: int) -> None:
        alice = kitsu.person(entries=[entry(1)])
        kitsu.setting(slow_offset=500, slow_status=status)
        assert kitsu.list(alice, page__offset=499)["data"] == []
        answer = kitsu.get("/library-entries", params={"filter[user_id]": alice["id"], "page[offset]": "500"})
        assert (answer.status_code, answer.headers["Content-Type"]) == (status, "text/html; charset=utf-8")

    def test_faults_speak_kitsus_language(self, kitsu: Kitsu) -> None:
        for fault in ({"kind": "rate_limit", "headers": False}, {"kind": "error", "status": 520, "skip": 1}):
            kitsu.sandbox.control("POST", "kitsu/faults", {**fault, "endpoint": "GET /anime/{id}"})
        limited, failed = kitsu.get("/anime/1"), kitsu.get("/anime/1")
        assert (limited.status_code, limited.headers["Content-Type"], "Retry-After" in limited.headers) == (
            429,
            "text/plain",
            False,
        )
        assert (failed.status_code, failed.json()["errors"][0]["status"]) == (520, "520")

    def test_requests_are_counted_by_endpoint_and_write(self, kitsu: Kitsu) -> None:
        alice = kitsu.person()
        made = kitsu.create(alice, status="current").json()["data"]
        kitsu.change(alice, made["id"], progress=2)
        kitsu.get("/nowhere")
        counted = kitsu.sandbox.control("GET", "kitsu/requests")
        assert counted["by_endpoint"] == {
            "GET": {"404": 1},
            "PATCH /library-entries/{id}": {"200": 1},
            "POST /library-entries": {"201": 1},
        }
        assert counted["writes"] == {"alice": {"anime:1": 2}}


class TestWorks:
    """10."""

    def test_ids_are_the_real_ones_for_anime(self, kitsu: Kitsu) -> None:
        known = {work.anilist_id: work.kitsu_id for work in load_works() if work.kind == "anime"}
        assert (known[1], known[20], known[154587]) == (1, 11, 46474)
        assert known[320] == 0
        answer = kitsu.get("/anime", params={"filter[id]": "1,11", "fields[anime]": "canonicalTitle"}).json()
        assert shown(answer, "canonicalTitle") == ["Cowboy Bebop", "Naruto"]

    def test_some_mappings_are_missing(self, kitsu: Kitsu) -> None:
        works = [work for work in load_works() if work.kind == "anime"]

        def sites(row: int) -> list[str]:
            answer = kitsu.get(f"/anime/{works[row - 1].kitsu_id}/mappings").json()
            return shown(answer, "externalSite")

        assert sites(1) == ["myanimelist/anime", "anilist/anime"]
        assert sites(13) == ["myanimelist/anime"]
        assert sites(29) == []

    def test_text_slug_and_adult_works(self, kitsu: Kitsu) -> None:
        def found(**filters: str) -> list[str]:
            params = {f"filter[{name}]": value for name, value in filters.items()}
            return shown(kitsu.get("/anime", params=params).json(), "slug")

        assert found(text="monster")[0] == "monster"
        assert found(slug="cowboy-bebop") == ["cowboy-bebop"]
        assert found(text="Elfen Lied") == []
        open_minded = kitsu.person(settings={"sfw_filter": False})["token"]
        answer = kitsu.get("/anime", params={"filter[text]": "elfen lied"}, headers=open_minded).json()
        assert shown(answer, "slug") == ["elfen-lied"]
        manga = kitsu.get("/manga", params={"filter[slug]": "death-note"}).json()["data"][0]["attributes"]
        assert (manga["chapterCount"], manga["volumeCount"], "episodeCount" in manga) == (108, 12, False)

    def test_seasons_and_trends(self, kitsu: Kitsu) -> None:
        params = {"filter[season]": "spring", "filter[seasonYear]": "1998"}
        assert "cowboy-bebop" in shown(kitsu.get("/anime", params=params).json(), "slug")
        assert kitsu.get("/anime", params={"filter[season]": "monsoon"}).status_code == 400
        trends = {kind: kitsu.get(f"/trending/{kind}").json()["data"] for kind in ("anime", "manga")}
        assert {kind: len(rows) for kind, rows in trends.items()} == {"anime": 10, "manga": 10}
        assert trends["anime"][0]["attributes"]["status"] == "current"
        empty = kitsu.get("/anime/1", params={"include": "genres,categories,staff"}).json()
        assert (empty["data"]["relationships"]["genres"]["data"], empty["included"]) == ([], [])

    def test_many_lookups_in_one_request(self, kitsu: Kitsu) -> None:
        params = {
            "filter[externalSite]": "myanimelist/anime",
            "filter[externalId]": "1,20,99999999",
            "include": "item",
            "fields[item]": "id",
            "page[limit]": "20",
        }
        answer = kitsu.get("/mappings", params=params).json()
        items = [row["relationships"]["item"]["data"] for row in answer["data"]]
        assert (shown(answer, "externalId"), items) == (
            ["1", "20"],
            [{"type": "anime", "id": "1"}, {"type": "anime", "id": "11"}],
        )
        assert answer["meta"]["count"] == 2

    def test_several_works_may_have_one_external_id(self, kitsu: Kitsu) -> None:
        kitsu.works({"kind": "anime", "id": 2, "mappings": {"myanimelist/anime": "1"}})
        params = {"filter[externalSite]": "myanimelist/anime", "filter[externalId]": "1", "include": "item"}
        answer = kitsu.get("/mappings", params=params).json()
        assert [row["relationships"]["item"]["data"]["id"] for row in answer["data"]] == ["1", "2"]

    def test_related_addresses_lead_somewhere(self, kitsu: Kitsu) -> None:
        alice = kitsu.person(entries=[entry(1, "manga")])
        row = kitsu.list(alice)["data"][0]
        links = {name: one["links"] for name, one in row["relationships"].items()}
        assert kitsu.get(links["manga"]["related"]).json()["data"]["type"] == "manga"
        assert kitsu.get(links["anime"]["related"]).json() == {"data": None}
        assert kitsu.get(links["media"]["self"]).json() == {"data": {"type": "manga", "id": "1"}}
        assert kitsu.get(row["links"]["self"]).json()["data"]["id"] == row["id"]
        assert kitsu.get(f"{row['links']['self']}/nope").status_code == 404

    def test_the_control_api_changes_and_removes_works(self, kitsu: Kitsu) -> None:
        alice = kitsu.person(entries=[entry(1), entry(2)])
        kitsu.works({"kind": "anime", "id": 1, "episodeCount": 24}, {"kind": "anime", "id": 2, "removed": True})
        assert kitsu.create(alice, 2, status="current").status_code == 422
        assert [one["id"] for one in kitsu.held()] == [1]
        assert kitsu.get("/anime/1").json()["data"]["attributes"]["episodeCount"] == 24
        kitsu.works({"kind": "anime", "id": 990_001, "title": "Cowboy Bebop", "episodeCount": None})
        assert kitsu.get("/anime/990001").json()["data"]["attributes"]["slug"] == "cowboy-bebop-2"
