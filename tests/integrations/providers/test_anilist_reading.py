from __future__ import annotations

from typing import Any

import pytest

from integrations import errors
from integrations.answers import Answer
from integrations.providers.anilist import reading
from integrations.providers.anilist.provider import AniList
from library.entry import Kind, Status
from tests.integrations.providers import samples
from tests.integrations.providers.samples import anilist_entry, anilist_list
from tests.integrations.providers.script import ScriptedSession, answer, page

ANILIST = AniList()
BOTH = frozenset(Kind)


def lists(anime: Any = None, manga: Any = None, *, viewer: Any = samples.VIEWER) -> Answer:
    return answer({"data": {"viewer": viewer, "anime": anime or anilist_list(), "manga": manga or anilist_list()}})


def talk(*steps: Any, account_id: str = "77") -> ScriptedSession:
    return ScriptedSession(ANILIST, steps, account_id=account_id)


def test_both_lists_and_the_score_format_in_one_request() -> None:
    session = talk(lists(anilist_list([anilist_entry()]), anilist_list([anilist_entry(2, 30021)])))
    snapshot = ANILIST.read(session, BOTH)
    found = {(one.media.kind, one.media.external_id) for one in snapshot.entries}
    assert found == {(Kind.ANIME, "5114"), (Kind.MANGA, "30021")}
    assert (snapshot.complete, snapshot.reason, snapshot.kinds) == (True, "", BOTH)
    assert snapshot.account is not None
    assert snapshot.account.settings == {"score_format": "POINT_10"}
    assert session.requests == ANILIST.read_requests({Kind.ANIME: 9000, Kind.MANGA: 9000}) == 1
    assert session.sent[0].json["variables"] == {"user": 77}


def test_one_kind_asks_for_one_list() -> None:
    session = talk(answer({"data": {"viewer": samples.VIEWER, "manga": anilist_list()}}))
    assert ANILIST.read(session, {Kind.MANGA}).kinds == {Kind.MANGA}
    assert "ANIME" not in session.sent[0].json["query"]


def test_empty_list_is_complete() -> None:
    snapshot = ANILIST.read(talk(lists()), BOTH)
    assert (snapshot.entries, snapshot.complete) == ((), True)


def test_entry_on_custom_lists_counts_once_with_its_own_status() -> None:
    hidden = anilist_entry(9, 9253, hiddenFromStatusLists=True, status="PAUSED")
    shown = anilist_entry(1, 5114)
    snapshot = ANILIST.read(talk(lists(anilist_list([shown], [shown, hidden], [hidden]))), BOTH)
    found = {one.media.external_id: one.entry.status for one in snapshot.entries}
    assert (len(snapshot.entries), found) == (2, {"5114": Status.CURRENT, "9253": Status.PAUSED})


def test_of_two_entries_for_one_title_the_newer_one_is_meant() -> None:
    old, new = anilist_entry(1, updatedAt=0), anilist_entry(2, progress=20)
    snapshot = ANILIST.read(talk(lists(anilist_list([new, old]))), BOTH)
    assert [(one.entry_id, one.entry.progress) for one in snapshot.entries] == [("2", 20)]


@pytest.mark.parametrize("first", [page("<html>502</html>", status=502), errors.Transient("no answer in time")])
def test_chunks_when_the_whole_list_cannot_be_had(first: Answer | Exception) -> None:
    session = talk(
        first,
        lists(anilist_list([anilist_entry(1, 1), anilist_entry(2, 2)], more=True)),
        answer({"data": {"viewer": samples.VIEWER, "anime": anilist_list([anilist_entry(2, 2), anilist_entry(3, 3)])}}),
    )
    snapshot = ANILIST.read(session, BOTH)
    assert {one.media.external_id for one in snapshot.entries} == {"1", "2", "3"}
    assert [sent.json["variables"].get("chunk") for sent in session.sent] == [None, 1, 2]
    assert [sent.repeatable for sent in session.sent] == [False, True, True]
    assert (snapshot.complete, snapshot.reason.startswith("AniList gave the list in parts")) == (False, True)


def test_one_chunk_that_held_everything_is_complete() -> None:
    session = talk(errors.Transient("no answer in time"), lists(anilist_list([anilist_entry()])))
    assert ANILIST.read(session, BOTH).complete is True


def test_a_list_that_has_more_is_never_taken_for_whole() -> None:
    session = talk(lists(anilist_list([anilist_entry()], more=True)), lists(anilist_list([anilist_entry()])))
    assert len(ANILIST.read(session, BOTH).entries) == 1
    assert session.requests == 2


def test_chunks_that_never_end() -> None:
    endless = [lists(anilist_list([anilist_entry()], more=True))] * (reading.MOST_CHUNKS + 1)
    with pytest.raises(errors.Malformed, match="does not end"):
        ANILIST.read(talk(*endless), BOTH)


@pytest.mark.parametrize(
    "error", [errors.RateLimited("slow", retry_after=60), errors.Unavailable("off"), errors.AuthRevoked("dead")]
)
def test_limits_outages_and_dead_tokens_are_not_answered_with_more_requests(error: errors.ProviderError) -> None:
    session = talk(error)
    with pytest.raises(type(error)):
        ANILIST.read(session, BOTH)
    assert session.requests == 1


def test_a_failed_chunk_fails_the_read() -> None:
    session = talk(
        errors.Transient("slow"), lists(anilist_list([anilist_entry()], more=True)), errors.Transient("slow again")
    )
    with pytest.raises(errors.Transient, match="slow again"):
        ANILIST.read(session, BOTH)


def test_an_unreadable_entry_costs_only_itself_and_is_not_taken_for_absent() -> None:
    bad = [anilist_entry(2, 2, status="LATER"), anilist_entry(3, 3, progress="many"), anilist_entry(4, 4, media=None)]
    broken = {key: value for key, value in anilist_entry(5, 5).items() if key != "notes"}
    groups = anilist_list([anilist_entry(1, 1), *bad, broken], [bad[0]])
    snapshot = ANILIST.read(talk(lists(groups)), BOTH)
    assert {one.media.external_id for one in snapshot.entries} == {"1", "4"}
    assert (snapshot.complete, snapshot.reason) == (True, "3 of AniList's entries could not be understood.")
    assert {(one.external_id, one.is_fault) for one in snapshot.unclear} == {("2", False), ("3", False), ("5", False)}


def test_a_list_of_which_nothing_can_be_read_is_drift_and_not_empty() -> None:
    with pytest.raises(errors.Malformed):
        ANILIST.read(talk(lists(anilist_list([{"id": 1}]))), BOTH)


def test_the_cap_makes_absences_meaningless(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "CAP", 3)
    manga = anilist_list([anilist_entry(at, at) for at in range(1, 4)])
    snapshot = ANILIST.read(talk(lists(None, manga)), BOTH)
    assert (len(snapshot.entries), snapshot.complete) == (3, False)
    assert "most recently updated" in snapshot.reason


@pytest.mark.parametrize(
    "given",
    [
        lists(viewer={**samples.VIEWER, "id": 78}),
        lists(anilist_list(owner=78)),
        answer({"data": {"viewer": samples.VIEWER, "anime": None, "manga": anilist_list()}}),
        answer({"data": {"viewer": samples.VIEWER, "anime": anilist_list()}}),
        answer({"data": {"viewer": None, "anime": anilist_list(), "manga": anilist_list()}}),
        answer({"data": {"viewer": samples.VIEWER, "anime": {**anilist_list(), "lists": None}}}),
        answer({"data": None}),
    ],
)
def test_another_account_or_a_missing_list_is_no_list(given: Answer) -> None:
    with pytest.raises(errors.Malformed):
        ANILIST.read(talk(given), BOTH)


def test_a_stranger_to_us_cannot_be_read() -> None:
    with pytest.raises(ValueError, match="known AniList account"):
        ANILIST.read(talk(account_id=""), BOTH)


def test_probe_moves_with_the_newest_edit() -> None:
    def probe(entry_id: int, moment: int | None) -> str:
        pages = {
            "anime": {"mediaList": [{"id": entry_id, "mediaId": 1, "updatedAt": moment}]},
            "manga": {"mediaList": []},
        }
        return ANILIST.probe(talk(answer({"data": pages})), BOTH)

    assert probe(4, 1_700_000_000) == "anime:4@1700000000 manga:-"
    assert len({probe(4, 1), probe(5, 1), probe(4, 2), probe(4, None)}) == 4
    assert len(probe(2**31, 10**12)) < 128
