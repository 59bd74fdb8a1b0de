from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from integrations import errors
from integrations.answers import Answer
from integrations.providers.anilist.provider import HEAVIEST_BODY, AniList
from integrations.providers.base import Outcome, Removal, Write
from library.entry import MAX_NOTES, Entry, Kind, Status
from tests.integrations.providers import samples
from tests.integrations.providers.samples import anilist_error
from tests.integrations.providers.script import ScriptedSession, Sent, Step, answer, page

ANILIST = AniList()
LOST = page("<html>502</html>", status=502)


def write(media_id: int | str, **changes: Any) -> Write:
    desired = Entry(Status.CURRENT, progress=3).with_(**changes)
    return Write(Kind.ANIME, str(media_id), desired, frozenset({"progress", *changes}))


def sent_ids(sent: Sent) -> list[int]:
    return [value for name, value in sent.json["variables"].items() if name.startswith(("mediaId", "id"))]


def echoes(sent: Sent) -> Answer:
    count = len(sent_ids(sent))
    return answer({"data": {f"a{at}": samples.anilist_echo(at + 1, progress=3) for at in range(count)}})


def spoilt_by(bad: int, *, tells: bool) -> Callable[[Sent], Answer]:
    """AniList when one title of a batch no longer exists; `tells`: whether it places the fault."""

    def step(sent: Sent) -> Answer:
        ids = sent_ids(sent)
        if bad not in ids:
            return echoes(sent)
        line = 2 + ids.index(bad) if tells else 0
        body = anilist_error(
            "validation", 400, line=line, validation={"mediaId": ["The selected media id is invalid."]}
        )
        return answer(body, status=400)

    return step


def run(steps: Sequence[Step], writes: Sequence[Write]) -> tuple[list[Outcome], ScriptedSession]:
    session = ScriptedSession(ANILIST, steps)
    outcomes = ANILIST.write(session, writes)
    assert len(outcomes) == len(writes)
    return outcomes, session


def errors_of(outcomes: Sequence[Outcome]) -> list[type[BaseException] | None]:
    return [type(one.error).__mro__[1] if one.error else None for one in outcomes]


def test_a_batch_is_one_request_that_is_never_repeated_by_itself() -> None:
    outcomes, session = run([echoes], [write(media_id) for media_id in range(1, 26)])
    assert session.requests == 1
    assert session.sent[0].repeatable is False
    assert [one.echo.media.external_id for one in outcomes if one.echo] == [str(at) for at in range(1, 26)]
    assert outcomes[4].echo is not None
    assert (outcomes[4].echo.entry_id, outcomes[4].echo.entry.progress) == ("5", 3)


def test_nothing_to_write_costs_nothing() -> None:
    assert run([], [])[0] == []
    assert ANILIST.remove(ScriptedSession(ANILIST, []), []) == []


def test_hostile_notes_travel_as_values() -> None:
    notes = '"}) { deleteAll } #{$x}\\ \u202e</script>\n\U0001f600\x00'
    _, session = run([echoes], [write(1, notes=notes)])
    assert "deleteAll" not in session.sent[0].json["query"]
    assert session.sent[0].json["variables"]["notes0"] == notes.replace("\x00", "")


@pytest.mark.parametrize(("tells", "requests"), [(True, 3), (False, 9)])
def test_the_title_that_spoils_a_batch_is_found_and_the_others_are_written(tells: bool, requests: int) -> None:
    step = spoilt_by(7, tells=tells)
    outcomes, session = run([step] * requests, [write(media_id) for media_id in range(1, 26)])
    assert session.requests == requests
    assert [at for at, one in enumerate(outcomes, 1) if one.echo is None] == [7]
    assert isinstance(outcomes[6].error, errors.Gone)


def test_two_bad_titles() -> None:
    def step(sent: Sent) -> Answer:
        bad = [media_id for media_id in sent_ids(sent) if media_id in (2, 5)]
        return spoilt_by(bad[0], tells=True)(sent) if bad else echoes(sent)

    outcomes, session = run([step] * 5, [write(media_id) for media_id in range(1, 7)])
    assert [at for at, one in enumerate(outcomes, 1) if one.echo is None] == [2, 5]
    assert session.is_spent


def test_too_complex_batches_are_halved() -> None:
    def step(sent: Sent) -> Answer:
        if len(sent_ids(sent)) > 2:
            return answer(anilist_error("Max query complexity should be 500 but got 646.", 400), status=400)
        return echoes(sent)

    outcomes, session = run([step] * 7, [write(media_id) for media_id in range(1, 8)])
    assert errors_of(outcomes) == [None] * 7
    assert session.is_spent


def test_heavy_notes_are_spread_over_several_requests() -> None:
    writes = [write(media_id, notes="n" * 30_000) for media_id in range(1, 8)] + [write(8, notes="ü" * MAX_NOTES)]
    outcomes, session = run([echoes] * 4, writes)
    assert [len(sent_ids(sent)) for sent in session.sent] == [3, 3, 1, 1]
    assert errors_of(outcomes) == [None] * 8
    assert HEAVIEST_BODY == 100_000


def test_a_lost_answer_leaves_every_write_of_the_request_unknown() -> None:
    outcomes, _ = run([LOST], [write(1), write(2)])
    assert [type(one.error) for one in outcomes] == [errors.Transient] * 2
    assert [one.error.unsent for one in outcomes if one.error] == [False, False]


def test_what_stayed_here_after_a_failure_is_told_apart() -> None:
    heavy = [write(media_id, notes="n" * 90_000) for media_id in (1, 2, 3)]
    outcomes, session = run([echoes, LOST], heavy)
    assert session.requests == 2
    assert [one.error.unsent if one.error else None for one in outcomes] == [None, False, True]


@pytest.mark.parametrize(
    "body",
    [
        {"data": {"a0": None}},
        {"data": {}},
        {"data": {"a0": samples.anilist_echo(status="LATER")}},
        {"data": {"a0": {"id": 1}}},
    ],
)
def test_an_answer_that_cannot_be_understood_is_a_lost_one(body: Any) -> None:
    outcomes, _ = run([answer(body)], [write(1)])
    assert [type(one.error) for one in outcomes] == [errors.Transient]
    assert outcomes[0].error is not None
    assert outcomes[0].error.unsent is False


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (answer(b"{}", status=429), errors.RateLimited),
        (answer(anilist_error("Invalid token", 400), status=400), errors.AuthRevoked),
        (answer(anilist_error('Unknown argument "scoreRaw"', 400), status=400), errors.Malformed),
    ],
)
def test_what_surely_wrote_nothing_is_raised(given: Answer, error: type[errors.ProviderError]) -> None:
    with pytest.raises(error) as raised:
        run([given], [write(1), write(2)])
    assert raised.value.unsent is True


def test_a_limit_in_the_middle_does_not_hide_what_was_done() -> None:
    heavy = [write(media_id, notes="n" * 90_000) for media_id in (1, 2, 3)]
    outcomes, _ = run([echoes, answer(b"{}", status=429)], heavy)
    assert [type(one.error) for one in outcomes] == [type(None), errors.RateLimited, errors.RateLimited]


def test_a_limit_after_a_refused_batch_is_an_outcome_because_a_part_may_have_been_done() -> None:
    outcomes, _ = run([spoilt_by(2, tells=True), answer(b"{}", status=429)], [write(1), write(2)])
    assert [type(one.error) for one in outcomes] == [errors.RateLimited] * 2
    too_complex = answer(anilist_error("Max query complexity should be 500 but got 646.", 400), status=400)
    with pytest.raises(errors.RateLimited):
        run([too_complex, answer(b"{}", status=429)], [write(1), write(2)])


def test_ids_that_are_none_do_not_spoil_the_batch() -> None:
    outcomes, session = run([echoes], [write("slip"), write(5), write(2**40)])
    assert [type(one.error) for one in outcomes] == [errors.Gone, type(None), errors.Gone]
    assert sent_ids(session.sent[0]) == [5]
    assert outcomes[1].echo is not None
    assert outcomes[1].echo.media.external_id == "5"


def test_an_entry_that_was_hidden_from_every_list_is_not_tracked_as_created() -> None:
    hidden = answer({"data": {"a0": samples.anilist_echo(hiddenFromStatusLists=True)}})
    desired = Entry(Status.CURRENT)
    created, _ = run([hidden], [Write(Kind.ANIME, "1", desired, frozenset({"status"}), create=True)])
    assert isinstance(created[0].error, errors.Rejected)
    updated, _ = run([hidden], [Write(Kind.ANIME, "1", desired, frozenset({"status"}))])
    assert updated[0].echo is not None


def removal(media_id: int, entry_id: int | str = "", kind: Kind = Kind.ANIME) -> Removal:
    return Removal(kind, str(media_id), str(entry_id))


def deleted(sent: Sent) -> Answer:
    return answer({"data": {f"a{at}": {"deleted": True} for at in range(len(sent_ids(sent)))}})


def test_removals_go_by_entry_id_in_one_request() -> None:
    session = ScriptedSession(ANILIST, [deleted])
    outcomes = ANILIST.remove(session, [removal(at, 400 + at) for at in range(1, 51)])
    assert outcomes == [Outcome(removed=True)] * 50
    assert sent_ids(session.sent[0]) == list(range(401, 451))


def test_unknown_entry_ids_are_looked_up_and_absent_entries_count_as_removed() -> None:
    found = {"anime": {"mediaList": [{"id": 901, "mediaId": 1}]}, "manga": {"mediaList": [{"id": 902, "mediaId": 1}]}}
    session = ScriptedSession(ANILIST, [answer({"data": found}), deleted])
    removals = [removal(1), removal(2), removal(1, kind=Kind.MANGA), removal(4, 904)]
    assert ANILIST.remove(session, removals) == [Outcome(removed=True)] * 4
    assert session.sent[0].json["variables"] == {"user": 77, "anime": [1, 2], "manga": [1]}
    assert sent_ids(session.sent[1]) == [901, 902, 904]


def test_an_entry_that_is_gone_already_does_not_keep_the_others() -> None:
    def step(sent: Sent) -> Answer:
        ids = sent_ids(sent)
        if 402 not in ids:
            return deleted(sent)
        return answer(anilist_error("Not Found.", 404, line=2 + ids.index(402)), status=404)

    session = ScriptedSession(ANILIST, [step] * 3)
    assert ANILIST.remove(session, [removal(at, 400 + at) for at in (1, 2, 3)]) == [Outcome(removed=True)] * 3
    assert session.is_spent


def test_removals_that_fail() -> None:
    foreign = answer(anilist_error("You are not authorized to modify this MediaList", 403), status=403)
    session = ScriptedSession(ANILIST, [foreign])
    assert isinstance(ANILIST.remove(session, [removal(1, 401)])[0].error, errors.Rejected)
    refused = ScriptedSession(ANILIST, [answer({"data": {"a0": {"deleted": False}}})])
    assert isinstance(ANILIST.remove(refused, [removal(1, 401)])[0].error, errors.Rejected)
    lost = ScriptedSession(ANILIST, [LOST])
    assert [type(one.error) for one in ANILIST.remove(lost, [removal(1, 401)])] == [errors.Transient]
    unasked = ANILIST.remove(ScriptedSession(ANILIST, [LOST]), [removal(1), removal(2)])
    assert [one.error.unsent for one in unasked if one.error] == [True, True]
    with pytest.raises(errors.RateLimited):
        ANILIST.remove(ScriptedSession(ANILIST, [answer(b"{}", status=429)]), [removal(1)])
