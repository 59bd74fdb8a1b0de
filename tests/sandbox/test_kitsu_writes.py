"""Writing to the Kitsu fake: providers/kitsu.md 8, and the control API's own ways to change a library."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.providers.kitsu.fake_store import STATUSES, Entry, Media
from integrations.providers.kitsu.fake_write import read_moment, settle, show_moment
from integrations.sandbox.shapes import ControlError
from tests.sandbox.conftest import AT
from tests.sandbox.kitsu import Kitsu, entry, kitsu

__all__ = ["kitsu"]

NOW = "2023-11-14T22:13:20.000Z"
OLD = "2020-05-01T00:00:00.000Z"


def only(kitsu: Kitsu, name: str = "alice") -> dict[str, Any]:
    (one,) = kitsu.held(name)
    return one


def some(held: dict[str, Any], *names: str) -> tuple[Any, ...]:
    return tuple(held[name] for name in names)


class TestCalls:
    def test_create_answers_201_with_what_was_stored(self, kitsu: Kitsu) -> None:
        alice = kitsu.person()
        answer = kitsu.create(alice, status="planned", progress=0, ratingTwenty=16, notes="x", startedAt="2020-05-01")
        data = answer.json()["data"]
        assert (answer.status_code, data["type"], answer.headers["Location"]) == (
            201,
            "libraryEntries",
            data["links"]["self"],
        )
        written = some(data["attributes"], "status", "ratingTwenty", "notes", "startedAt", "createdAt", "updatedAt")
        assert written == ("planned", 16, "x", OLD, NOW, NOW)
        assert only(kitsu)["entryId"] == int(data["id"])

    def test_media_may_be_named_by_the_polymorphic_relationship(self, kitsu: Kitsu) -> None:
        alice = kitsu.person()
        relationships = {
            "user": {"data": {"type": "users", "id": alice["id"]}},
            "media": {"data": {"type": "manga", "id": "1"}},
        }
        data = {"type": "library-entries", "attributes": {"status": "current"}, "relationships": relationships}
        answer = kitsu.post("/library-entries", json={"data": data}, headers=alice["token"])
        assert (answer.status_code, some(only(kitsu), "kind", "id")) == (201, ("manga", 1))

    def test_change_answers_200_and_touches_only_what_was_sent(self, kitsu: Kitsu) -> None:
        alice = kitsu.person(entries=[entry(1, progress=3, notes="x", ratingTwenty=10, updatedAt=OLD)])
        kitsu.step(30)
        answer = kitsu.change(alice, str(only(kitsu)["entryId"]), ratingTwenty=None, volumes_owned=2)
        attributes = answer.json()["data"]["attributes"]
        assert answer.status_code == 200
        assert some(attributes, "ratingTwenty", "volumesOwned", "progress", "notes", "updatedAt") == (
            None,
            2,
            3,
            "x",
            "2023-11-14T22:13:50.000Z",
        )

    def test_delete_answers_204_and_then_404(self, kitsu: Kitsu) -> None:
        alice = kitsu.person(entries=[entry(1)])
        path = f"/library-entries/{only(kitsu)['entryId']}"
        first, second = (kitsu.delete(path, headers=alice["token"]) for _ in range(2))
        assert (first.status_code, first.content, kitsu.held()) == (204, b"", [])
        assert (second.status_code, second.json()["errors"][0]["title"]) == (404, "Record not found")
        assert second.json()["errors"][0]["code"] == "404"

    @pytest.mark.parametrize(
        ("change", "status", "code"),
        [
            ({"attributes": {"nope": 1}}, 400, "105"),
            ({"attributes": {"id": "1"}}, 400, "105"),
            ({"attributes": {"updatedAt": OLD}}, 400, "105"),
            ({"id": "5"}, 400, "110"),
            ({"id": None}, 400, "110"),
            ({"type": "anime"}, 400, "101"),
            ({"relationships": {"nope": {"data": None}}}, 400, "105"),
            ({"relationships": {"anime": {"data": {"type": "anime", "id": "2"}}}}, 400, "105"),
            ({"relationships": {"anime": {"data": {"type": "anime", "id": "1"}}}}, 200, ""),
        ],
    )
    def test_a_change_that_does_not_fit_is_refused(
        self, kitsu: Kitsu, change: dict[str, Any], status: int, code: str
    ) -> None:
        alice = kitsu.person(entries=[entry(1)])
        key = str(only(kitsu)["entryId"])
        data = {"id": key, "type": "libraryEntries", "attributes": {"progress": 1}, **change}
        answer = kitsu.patch(f"/library-entries/{key}", json={"data": data}, headers=alice["token"])
        assert answer.status_code == status
        assert [error["code"] for error in answer.json().get("errors", [])] == ([code] if code else [])
        assert only(kitsu)["progress"] == (0 if code else 1)

    def test_a_body_without_data_is_refused(self, kitsu: Kitsu) -> None:
        alice = kitsu.person()
        for body in (b"", b"[]", b'{"data": []}'):
            answer = kitsu.post("/library-entries", content=body, headers=alice["token"])
            assert answer.status_code == 400

    def test_a_query_that_cannot_be_read_writes_nothing(self, kitsu: Kitsu) -> None:
        alice = kitsu.person(entries=[entry(1)])
        data = {"id": str(only(kitsu)["entryId"]), "type": "libraryEntries", "attributes": {"progress": 1}}
        path = f"/library-entries/{data['id']}"
        assert kitsu.patch(f"{path}?include=nope", json={"data": data}, headers=alice["token"]).status_code == 400
        assert only(kitsu)["progress"] == 0
        linked = kitsu.patch(f"{path}?include=anime", json={"data": data}, headers=alice["token"]).json()
        assert linked["data"]["relationships"]["anime"]["data"] == {"type": "anime", "id": "1"}

    def test_only_the_owner_writes(self, kitsu: Kitsu) -> None:
        alice, bob = kitsu.person(entries=[entry(1)]), kitsu.person("bob")
        key = str(only(kitsu)["entryId"])
        for other in (bob, {**alice, "token": {}}):
            assert kitsu.change(other, key, progress=9).status_code == 403
            assert kitsu.delete(f"/library-entries/{key}", headers=other["token"]).status_code == 403
        assert kitsu.create({**alice, "token": bob["token"]}, 2, status="current").status_code == 403
        assert kitsu.create({**alice, "token": {}}, 2, status="current").status_code == 403
        assert [one["progress"] for one in kitsu.held()] == [0]


class TestBulk:
    def test_only_the_status_is_applied(self, kitsu: Kitsu) -> None:
        alice = kitsu.person(entries=[entry(1, progress=1), entry(2), entry(3)])
        keys = [str(one["entryId"]) for one in kitsu.held()]
        body = {"data": {"attributes": {"status": "dropped", "progress": 9}}}
        path = f"/library-entries/_bulk?filter[id]={keys[0]},{keys[1]}"
        answer = kitsu.patch(path, json=body, headers=alice["token"])
        assert (answer.status_code, len(answer.json()["data"])) == (200, 2)
        assert [some(one, "status", "progress") for one in kitsu.held()] == [
            ("dropped", 1),
            ("dropped", 0),
            ("current", 0),
        ]

    def test_delete_by_id_and_by_person(self, kitsu: Kitsu) -> None:
        alice = kitsu.person(entries=[entry(1), entry(2), entry(3)])
        first = kitsu.held()[0]["entryId"]
        path = "/library-entries/_bulk"
        assert kitsu.delete(path, headers=alice["token"]).status_code == 400
        assert kitsu.delete(f"{path}?filter[id]={first}", headers=alice["token"]).status_code == 204
        assert [one["id"] for one in kitsu.held()] == [2, 3]
        assert kitsu.delete(f"{path}?filter[user_id]={alice['id']}", headers=alice["token"]).status_code == 204
        assert kitsu.held() == []

    def test_without_rights_it_is_401_with_a_number(self, kitsu: Kitsu) -> None:
        kitsu.person(entries=[entry(1)])
        bob = kitsu.person("bob")
        path = f"/library-entries/_bulk?filter[id]={only(kitsu)['entryId']}"
        nobody: dict[str, str] = {}
        for token in (bob["token"], nobody):
            answer = kitsu.delete(path, headers=token)
            assert (answer.status_code, answer.json()) == (
                401,
                {"errors": [{"status": 401, "detail": "Not permitted"}]},
            )
        assert len(kitsu.held()) == 1


class TestValidation:
    """8.1."""

    @pytest.mark.parametrize(
        ("attributes", "details"),
        [
            ({"progress": 27}, ["progress - cannot exceed length of media"]),
            ({"progress": -1}, ["progress - must be greater than or equal to 0"]),
            ({"progress": "x"}, ["progress - is not a number"]),
            ({"progress": None}, ["progress - can't be blank"]),
            ({"ratingTwenty": 1}, ["rating - must be greater than or equal to 2"]),
            ({"ratingTwenty": 21}, ["rating - must be less than or equal to 20"]),
            ({"reconsumeCount": 51}, ["reconsumeCount - just... go outside"]),
            ({"status": "watching"}, ["status - is not included in the list"]),
            ({"startedAt": "yesterday"}, ["startedAt - is invalid"]),
            ({"private": "yes"}, ["private - is not true or false"]),
            (
                {"progress": 27, "ratingTwenty": 1},
                ["progress - cannot exceed length of media", "rating - must be greater than or equal to 2"],
            ),
        ],
    )
    def test_422(self, kitsu: Kitsu, attributes: dict[str, Any], details: list[str]) -> None:
        alice = kitsu.person()
        answer = kitsu.create(alice, **{"status": "current", **attributes})
        errors = answer.json()["errors"]
        assert (answer.status_code, [error["detail"] for error in errors]) == (422, details)
        name, _, message = details[0].partition(" - ")
        assert errors[0] == {
            "title": message,
            "detail": details[0],
            "code": "100",
            "source": {"pointer": f"/data/attributes/{name}"},
            "status": "422",
        }
        assert kitsu.held() == []

    def test_the_edges_are_allowed(self, kitsu: Kitsu) -> None:
        edges: dict[str, Any] = {"progress": "25", "ratingTwenty": 2, "reconsumeCount": 50}
        assert kitsu.create(kitsu.person(), status="current", **edges).status_code == 201
        assert some(only(kitsu), "progress", "ratingTwenty", "reconsumeCount") == (25, 2, 50)

    def test_one_entry_a_work(self, kitsu: Kitsu) -> None:
        alice = kitsu.person()
        for kind in ("anime", "manga"):
            assert kitsu.create(alice, 1, kind, status="current").status_code == 201
            again = kitsu.create(alice, 1, kind, status="current")
            assert (again.status_code, again.json()["errors"][0]["detail"]) == (
                422,
                f"{kind}Id - has already been taken",
            )

    def test_a_status_and_a_work_are_needed(self, kitsu: Kitsu) -> None:
        alice = kitsu.person()
        assert kitsu.create(alice, progress=1).json()["errors"][0]["detail"] == "status - can't be blank"
        assert kitsu.create(alice, 99_999_999, status="current").json()["errors"][0]["detail"] == "media - must exist"

    @pytest.mark.parametrize(
        ("work", "most"),
        [
            ({"kind": "anime", "status": "finished"}, 100),
            ({"kind": "anime", "status": "current", "startDate": "2023-11-01"}, 50),
            ({"kind": "anime", "status": "current", "startDate": "2013-11-14"}, 521 + 5),
            ({"kind": "manga", "status": "current"}, 5000),
        ],
    )
    def test_an_unknown_length_is_guessed(self, kitsu: Kitsu, work: dict[str, Any], most: int) -> None:
        kitsu.works({**work, "id": 990_001, "title": "New"})
        alice = kitsu.person()
        refused = kitsu.create(alice, 990_001, work["kind"], status="current", progress=most + 1)
        assert refused.json()["errors"][0]["detail"] == "progress - is rather unreasonably high"
        assert kitsu.create(alice, 990_001, work["kind"], status="current", progress=most).status_code == 201

    def test_a_count_that_dropped_refuses_every_save(self, kitsu: Kitsu) -> None:
        """13: Kitsu's count may be lower than elsewhere."""
        alice = kitsu.person(entries=[entry(1, progress=26)])
        kitsu.works({"kind": "anime", "id": 1, "episodeCount": 25})
        key = str(only(kitsu)["entryId"])
        assert kitsu.change(alice, key, notes="x").status_code == 422
        assert kitsu.change(alice, key, notes="x", progress=25).json()["data"]["attributes"]["status"] == "completed"


class TestSaving:
    """8.2: what the server does by itself, step by step."""

    @pytest.mark.parametrize("status", ["current", "planned", "on_hold", "dropped"])
    def test_a_full_count_completes_on_any_save(self, kitsu: Kitsu, status: str) -> None:
        alice = kitsu.person(entries=[entry(1, status=status, progress=26, startedAt=OLD)])
        saved = kitsu.change(alice, str(only(kitsu)["entryId"]), notes="x").json()["data"]["attributes"]
        assert some(saved, "status", "progressedAt", "startedAt", "finishedAt") == ("completed", NOW, OLD, NOW)

    def test_a_status_that_was_chosen_is_kept_at_a_full_count(self, kitsu: Kitsu) -> None:
        alice = kitsu.person(entries=[entry(1, status="completed", progress=26)])
        key = str(only(kitsu)["entryId"])
        assert kitsu.change(alice, key, status="current").json()["data"]["attributes"]["status"] == "current"
        assert kitsu.change(alice, key, status="current").json()["data"]["attributes"]["status"] == "completed"

    def test_completing_fills_the_count_and_the_days(self, kitsu: Kitsu) -> None:
        alice = kitsu.person()
        saved = kitsu.create(alice, status="completed", progress=3).json()["data"]["attributes"]
        assert some(saved, "progress", "progressedAt", "startedAt", "finishedAt") == (26, NOW, NOW, NOW)
        sent = kitsu.create(alice, 2, status="completed", startedAt=OLD, finishedAt=OLD).json()["data"]["attributes"]
        assert some(sent, "startedAt", "finishedAt", "progressedAt") == (OLD, OLD, NOW)

    def test_completing_an_unknown_length_leaves_the_count(self, kitsu: Kitsu) -> None:
        saved = kitsu.create(kitsu.person(), 12, status="completed", progress=3).json()["data"]["attributes"]
        assert some(saved, "status", "progress") == ("completed", 3)

    def test_days_that_were_cleared_are_filled_by_the_same_save_only(self, kitsu: Kitsu) -> None:
        alice = kitsu.person(entries=[entry(1, startedAt=OLD)])
        key = str(only(kitsu)["entryId"])
        saved = kitsu.change(alice, key, status="completed", startedAt=None, finishedAt=None)
        assert some(saved.json()["data"]["attributes"], "startedAt", "finishedAt") == (NOW, NOW)
        cleared = kitsu.change(alice, key, startedAt=None, finishedAt=None).json()["data"]["attributes"]
        assert some(cleared, "status", "startedAt", "finishedAt") == ("completed", None, None)

    @pytest.mark.parametrize("status", ["planned", "on_hold", "dropped", "completed"])
    def test_progress_without_a_new_status_makes_it_current(self, kitsu: Kitsu, status: str) -> None:
        alice = kitsu.person(entries=[entry(1, status=status, progress=5, progressedAt=OLD)])
        # The stored status sent again is no change.
        saved = kitsu.change(alice, str(only(kitsu)["entryId"]), status=status, progress=6).json()["data"]["attributes"]
        assert some(saved, "status", "progress", "progressedAt", "startedAt") == ("current", 6, NOW, None)

    def test_a_new_status_with_progress_is_kept(self, kitsu: Kitsu) -> None:
        alice = kitsu.person(entries=[entry(1, progress=5)])
        saved = kitsu.change(alice, str(only(kitsu)["entryId"]), status="on_hold", progress=6)
        assert some(saved.json()["data"]["attributes"], "status", "progress", "startedAt") == ("on_hold", 6, None)

    def test_a_save_that_changes_neither_moves_only_updated_at(self, kitsu: Kitsu) -> None:
        alice = kitsu.person(entries=[entry(1, progress=5, updatedAt=OLD)])
        saved = kitsu.change(alice, str(only(kitsu)["entryId"]), progress=5).json()["data"]["attributes"]
        assert some(saved, "status", "progressedAt", "startedAt", "updatedAt") == ("current", None, None, NOW)

    @given(st.sampled_from(STATUSES), st.sampled_from(STATUSES), st.data())
    def test_saving_again_changes_nothing_once_it_is_completed(
        self, before: str, after: str, data: st.DataObject
    ) -> None:
        total = data.draw(st.integers(1, 30))
        media = Media("anime", 1, "A", total=total)
        old = Entry(1, 1, media, status=before, progress=data.draw(st.integers(0, total)))
        new = Entry(1, 1, media, status=after, progress=data.draw(st.integers(0, total)))
        settle(new, old, now=float(AT))
        again = Entry(1, 1, media, status=new.status, progress=new.progress, started_at=new.started_at)
        settle(again, new, now=float(AT))
        # The one state that does not stand still: a full count under a status that somebody chose.
        moves = new.progress == total and new.status != "completed"
        assert (again.status, again.progress) == ("completed" if moves else new.status, new.progress)

    @given(st.integers(0, 4_000_000_000_000))
    def test_times_keep_their_milliseconds(self, milliseconds: int) -> None:
        text = show_moment(milliseconds / 1000)
        assert show_moment(read_moment(text)) == text


class TestControl:
    def test_an_account_is_kept_as_it_was_given(self, kitsu: Kitsu) -> None:
        given_ = entry(
            1,
            status="on_hold",
            progress=26,
            volumesOwned=1,
            reconsuming=True,
            reconsumeCount=2,
            notes="x",
            private=True,
            ratingTwenty=17,
            startedAt=OLD,
            updatedAt=OLD,
            createdAt=OLD,
        )
        kitsu.person(settings={"rating_system": "simple", "password": "other"}, entries=[given_])
        held = kitsu.sandbox.control("GET", "kitsu/accounts/alice")
        assert {name: held["entries"][0][name] for name in given_} == given_
        assert (held["settings"]["rating_system"], held["settings"]["password"]) == ("simple", "other")

    def test_the_site_saves_by_the_same_rules(self, kitsu: Kitsu) -> None:
        kitsu.person(entries=[entry(2)])
        edit = {"upsert": [entry(1, status="completed")], "delete": [{"kind": "anime", "id": 2}]}
        changed = kitsu.sandbox.control("POST", "kitsu/accounts/alice/edit", edit)["entries"]
        assert [some(one, "id", "progress", "finishedAt", "updatedAt") for one in changed] == [(1, 26, NOW, NOW)]
        assert [one["id"] for one in kitsu.held()] == [1]
        assert kitsu.sandbox.control("GET", "kitsu/requests")["total"] == 0

    @pytest.mark.parametrize(
        "data",
        [
            {"name": "alice", "entries": [entry(1), entry(99_999_999)]},
            {"name": "alice", "entries": [entry(1, score=5)]},
            {"name": "alice", "entries": [entry(1, ratingTwenty=1)]},
            {"name": "alice", "entries": [entry(1, progress=-1)]},
            {"name": "alice", "entries": [entry(1, updatedAt="soon")]},
            {"name": "alice", "settings": {"rating_system": "stars"}},
            {"name": "alice", "settings": {"nope": 1}},
        ],
    )
    def test_a_bad_account_is_refused_whole(self, kitsu: Kitsu, data: dict[str, Any]) -> None:
        with pytest.raises(ControlError):
            kitsu.sandbox.control("POST", "kitsu/accounts", data)
        assert kitsu.sandbox.control("GET", "kitsu/accounts") == []

    def test_a_closed_account_is_gone_with_its_tokens(self, kitsu: Kitsu) -> None:
        alice = kitsu.person(entries=[entry(1)])
        kitsu.sandbox.control("DELETE", "kitsu/accounts/alice")
        assert kitsu.get("/anime/1", headers=alice["token"]).status_code == 401
        assert kitsu.get(f"/users/{alice['id']}").status_code == 404
        again = kitsu.person()
        assert (again["id"] == alice["id"], kitsu.list(again)["meta"]["count"]) == (False, 0)
