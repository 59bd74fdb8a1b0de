"""Marks of many people in one request; who spoils the answer is found and left out."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

import pytest

from integrations.answers import Answer
from integrations.errors import Malformed, RateLimited, Transient
from integrations.providers.anilist.probing import MOST_SPLITS
from integrations.providers.anilist.provider import AniList
from integrations.providers.base import BatchProber, ProbeTarget
from library.entry import Kind
from tests.integrations.providers.script import ScriptedSession, Sent, Step, answer

ANILIST = AniList()
BOTH = frozenset(Kind)


def talk(*steps: Step) -> ScriptedSession:
    return ScriptedSession(ANILIST, steps, account_id="")


def people(count: int, kinds: frozenset[Kind] = BOTH) -> list[ProbeTarget]:
    return [ProbeTarget(str(number), kinds) for number in range(1, count + 1)]


def asked(sent: Sent) -> list[int]:
    return list(sent.json["variables"].values())


def person(at: int, number: int) -> dict[str, Any]:
    who = {"statistics": {"anime": {"count": 3}, "manga": {"count": 0}}, "mediaListOptions": {"scoreFormat": "POINT_5"}}
    return {
        f"who{at}": who,
        f"anime{at}": {"mediaList": [{"id": 100 + number, "updatedAt": 1_700_000_000}]},
        f"manga{at}": {"mediaList": []},
    }


def tell(sent: Sent) -> Answer:
    parts = [person(at, number) for at, number in enumerate(asked(sent))]
    return answer({"data": {name: value for part in parts for name, value in part.items()}})


def spoiled(by: Collection[int], *, names: bool = True, status: int = 404, message: str = "Private User") -> Any:
    """Answers as AniList does while one of `by` is among those asked for; names: with the lines of all of them."""

    def reply(sent: Sent) -> Answer:
        lines = [at + 2 for at, number in enumerate(asked(sent)) if number in by]
        if not lines:
            return tell(sent)
        places = [[{"line": line, "column": 1}] if names else [] for line in lines]
        errors = [{"message": message, "status": status, "locations": place} for place in places]
        return answer({"data": None, "errors": errors}, status=status)

    return reply


def mark(number: int) -> str:
    return f"anime:{100 + number}@1700000000/3 manga:-/0 POINT_5"


def test_it_is_a_batch_prober_and_others_are_not() -> None:
    assert isinstance(ANILIST, BatchProber)
    assert (ANILIST.probe_batch, ANILIST.probe_batch * 0.05 > 1) == (30, True)


def test_thirty_people_in_one_request_that_may_be_repeated() -> None:
    session = talk(tell)
    told = ANILIST.probe_many(session, people(30))
    assert told == {str(number): mark(number) for number in range(1, 31)}
    assert (session.requests, session.sent[0].repeatable) == (1, True)


def test_one_kind_is_asked_for_and_told_alone() -> None:
    session = talk(tell)
    told = ANILIST.probe_many(session, people(1, frozenset({Kind.MANGA})))
    assert told == {"1": "manga:-/0 POINT_5"}
    assert "ANIME" not in session.sent[0].json["query"]


def test_those_whom_the_error_names_cost_one_request_more_together() -> None:
    reply = spoiled({3, 9, 30})
    session = talk(reply, reply)
    told = ANILIST.probe_many(session, people(30))
    assert {account for account, text in told.items() if text is None} == {"3", "9", "30"}
    assert (len(told), session.requests) == (30, 2)


@pytest.mark.parametrize(("status", "message"), [(404, "User not found"), (400, "validation of this went wrong")])
def test_an_error_that_names_nobody_is_found_by_halves(status: int, message: str) -> None:
    reply = spoiled({5}, names=False, status=status, message=message)
    session = talk(*[reply] * 9)
    told = ANILIST.probe_many(session, people(16))
    assert [account for account, text in told.items() if text is None] == ["5"]
    assert (len(told), session.requests) == (16, 9)


def test_a_request_that_is_too_complex_is_halved() -> None:
    refusal = {"message": "Max query complexity should be 500 but got 640.", "status": 400, "locations": []}
    session = talk(answer({"data": None, "errors": [refusal]}, status=400), tell, tell)
    assert len(ANILIST.probe_many(session, people(30))) == 30


def test_many_spoilers_without_names_end_the_asking() -> None:
    reply = spoiled(range(1, 31), names=False)
    session = talk(*[reply] * (1 + MOST_SPLITS))
    told = ANILIST.probe_many(session, people(30))
    assert (set(told.values()), session.requests) == ({None}, 1 + MOST_SPLITS)


def test_a_part_that_cannot_be_understood_costs_only_itself() -> None:
    def reply(sent: Sent) -> Answer:
        data = json.loads(tell(sent).body)["data"] | {"who1": {"statistics": None}}
        return answer({"data": data})

    assert ANILIST.probe_many(talk(reply), people(3)) == {"1": mark(1), "2": None, "3": mark(3)}


def test_what_cannot_be_an_account_is_not_asked_for() -> None:
    session = talk()
    assert ANILIST.probe_many(session, [ProbeTarget("no number", BOTH)]) == {"no number": None}
    assert session.requests == 0


@pytest.mark.parametrize("error", [RateLimited("wait", retry_after=9.0), Transient("away")])
def test_an_outage_before_anything_was_told_is_raised(error: Transient) -> None:
    with pytest.raises(type(error)):
        ANILIST.probe_many(talk(error), people(2))


def test_an_outage_later_leaves_the_rest_untold() -> None:
    first = spoiled({1}, names=False)
    session = talk(first, first, first, tell, Transient("away"))
    told = ANILIST.probe_many(session, people(4))
    assert told == {"1": None, "2": mark(2)}


def test_a_document_that_no_longer_fits_is_told_as_such() -> None:
    refusal = {"message": 'Cannot query field "statistics" on type "User".', "status": 400, "locations": []}
    with pytest.raises(Malformed):
        ANILIST.probe_many(talk(answer({"data": None, "errors": [refusal]}, status=400)), people(2))
