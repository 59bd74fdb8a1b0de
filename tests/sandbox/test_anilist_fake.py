"""The AniList fake against providers/anilist.md; the section is named where it helps."""

from __future__ import annotations

import httpx
import pytest

from tests.sandbox.asking import LIST, REFERER, AniList
from tests.sandbox.conftest import AT

SAVE = "mutation ($id: Int, $raw: Int) { SaveMediaListEntry(mediaId: $id, scoreRaw: $raw) { id mediaId updatedAt } }"
NO_DATE = {"year": None, "month": None, "day": None}


def entry(media_id: int, **values: object) -> dict[str, object]:
    return {"mediaId": media_id, "status": "CURRENT", **values}


def make(anilist: AniList, count: int) -> None:
    """Works 900000 and on."""
    generate = {"kind": "anime", "count": count, "first_id": 900_000}
    anilist.sandbox.control("POST", "anilist/works", {"generate": generate})


class TestReading:
    def test_groups_are_per_status_and_absent_when_empty(self, anilist: AniList) -> None:
        alice = anilist.person(entries=[entry(1), entry(21, status="PLANNING")])
        lists = anilist.lists(alice)
        assert [(group["name"], group["status"]) for group in lists] == [
            ("Watching", "CURRENT"),
            ("Planning", "PLANNING"),
        ]
        assert [group["isCustomList"] for group in lists] == [False, False]

    def test_ids_of_media_entries_and_users_differ(self, anilist: AniList) -> None:
        alice = anilist.person(entries=[entry(5114)])
        found = anilist.lists(alice)[0]["entries"][0]
        assert found["mediaId"] == 5114
        assert found["id"] not in (5114, alice["id"])

    def test_unset_values_read_as_the_page_says(self, anilist: AniList) -> None:
        alice = anilist.person(entries=[entry(21, updatedAt=0)])
        found = anilist.lists(alice)[0]["entries"][0]
        assert found["startedAt"] == NO_DATE
        assert found["notes"] is None
        assert found["progressVolumes"] is None
        assert found["updatedAt"] == 0
        assert found["media"]["episodes"] is None

    def test_custom_lists_repeat_an_entry_and_hidden_ones_stand_only_there(self, anilist: AniList) -> None:
        settings = {"anime_custom_lists": ["Best", "Later"]}
        entries = [
            entry(1, customLists=["Best", "Later"]),
            entry(5, customLists=["Best"], hiddenFromStatusLists=True),
            entry(6, hiddenFromStatusLists=True),
        ]
        alice = anilist.person(settings=settings, entries=entries)
        shown = {group["name"]: [one["mediaId"] for one in group["entries"]] for group in anilist.lists(alice)}
        assert shown == {"Watching": [1], "Best": [1, 5], "Later": [1]}
        page = "query ($u: Int) { Page { mediaList(userId: $u) { mediaId customLists(asArray: true) } } }"
        found = anilist.data(page, alice["token"], u=alice["id"])["Page"]["mediaList"]
        assert [one["mediaId"] for one in found] == [1, 5, 6]
        assert found[1]["customLists"] == [{"name": "Best", "enabled": True}, {"name": "Later", "enabled": False}]

    def test_completed_lists_split_by_format_unless_forced_together(self, anilist: AniList) -> None:
        entries = [entry(1, status="COMPLETED"), entry(199, status="COMPLETED")]
        alice = anilist.person(settings={"anime_split_completed": True}, entries=entries)
        split = [(group["name"], group["isSplitCompletedList"]) for group in anilist.lists(alice)]
        assert split == [("Completed Movie", True), ("Completed TV", True)]
        assert [group["name"] for group in anilist.lists(alice, single=True)] == ["Completed"]

    def test_chunks_count_from_one_and_zero_is_the_first(self, anilist: AniList) -> None:
        make(anilist, 7)
        alice = anilist.person(entries=[entry(900_000 + at, updatedAt=AT + at) for at in range(7)])

        def chunk(number: int, size: int = 3) -> tuple[list[int], bool]:
            data = anilist.data(LIST, alice["token"], user=alice["id"], type="ANIME", chunk=number, perChunk=size)
            found = data["MediaListCollection"]
            return [one["mediaId"] for group in found["lists"] for one in group["entries"]], found["hasNextChunk"]

        assert chunk(0) == chunk(1) == ([900_004, 900_005, 900_006], True)
        assert chunk(2) == ([900_001, 900_002, 900_003], True)
        assert chunk(3) == ([900_000], False)
        assert chunk(4) == ([], False)

    def test_no_more_than_500_a_chunk_and_50_a_page(self, anilist: AniList) -> None:
        make(anilist, 501)
        alice = anilist.person(entries=[entry(900_000 + at) for at in range(501)])
        lists = anilist.lists(alice, chunk=1, perChunk=1000)
        assert sum(len(group["entries"]) for group in lists) == 500
        query = (
            "query ($u: Int) { Page(perPage: 100) { pageInfo { perPage hasNextPage } mediaList(userId: $u) { id } } }"
        )
        page = anilist.data(query, alice["token"], u=alice["id"])["Page"]
        assert (len(page["mediaList"]), page["pageInfo"]) == (50, {"perPage": 50, "hasNextPage": True})

    def test_the_newest_11000_come_back_and_no_more(self, anilist: AniList) -> None:
        anilist.sandbox.control("POST", "anilist/settings", {"list_cap": 2})
        alice = anilist.person(entries=[entry(1, updatedAt=30), entry(5, updatedAt=10), entry(6, updatedAt=20)])
        assert [one["mediaId"] for one in anilist.lists(alice)[0]["entries"]] == [1, 6]

    def test_both_types_in_one_request_by_alias(self, anilist: AniList) -> None:
        alice = anilist.person(entries=[entry(1), entry(30002, status="CURRENT", progressVolumes=3)])
        query = """query ($u: Int) {
          anime: MediaListCollection(userId: $u, type: ANIME) { ...group }
          manga: MediaListCollection(userId: $u, type: MANGA) { ...group }
        } fragment group on MediaListCollection { lists { name entries { mediaId progressVolumes } } }"""
        data = anilist.data(query, alice["token"], u=alice["id"])
        assert data["anime"]["lists"] == [{"name": "Watching", "entries": [{"mediaId": 1, "progressVolumes": None}]}]
        assert data["manga"]["lists"] == [{"name": "Reading", "entries": [{"mediaId": 30002, "progressVolumes": 3}]}]

    def test_type_and_user_are_needed(self, anilist: AniList) -> None:
        alice = anilist.person()
        assert anilist.ask(LIST, alice["token"], user=alice["id"]).json()["errors"][0]["validation"].keys() == {"type"}
        assert anilist.ask(LIST, alice["token"], type="ANIME").json()["errors"][0]["validation"].keys() == {"userId"}

    def test_title_sorts_mix_up_ids_and_groups(self, anilist: AniList) -> None:
        alice = anilist.person(entries=[entry(1, status="DROPPED"), entry(5)])
        lists = anilist.lists(alice, sort=["MEDIA_TITLE_ROMAJI"])
        assert [(one["id"], one["mediaId"]) for one in lists[0]["entries"]] == [(1, 1), (5, 5)]
        assert len(lists) == 1

    def test_filters(self, anilist: AniList) -> None:
        anilist.sandbox.control("POST", "anilist/settings", {"burst_limit": 0})
        dated = {"year": 2020, "month": 5, "day": None}
        entries = [entry(1, startedAt=dated), entry(5, notes="see again"), entry(6, status="PAUSED")]
        alice = anilist.person(entries=entries)

        def ids(condition: str) -> list[int]:
            query = f"query ($u: Int) {{ Page {{ mediaList(userId: $u, {condition}) {{ mediaId }} }} }}"
            return [one["mediaId"] for one in anilist.data(query, alice["token"], u=alice["id"])["Page"]["mediaList"]]

        assert ids("status_in: [PAUSED]") == [6]
        assert ids("status_not: PAUSED") == [1, 5]
        assert ids("mediaId_in: [5, 6]") == [5, 6]
        assert ids('notes_like: "%again%"') == [5]
        assert ids("startedAt_greater: 20200101") == [1]
        assert ids('startedAt_like: "202005%"') == [1]

    def test_ties_fall_differently_on_each_page(self, anilist: AniList) -> None:
        make(anilist, 40)
        alice = anilist.person(entries=[entry(900_000 + at) for at in range(40)])
        query = "query ($u: Int, $p: Int) { Page(page: $p, perPage: 20) { mediaList(userId: $u, sort: SCORE) { id } } }"
        pages = [anilist.data(query, alice["token"], u=alice["id"], p=page)["Page"]["mediaList"] for page in (1, 2)]
        assert len({one["id"] for page in pages for one in page}) < 40


class TestScores:
    @pytest.mark.parametrize(
        ("format_", "shown"),
        [
            ("POINT_100", [0, 1, 29, 30, 35, 36, 60, 61, 85, 89, 90, 100]),
            ("POINT_10_DECIMAL", [0, 0.1, 2.9, 3, 3.5, 3.6, 6, 6.1, 8.5, 8.9, 9, 10]),
            ("POINT_10", [0, 0, 3, 3, 4, 4, 6, 6, 9, 9, 9, 10]),
            ("POINT_5", [0, 1, 1, 2, 2, 2, 3, 3, 4, 4, 5, 5]),
            ("POINT_3", [0, 1, 1, 1, 1, 2, 2, 3, 3, 3, 3, 3]),
        ],
    )
    def test_raw_to_shown(self, anilist: AniList, format_: str, shown: list[float]) -> None:
        raws = [0, 1, 29, 30, 35, 36, 60, 61, 85, 89, 90, 100]
        make(anilist, 12)
        entries = [entry(900_000 + at, scoreRaw=raw) for at, raw in enumerate(raws)]
        alice = anilist.person(settings={"score_format": format_}, entries=entries)
        fields = "own: score forced: score(format: $f)"
        query = "query ($u: Int, $f: ScoreFormat) { Page { mediaList(userId: $u) { " + fields + " } } }"
        found = anilist.data(query, alice["token"], u=alice["id"], f=format_)["Page"]["mediaList"]
        assert [one["own"] for one in found] == shown
        assert [one["forced"] for one in found] == shown

    @pytest.mark.parametrize(
        ("format_", "sent", "raw"),
        [
            ("POINT_100", 83, 83),
            ("POINT_10_DECIMAL", 8.3, 83),
            ("POINT_10", 8, 80),
            ("POINT_5", 4, 70),
            ("POINT_3", 2, 60),
        ],
    )
    def test_score_is_said_in_the_persons_format(self, anilist: AniList, format_: str, sent: float, raw: int) -> None:
        alice = anilist.person(settings={"score_format": format_})
        query = "mutation ($s: Float) { SaveMediaListEntry(mediaId: 1, score: $s) { score(format: POINT_100) } }"
        assert anilist.data(query, alice["token"], s=sent)["SaveMediaListEntry"]["score"] == raw

    def test_a_score_outside_the_format_is_refused(self, anilist: AniList) -> None:
        alice = anilist.person(settings={"score_format": "POINT_10"})
        answer = anilist.ask("mutation { SaveMediaListEntry(mediaId: 1, score: 83) { id } }", alice["token"])
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["message"] == "validation"


class TestWriting:
    def test_save_is_an_upsert_that_keeps_what_was_not_sent(self, anilist: AniList) -> None:
        alice = anilist.person(entries=[entry(1, progress=7, notes="mine")])
        anilist.data(SAVE, alice["token"], id=1, raw=90)
        stored = anilist.sandbox.control("GET", "anilist/accounts/alice")["entries"]
        assert [(one["progress"], one["notes"], one["scoreRaw"], one["updatedAt"]) for one in stored] == [
            (7, "mine", 90, AT)
        ]

    def test_numeric_strings_are_coerced(self, anilist: AniList) -> None:
        alice = anilist.person()
        assert anilist.data(SAVE, alice["token"], id="1", raw="90")["SaveMediaListEntry"]["mediaId"] == 1

    def test_creating_completed_without_dates_sets_today(self, anilist: AniList) -> None:
        alice = anilist.person()
        save = (
            "mutation { SaveMediaListEntry(mediaId: 1, status: COMPLETED) { progress completedAt { year month day } } }"
        )
        made = anilist.data(save, alice["token"])["SaveMediaListEntry"]
        assert made == {"progress": 0, "completedAt": {"year": 2023, "month": 11, "day": 14}}

    @pytest.mark.parametrize("cleared", ["{year: null, month: null, day: null}", "{}", "null"])
    def test_dates_are_partial_and_can_be_cleared(self, anilist: AniList, cleared: str) -> None:
        alice = anilist.person()
        fields = "{{ completedAt {{ year month day }} }}"
        save = "mutation {{ SaveMediaListEntry(mediaId: 1, status: COMPLETED, completedAt: {}) " + fields + " }}"
        made = anilist.data(save.format("{year: 2020, month: 5}"), alice["token"])["SaveMediaListEntry"]
        assert made["completedAt"] == {"year": 2020, "month": 5, "day": None}
        gone = anilist.data(save.format(cleared), alice["token"])["SaveMediaListEntry"]
        assert gone["completedAt"] == NO_DATE

    def test_progress_is_not_capped_and_completes_nothing(self, anilist: AniList) -> None:
        alice = anilist.person(entries=[entry(1)])
        save = "mutation { SaveMediaListEntry(mediaId: 1, progress: 99) { status progress } }"
        assert anilist.data(save, alice["token"])["SaveMediaListEntry"] == {"status": "CURRENT", "progress": 99}

    def test_an_unknown_media_and_a_stale_id_are_invalid(self, anilist: AniList) -> None:
        alice = anilist.person()
        answer = anilist.ask(SAVE, alice["token"], id=99_999_999)
        assert answer.status_code == 400
        error = answer.json()["errors"][0]
        assert (error["message"], error["status"]) == ("validation", 400)
        assert error["validation"] == {"mediaId": ["The selected media id is invalid."]}
        assert error["locations"] == [{"line": 1, "column": 34}]
        stale = anilist.ask("mutation { SaveMediaListEntry(id: 12, progress: 1) { id } }", alice["token"])
        assert stale.json()["errors"][0]["validation"] == {"id": ["The selected id is invalid."]}

    def test_locked_media_can_not_be_added(self, anilist: AniList) -> None:
        anilist.sandbox.control("POST", "anilist/works", {"works": [{"id": 1, "isLocked": True}]})
        alice = anilist.person()
        assert anilist.ask(SAVE, alice["token"], id=1).status_code == 400

    def test_custom_lists_replace_the_set_and_unknown_names_are_dropped(self, anilist: AniList) -> None:
        alice = anilist.person(settings={"anime_custom_lists": ["A", "B"]}, entries=[entry(1, customLists=["A"])])
        save = 'mutation { SaveMediaListEntry(mediaId: 1, customLists: ["B", "nope"]) { customLists } }'
        assert anilist.data(save, alice["token"])["SaveMediaListEntry"]["customLists"] == {"A": False, "B": True}

    def test_many_saves_in_one_request(self, anilist: AniList) -> None:
        alice = anilist.person()
        saves = " ".join(
            f"s{media}: SaveMediaListEntry(mediaId: {media}, progress: 2) {{ mediaId }}" for media in (1, 5, 6)
        )
        data = anilist.data(f"mutation {{ {saves} }}", alice["token"])
        assert data == {"s1": {"mediaId": 1}, "s5": {"mediaId": 5}, "s6": {"mediaId": 6}}
        asked = anilist.sandbox.control("GET", "anilist/requests")
        assert asked["total"] == 1
        assert asked["writes"] == {"alice": {"anime:1": 1, "anime:5": 1, "anime:6": 1}}

    @pytest.mark.parametrize(("mode", "stored"), [("earlier", [1]), ("none", []), ("others", [1, 6])])
    def test_one_failing_alias_fails_the_batch(self, anilist: AniList, mode: str, stored: list[int]) -> None:
        anilist.sandbox.control("POST", "anilist/settings", {"failed_batch": mode})
        alice = anilist.person()
        saves = " ".join(
            f"s{media}: SaveMediaListEntry(mediaId: {media}) {{ mediaId }}" for media in (1, 99_999_999, 6)
        )
        answer = anilist.ask(f"mutation {{ {saves} }}", alice["token"])
        assert answer.status_code == 400
        assert answer.json()["data"] == {"s1": None, "s99999999": None, "s6": None}
        held = anilist.sandbox.control("GET", "anilist/accounts/alice")["entries"]
        assert [one["mediaId"] for one in held] == stored

    def test_update_many_gives_all_the_same(self, anilist: AniList) -> None:
        alice = anilist.person(entries=[entry(1), entry(5)])
        ids = [one["id"] for one in anilist.lists(alice)[0]["entries"]]
        query = (
            'mutation ($ids: [Int]) { UpdateMediaListEntries(ids: $ids, private: true, notes: "x") { private notes } }'
        )
        assert (
            anilist.data(query, alice["token"], ids=ids)["UpdateMediaListEntries"]
            == [{"private": True, "notes": "x"}] * 2
        )

    def test_delete_takes_the_entry_id_and_only_ones_own(self, anilist: AniList) -> None:
        alice = anilist.person(entries=[entry(1)])
        bob = anilist.person("bob", entries=[entry(1)])
        mine = anilist.lists(alice)[0]["entries"][0]["id"]
        query = "mutation ($id: Int) { DeleteMediaListEntry(id: $id) { deleted } }"
        assert anilist.ask(query, alice["token"], id=1).status_code == 404
        foreign = anilist.ask(query, bob["token"], id=mine)
        assert foreign.json()["errors"][0]["message"] == "You are not authorized to modify this MediaList"
        assert anilist.data(query, alice["token"], id=mine) == {"DeleteMediaListEntry": {"deleted": True}}
        missing = anilist.ask(query, alice["token"], id=mine)
        assert (missing.status_code, missing.json()["data"]) == (404, {"DeleteMediaListEntry": None})

    def test_studios_in_a_mutation_fail_after_the_write(self, anilist: AniList) -> None:
        alice = anilist.person()
        save = "mutation { SaveMediaListEntry(mediaId: 1) { media { studios { nodes { id } } } } }"
        assert anilist.ask(save, alice["token"]).status_code == 500
        assert len(anilist.sandbox.control("GET", "anilist/accounts/alice")["entries"]) == 1

    def test_user_options_and_custom_lists_can_be_changed(self, anilist: AniList) -> None:
        alice = anilist.person(settings={"anime_custom_lists": ["A", "B"]}, entries=[entry(1, customLists=["A", "B"])])
        update = "mutation { UpdateUser(scoreFormat: POINT_5) { mediaListOptions { scoreFormat } } }"
        assert anilist.data(update, alice["token"])["UpdateUser"]["mediaListOptions"]["scoreFormat"] == "POINT_5"
        drop = 'mutation { DeleteCustomList(customList: "A", type: ANIME) { deleted } }'
        assert anilist.data(drop, alice["token"]) == {"DeleteCustomList": {"deleted": True}}
        assert [group["name"] for group in anilist.lists(alice)] == ["Watching", "B"]


class TestPrivacy:
    def test_private_entries_show_to_their_owner_only(self, anilist: AniList) -> None:
        alice = anilist.person(entries=[entry(1, private=True), entry(5)])
        bob = anilist.person("bob")
        assert [one["mediaId"] for one in anilist.lists(alice)[0]["entries"]] == [1, 5]
        for reader in (bob["token"], None):
            data = anilist.data(LIST, reader, user=alice["id"], type="ANIME")
            assert [one["mediaId"] for one in data["MediaListCollection"]["lists"][0]["entries"]] == [5]

    def test_private_and_missing_people_are_not_found(self, anilist: AniList) -> None:
        alice = anilist.person(settings={"private": True}, entries=[entry(1)])
        query = "query ($n: String) { MediaListCollection(userName: $n, type: ANIME) { lists { name } } }"
        hidden = anilist.ask(query, n="alice")
        assert (hidden.status_code, hidden.json()["errors"][0]["message"]) == (404, "Private User")
        assert hidden.json()["data"] == {"MediaListCollection": None}
        missing = anilist.ask(query, n="nobody")
        assert (missing.status_code, missing.json()["errors"][0]["message"]) == (404, "User not found")
        assert len(anilist.lists(alice)) == 1

    def test_viewer_needs_a_token(self, anilist: AniList) -> None:
        answer = anilist.ask("{ Viewer { id } }")
        assert (answer.status_code, answer.json()["errors"][0]["message"]) == (401, "Unauthorized.")

    def test_statistics_may_be_old(self, anilist: AniList) -> None:
        alice = anilist.person(entries=[entry(1, progress=4)])
        query = (
            "{ Viewer { name statistics { anime { count episodesWatched } manga { count } } options { timezone } } }"
        )
        first = anilist.data(query, alice["token"])["Viewer"]
        assert first["statistics"] == {"anime": {"count": 1, "episodesWatched": 4}, "manga": {"count": 0}}
        anilist.sandbox.control("POST", "anilist/accounts/alice/edit", {"delete": [1]})
        assert anilist.data(query, alice["token"])["Viewer"] == first
        anilist.sandbox.control("POST", "clock", {"step": 301})
        assert anilist.data(query, alice["token"])["Viewer"]["statistics"]["anime"]["count"] == 0


class TestMedia:
    def test_one_by_mal_id_needs_its_type(self, anilist: AniList) -> None:
        query = "query ($t: MediaType) { Media(idMal: 1, type: $t) { id title { romaji english userPreferred } } }"
        assert anilist.data(query, t="MANGA")["Media"]["id"] == 30001
        assert anilist.data(query, t="ANIME")["Media"]["title"]["romaji"] == "Cowboy Bebop"

    def test_many_by_mal_id_and_those_without_one(self, anilist: AniList) -> None:
        query = "query ($ids: [Int]) { Page { media(idMal_in: $ids, type: MANGA) { id idMal } } }"
        found = anilist.data(query, ids=[1, 2, 999_999])["Page"]["media"]
        assert found == [{"id": 30001, "idMal": 1}, {"id": 30002, "idMal": 2}]
        assert anilist.data("{ Media(id: 97600) { idMal format } }")["Media"] == {"idMal": None, "format": "ONE_SHOT"}

    def test_one_missing_alias_turns_the_answer_into_404(self, anilist: AniList) -> None:
        answer = anilist.ask("{ a: Media(id: 1) { id } b: Media(id: 99999999) { id } }")
        assert (answer.status_code, answer.json()["data"]) == (404, {"a": None, "b": None})
        error = answer.json()["errors"][0]
        assert error == {"message": "Not Found.", "status": 404, "locations": [{"line": 1, "column": 26}]}

    def test_search(self, anilist: AniList) -> None:
        query = "query ($s: String) { Page { media(search: $s, type: ANIME, sort: SEARCH_MATCH) { id } } }"
        assert anilist.data(query, s="steins gate")["Page"]["media"][0]["id"] == 9253
        assert anilist.data(query, s="zzzz qqqq")["Page"]["media"] == []

    def test_hiatus_needs_version_two(self, anilist: AniList) -> None:
        data = anilist.data("{ Media(id: 30656) { old: status new: status(version: 2) } }")
        assert data["Media"] == {"old": "RELEASING", "new": "HIATUS"}

    def test_totals_of_page_info_are_not_to_be_trusted(self, anilist: AniList) -> None:
        info = "pageInfo { total lastPage hasNextPage currentPage }"
        query = "{ Page(perPage: 10) { " + info + " media(idMal_in: [1], type: ANIME) { id } } }"
        assert anilist.data(query)["Page"]["pageInfo"] == {
            "total": 5000,
            "lastPage": 500,
            "hasNextPage": False,
            "currentPage": 1,
        }

    def test_a_page_takes_one_data_field(self, anilist: AniList) -> None:
        assert anilist.ask("{ Page { media { id } users { id } } }").status_code == 400

    def test_the_viewers_own_entry(self, anilist: AniList) -> None:
        alice = anilist.person(entries=[entry(1, progress=3)])
        query = "{ Media(id: 1) { mediaListEntry { progress } } }"
        assert anilist.data(query, alice["token"])["Media"]["mediaListEntry"] == {"progress": 3}
        assert anilist.data(query)["Media"]["mediaListEntry"] is None


class TestDocuments:
    def test_a_complexity_of_500_passes_and_501_does_not(self, anilist: AniList) -> None:
        alice = anilist.person()

        def batch(saves: int, extra: str = "") -> httpx.Response:
            fields = " ".join(f"a{at}: id" for at in range(16))
            body = " ".join(f"s{at}: SaveMediaListEntry(mediaId: 1) {{ {fields} }}" for at in range(saves))
            return anilist.ask(f"mutation {{ {body} {extra} }}", alice["token"])

        good = "x: SaveMediaListEntry(mediaId: 5) { " + " ".join(f"a{at}: id" for at in range(6)) + " }"
        assert batch(29, good).status_code == 200
        anilist.sandbox.control("DELETE", "anilist/requests")
        refused = batch(38)
        assert refused.status_code == 400
        assert refused.json()["errors"][0]["message"] == "Max query complexity should be 500 but got 646."
        assert refused.json()["data"] is None
        assert anilist.sandbox.control("GET", "anilist/requests")["written"] == 0

    def test_fragments_cost_at_each_use_and_skipped_fields_nothing(self, anilist: AniList) -> None:
        anilist.sandbox.control("POST", "anilist/settings", {"max_complexity": 8})
        fragment = "fragment f on Media { id idMal isAdult }"
        assert anilist.ask(f"{{ a: Media(id: 1) {{ ...f }} b: Media(id: 5) {{ ...f }} }} {fragment}").status_code == 200
        over = anilist.ask(f"{{ a: Media(id: 1) {{ ...f type }} b: Media(id: 5) {{ ...f }} }} {fragment}")
        assert over.json()["errors"][0]["message"] == "Max query complexity should be 8 but got 9."
        skipped = "query ($no: Boolean!) { a: Media(id: 1) { ...f type @skip(if: $no) } b: Media(id: 5) { ...f } } "
        assert anilist.ask(skipped + fragment, no=True).status_code == 200

    def test_an_array_is_refused(self, anilist: AniList) -> None:
        answer = anilist.post("/", json=[{"query": "{ Media(id: 1) { id } }"}], headers=REFERER)
        assert (answer.status_code, answer.json()["data"]) == (400, None)

    def test_unknown_fields_arguments_and_syntax(self, anilist: AniList) -> None:
        for query, word in (
            ("{ Media(id: 1) { nope } }", "nope"),
            ("{ Media(anilistId: 1) { id } }", "anilistId"),
            (
                "query ($u: Int) { MediaListCollection(userId: $u, type: ANIME, updatedAt: 3) { lists { name } } }",
                "updatedAt",
            ),
            ("{ Media(id: 1) { id }", "Syntax Error"),
        ):
            answer = anilist.ask(query)
            assert (answer.status_code, answer.json()["data"]) == (400, None)
            assert word in answer.json()["errors"][0]["message"]
            assert answer.json()["errors"][0]["status"] == 400

    def test_a_wrong_variable_is_refused(self, anilist: AniList) -> None:
        assert anilist.ask("query ($id: Int) { Media(id: $id) { id } }", id="one").status_code == 400

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"\xff\xfe",
            b"null",
            b'{"query": 1}',
            b'{"query": ""}',
            b'{"query": "{ Media(id: 1) { id } }", "variables": 5}',
            b'{"query": "{ Media(id: 1) { ...a } } fragment a on Media { ...a }"}',
            b'{"query": "mutation { UpdateMediaListEntries(ids: [null]) { id } }"}',
            b'{"query": "mutation { SaveMediaListEntry { id } }"}',
            b'{"query": "{ Page { mediaList(startedAt: \\"x\\") { id } } }"}',
        ],
    )
    def test_odd_requests_are_refused_in_the_envelope(self, anilist: AniList, body: bytes) -> None:
        answer = anilist.post("/", content=body, headers=anilist.person()["token"])
        assert (answer.status_code, answer.json()["errors"][0]["status"]) == (400, 400)

    def test_deep_nesting_is_refused(self, anilist: AniList) -> None:
        query = "{ Media(id: 1) " + "{ relations { nodes " * 3000 + "{ id }" + " } }" * 3000 + " }"
        assert anilist.ask(query).status_code == 400

    def test_introspection_works(self, anilist: AniList) -> None:
        data = anilist.data('{ __type(name: "ScoreFormat") { enumValues { name } } }')
        assert data["__type"]["enumValues"][0] == {"name": "POINT_100"}

    def test_operation_name_chooses(self, anilist: AniList) -> None:
        query = "query A { Media(id: 1) { id } } query B { Media(id: 5) { id } }"
        answer = anilist.post("/", json={"query": query, "operationName": "B"}, headers=REFERER)
        assert answer.json()["data"]["Media"]["id"] == 5
        assert anilist.post("/", json={"query": query}, headers=REFERER).status_code == 400


@pytest.mark.parametrize("entries", [1_000, 10_000])
def test_large_lists_are_served_whole(anilist: AniList, entries: int) -> None:
    make(anilist, entries)
    alice = anilist.person(entries=[entry(900_000 + at, scoreRaw=at % 101) for at in range(entries)])
    [group] = anilist.lists(alice)
    assert len(group["entries"]) == entries
