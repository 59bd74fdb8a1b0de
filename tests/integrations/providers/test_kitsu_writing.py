from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from integrations import errors
from integrations.answers import Answer
from integrations.providers.base import Outcome, Removal, Write
from integrations.providers.kitsu import writing
from integrations.providers.kitsu.reading import TOTALS_NOTE
from library.entry import FIELDS, Entry, Kind, Status
from tests.integrations.providers.kitsu_payloads import (
    KITSU,
    lines,
    missing,
    page,
    payloads,
    refused,
    row,
    saved,
    talk,
    user,
    users,
    work,
)
from tests.integrations.providers.script import ScriptedSession, Sent, Step, answer
from tests.integrations.providers.script import page as html

LOST = html("<html>502</html>", status=502)
TAKEN = refused("has already been taken", path=["attributes", "animeId"])
TOO_FAR = refused("cannot exceed length of media", path=["attributes", "progress"])
FORBIDDEN = refused("Not Authorized", code="NotAuthorized")


def update(number: int, *, fields: Sequence[str] = ("progress",), **changes: Any) -> Write:
    desired = Entry(Status.CURRENT, progress=12).with_(**changes)
    return Write(Kind.ANIME, str(number), desired, frozenset({*fields, *changes}), entry_id=str(1000 + number))


def create(number: int | str, **changes: Any) -> Write:
    desired = Entry(Status.CURRENT, progress=12).with_(**changes)
    return Write(Kind.ANIME, str(number), desired, frozenset(FIELDS), create=True)


def echoes(sent: Sent, **changes: Any) -> Answer:
    return payloads(*(saved(at + 1, startedAt=None, **changes) for at in range(len(lines(sent)))))


def run(
    steps: Sequence[Step], *writes: Write, totals: dict[Any, int] | None = None
) -> tuple[list[Outcome], ScriptedSession]:
    session = talk(*steps)
    if totals:
        session.notes[TOTALS_NOTE] = totals
    outcomes = KITSU.write(session, writes)
    assert len(outcomes) == len(writes)
    return outcomes, session


def errors_of(outcomes: Sequence[Outcome]) -> list[type[BaseException] | None]:
    return [type(one.error) if one.error else None for one in outcomes]


def test_a_batch_is_one_request_that_is_never_repeated_by_itself() -> None:
    outcomes, session = run([echoes], *(create(at) if at % 2 else update(at) for at in range(1, 21)))
    assert (session.requests, session.sent[0].repeatable) == (1, False)
    assert session.sent[0].url == "https://kitsu.app/api/graphql"
    assert [one.echo.media.external_id for one in outcomes if one.echo] == [str(at) for at in range(1, 21)]
    assert lines(session.sent[0])[0].startswith('a0: create(input: {mediaId: "1", mediaType: ANIME, status: CURRENT')
    assert lines(session.sent[0])[1].startswith('a1: update(input: {id: "1002", status: CURRENT')


def test_nothing_to_write_costs_nothing() -> None:
    assert run([])[0] == []
    assert KITSU.remove(talk(), []) == []


def test_what_kitsu_altered_is_set_again_in_one_more_document() -> None:
    def first(sent: Sent) -> Answer:
        return payloads(saved(1, startedAt=None), saved(2, startedAt=None, status="ON_HOLD"), saved(3, startedAt=None))

    writes = [update(at, status=Status.PAUSED) for at in (1, 2, 3)]
    outcomes, session = run([first, lambda sent: echoes(sent, status="ON_HOLD")], *writes)
    assert [one.echo.entry.status for one in outcomes if one.echo] == [Status.PAUSED] * 3
    assert session.requests == 2
    assert [line.partition(")")[0] for line in lines(session.sent[1])] == [
        'a0: update(input: {id: "1", status: ON_HOLD}',
        'a1: update(input: {id: "3", status: ON_HOLD}',
    ]


def test_kitsu_has_its_way_after_two_corrections() -> None:
    def stubborn(sent: Sent) -> Answer:
        return echoes(sent, status="CURRENT")

    outcomes, session = run([stubborn] * 3, update(1, status=Status.PAUSED))
    assert session.requests == 3
    assert [one.echo.entry.status for one in outcomes if one.echo] == [Status.CURRENT]


@pytest.mark.parametrize("second", [LOST, errors.RateLimited("slow", retry_after=9), errors.AuthRevoked("dead")])
def test_a_correction_whose_answer_is_lost_leaves_its_write_unknown_and_the_others_done(second: Step) -> None:
    first = payloads(saved(1, startedAt=None), saved(2, startedAt=None, status="ON_HOLD"))
    outcomes, _ = run([first, second], *(update(at, status=Status.PAUSED) for at in (1, 2)))
    assert isinstance(outcomes[0].error, errors.Transient)
    assert outcomes[0].error.unsent is False
    assert isinstance(outcomes[0].error, errors.RateLimited) is isinstance(second, errors.RateLimited)
    assert outcomes[1].echo is not None


def test_a_refused_correction_leaves_what_kitsu_made_of_it() -> None:
    outcomes, _ = run([payloads(saved(1, startedAt=None)), payloads(refused("no"))], update(1, status=Status.PAUSED))
    assert [one.echo.entry.status for one in outcomes if one.echo] == [Status.CURRENT]


def test_a_title_that_is_there_already_is_looked_up_and_updated() -> None:
    listed = page(row(900, media=2))
    outcomes, session = run(
        [payloads(saved(1, startedAt=None), TAKEN), listed, payloads(saved(900, startedAt=None))], create(1), create(2)
    )
    assert [one.echo.entry_id for one in outcomes if one.echo] == ["1", "900"]
    asked = {"filter[animeId]": "2", "filter[userId]": "77"}
    assert asked.items() <= dict(session.sent[1].params).items()
    assert lines(session.sent[2])[0].startswith('a0: update(input: {id: "900", status: CURRENT')


def test_a_title_that_is_taken_but_not_shown_is_refused() -> None:
    outcomes, _ = run([payloads(TAKEN), page(), users(user())], create(1))
    assert errors_of(outcomes) == [errors.Rejected]


def test_progress_beyond_the_length_is_cut_when_the_length_is_learnt() -> None:
    learnt = answer({"data": [work(1, episodeCount=10), work(2, episodeCount=99)]})
    outcomes, session = run(
        [payloads(TOO_FAR, TOO_FAR), learnt, lambda sent: echoes(sent, progress=10)], update(1), update(2)
    )
    assert [one.echo.entry.progress if one.echo else type(one.error) for one in outcomes] == [10, errors.Rejected]
    assert "progress: 10" in lines(session.sent[2])[0]
    outcomes, session = run([payloads(TOO_FAR), learnt, payloads(TOO_FAR)], update(1))
    assert errors_of(outcomes) == [errors.Rejected]


def test_progress_is_cut_at_once_where_this_run_has_read_the_length() -> None:
    _, session = run([echoes], update(1), update(2), totals={(Kind.ANIME, "1"): 10, (Kind.ANIME, "2"): 0})
    assert ["progress: 10" in line for line in lines(session.sent[0])] == [True, False]


@pytest.mark.parametrize("bad", [1, 3, 5])
def test_an_entry_that_is_gone_spoils_only_itself(bad: int) -> None:
    outcomes, session = run([missing("LibraryEntry", 1000 + bad), echoes], *(update(at) for at in range(1, 6)))
    assert [at for at, one in enumerate(outcomes, 1) if one.echo is None] == [bad]
    assert isinstance(outcomes[bad - 1].error, errors.Gone)
    assert [len(lines(sent)) for sent in session.sent] == [5, 4]


def test_a_gone_entry_that_is_not_named_is_found_by_halves() -> None:
    def step(sent: Sent) -> Answer:
        return missing("LibraryEntry", "?") if any('"1003"' in line for line in lines(sent)) else echoes(sent)

    outcomes, session = run([step] * 5, *(update(at) for at in range(1, 6)))
    assert [at for at, one in enumerate(outcomes, 1) if isinstance(one.error, errors.Gone)] == [3]
    assert session.is_spent


@pytest.mark.parametrize(
    "answered",
    [missing("Anime", 1), payloads(refused("must exist", path=["attributes", "media"]))],
)
def test_a_work_that_kitsu_does_not_have(answered: Answer) -> None:
    assert isinstance(run([answered], create(1))[0][0].error, errors.Gone)


def test_what_cannot_be_an_id_is_gone_without_asking() -> None:
    outcomes, session = run([echoes], create("tt0388629"), create(1))
    assert isinstance(outcomes[0].error, errors.Gone)
    assert (outcomes[1].error, session.requests) == (None, 1)


def test_updates_without_their_entry_id_look_it_up() -> None:
    without = [Write(Kind.ANIME, str(at), Entry(Status.CURRENT), frozenset({"score"})) for at in (1, 2)]
    outcomes, session = run([page(row(900, media=1)), payloads(saved(900))], *without)
    assert (errors_of(outcomes), session.requests) == ([None, errors.Gone], 2)
    outcomes, _ = run([LOST], *without)
    assert [one.error.unsent for one in outcomes if one.error] == [True, True]


def test_nobody_is_logged_in_or_the_entry_is_anothers() -> None:
    with pytest.raises(errors.AuthRevoked):
        run([payloads(FORBIDDEN, FORBIDDEN), users()], update(1), update(2))
    outcomes, _ = run([payloads(FORBIDDEN), users(user())], update(1))
    assert errors_of(outcomes) == [errors.Rejected]
    # What else was done in the same document is proof enough.
    outcomes, session = run([payloads(FORBIDDEN, saved(2, startedAt=None))], update(1), update(2))
    assert (errors_of(outcomes), session.requests) == ([errors.Rejected, None], 1)


def test_a_lost_answer_leaves_every_write_of_the_request_unknown() -> None:
    outcomes, _ = run([LOST], update(1), create(2))
    assert errors_of(outcomes) == [errors.Transient] * 2
    assert [one.error.unsent for one in outcomes if one.error] == [False, False]


@pytest.mark.parametrize(
    "body",
    [
        {"data": None},
        {"data": {"libraryEntry": {}}},
        {"data": {"libraryEntry": {"a0": None}}},
        {"data": {"libraryEntry": {"a0": {"errors": None, "libraryEntry": None}}}},
        {"data": {"libraryEntry": {"a0": saved(1, status="LATER")}}},
        {"data": {"libraryEntry": {"a0": {"errors": None, "libraryEntry": {"id": "1"}}}}},
    ],
)
def test_an_answer_that_cannot_be_understood_is_a_lost_one(body: Any) -> None:
    outcomes, _ = run([answer(body)], update(1))
    assert errors_of(outcomes) == [errors.Transient]
    assert outcomes[0].error is not None
    assert outcomes[0].error.unsent is False


@pytest.mark.parametrize(
    "error", [errors.RateLimited("slow", retry_after=60), errors.AuthRevoked("dead"), errors.Unavailable("off")]
)
def test_what_surely_did_nothing_is_raised(error: errors.ProviderError) -> None:
    if error.unsent:
        with pytest.raises(type(error)):
            run([error], update(1))
    else:
        assert run([error], update(1))[0][0].error is error


def test_heavy_notes_are_spread_over_several_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "HEAVIEST_BODY", 1000)
    writes = [update(at, notes="n" * 400) for at in range(1, 6)]
    outcomes, session = run([echoes] * 3, *writes)
    assert ([len(lines(sent)) for sent in session.sent], errors_of(outcomes)) == ([2, 2, 1], [None] * 5)
    outcomes, session = run([echoes, LOST], *writes)
    assert [one.error.unsent if one.error else None for one in outcomes] == [None, None, False, False, True]


# Removals ------------------------------------------------------------------------------------------------


def removal(number: int, *, knows: bool = True) -> Removal:
    return Removal(Kind.ANIME, str(number), str(1000 + number) if knows else "")


def deleted(sent: Sent) -> Answer:
    return payloads(*({"errors": None, "libraryEntry": {"id": "1"}} for _ in lines(sent)))


def remove(steps: Sequence[Step], *removals: Removal) -> tuple[list[Outcome], ScriptedSession]:
    session = talk(*steps)
    return KITSU.remove(session, removals), session


def test_removals_go_together() -> None:
    outcomes, session = remove([deleted], *(removal(at) for at in range(1, 21)))
    assert (outcomes, session.requests) == ([Outcome(removed=True)] * 20, 1)
    assert lines(session.sent[0])[2].startswith('a2: delete(input: {id: "1003"})')


def test_an_entry_that_is_not_there_counts_as_removed_and_the_rest_goes_on() -> None:
    """Those before it are looked up: 1001 is still there and is sent again; those behind it were not reached."""
    listed = page(row(1001, media=1), row(9999, media=2))
    outcomes, session = remove([missing("LibraryEntry", 1003), listed, deleted], *(removal(at) for at in range(1, 6)))
    assert outcomes == [Outcome(removed=True)] * 5
    assert session.sent[1].params["filter[animeId]"] == "1,2"
    assert [line.partition(")")[0] for line in lines(session.sent[2])] == [
        f'a{at}: delete(input: {{id: "{number}"}}' for at, number in enumerate((1001, 1004, 1005))
    ]


def test_a_failing_look_up_leaves_removals_unknown() -> None:
    """What was done before it was done, so that nothing is raised."""
    outcomes, _ = remove([missing("LibraryEntry", 1003), LOST], *(removal(at) for at in range(1, 6)))
    assert [(type(one.error), one.error.unsent) for one in outcomes if one.error] == [(errors.Transient, False)] * 5


def test_one_by_one_where_kitsu_does_not_say_which_is_missing() -> None:
    unnamed = missing("LibraryEntry", "?")
    outcomes, session = remove([unnamed, deleted, unnamed, deleted], *(removal(at) for at in (1, 2, 3)))
    assert (outcomes, session.is_spent) == ([Outcome(removed=True)] * 3, True)


def test_entry_ids_are_looked_up() -> None:
    outcomes, session = remove([page(row(1001, media=1)), deleted], removal(1, knows=False), removal(2, knows=False))
    assert (outcomes, len(lines(session.sent[1]))) == ([Outcome(removed=True)] * 2, 1)
    with pytest.raises(errors.AuthRevoked):
        remove([page(), users()], removal(1, knows=False))
    outcomes, _ = remove([LOST], removal(1, knows=False))
    assert [one.error.unsent for one in outcomes if one.error] == [True]


def test_refused_and_lost_removals() -> None:
    outcomes, _ = remove(
        [payloads(FORBIDDEN, refused("no"), {"errors": None, "libraryEntry": {"id": "3"}})], *map(removal, (1, 2, 3))
    )
    assert [type(one.error) for one in outcomes] == [errors.Rejected, errors.Rejected, type(None)]
    with pytest.raises(errors.AuthRevoked):
        remove([payloads(FORBIDDEN), users()], removal(1))
    outcomes, _ = remove([LOST], removal(1), removal(2))
    assert [one.error.unsent for one in outcomes if one.error] == [False, False]
    with pytest.raises(errors.RateLimited):
        remove([errors.RateLimited("slow", retry_after=5)], removal(1))
