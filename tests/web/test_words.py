"""Values, changes and runs in human words."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from integrations.capability import SCALES
from integrations.models import Connection
from integrations.web.scales import score_there
from library.entry import FIELDS, Kind, PartialDate, Status
from library.words import date_words, field_words, status_choices, status_words, value_words
from syncing.models import Change, ChangeState, Review, RunState, SyncRun
from syncing.web import telling
from syncing.web.words import Narrator, describe_values


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "nothing"),
        ("2024", "2024"),
        ("2024-05", "May 2024"),
        ("2024-05-03", "3 May 2024"),
        ("????-05-03", "3 May"),
        ("????-12", "December"),
        ("2024-??-03", "day 3 of 2024"),
        ("????-??-03", "day 3"),
    ],
)
def test_a_date_says_what_is_known_and_no_more(text: str, words: str) -> None:
    assert date_words(PartialDate.parse(text)) == words
    assert value_words("started_on", text, kind="anime") == words


@pytest.mark.parametrize(
    ("kind", "status", "words"),
    [
        ("anime", "current", "Watching"),
        ("manga", "current", "Reading"),
        ("anime", "planned", "Plan to watch"),
        ("manga", "planned", "Plan to read"),
        ("anime", "repeating", "Rewatching"),
        ("manga", "repeating", "Rereading"),
        ("novel", "current", "current"),
        ("anime", "hibernating", "hibernating"),
    ],
)
def test_a_status_is_named_by_kind(kind: str, status: str, words: str) -> None:
    assert status_words(kind, status) == words


@pytest.mark.parametrize("kind", list(Kind))
def test_every_field_and_every_status_has_a_word(kind: Kind) -> None:
    assert all(field_words(kind, name) != name for name in FIELDS)
    choices = dict(status_choices(kind))
    assert set(choices) == set(Status)
    assert len(set(choices.values())) == len(Status)


def test_fields_are_counted_in_what_the_kind_has() -> None:
    assert field_words("anime", "progress") == "Episodes"
    assert field_words("manga", "progress") == "Chapters"
    assert field_words("opera", "progress") == "progress"


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("score", 0, "no score"),
        ("score", 83, "83/100"),
        ("score", None, "nothing"),
        ("private", True, "private"),
        ("private", False, "public"),
        ("notes", "", "nothing"),
        ("notes", " two\n words ", "“two words”"),
        ("notes", "x" * 200, f"“{'x' * 140}…”"),
        ("progress", 12, "12"),
        ("finished_on", "not a date", "not a date"),
    ],
)
def test_values(field: str, value: Any, words: str) -> None:
    assert value_words(field, value, kind="anime") == words


@pytest.mark.parametrize(
    ("scale", "score", "shown"),
    [
        ("100", 83, "83/100"),
        ("10", 83, "8/10"),
        ("10", 1, "1/10"),
        ("20", 85, "8.5/10"),
        ("anilist:POINT_10_DECIMAL", 83, "8.3/10"),
        ("anilist:POINT_10", 83, "8/10"),
        ("anilist:POINT_5", 90, "5/5 stars"),
        ("anilist:POINT_5", 1, "1/5 stars"),
        ("anilist:POINT_3", 85, ":)"),
        ("anilist:POINT_3", 35, ":("),
        ("10", 0, "no score"),
    ],
)
def test_a_score_is_shown_as_its_service_shows_it(scale: str, score: int, shown: str) -> None:
    assert score_there(score, SCALES[scale]) == shown


@pytest.mark.parametrize("slug", SCALES)
def test_every_mark_of_every_scale_can_be_shown(slug: str) -> None:
    shown = [score_there(score, SCALES[slug]) for score in range(101)]
    assert len(dict.fromkeys(shown)) == len(SCALES[slug].marks) + 1


def narrator() -> Narrator:
    return Narrator(Connection(provider="anilist", account_settings={"score_format": "POINT_10"}), slug="anilist")


def change(**values: Any) -> Change:
    values = {
        "kind": "anime",
        "remote_id": "457",
        "title": "Mushishi",
        "side": "library",
        "source": "anilist",
        "action": "update",
        "before": {"score": 70},
        "after": {"score": 80},
        "state": "planned",
        "reason": "conflict_newest",
        **values,
    }
    return Change(pk=1, **values)


def test_a_conflict_is_told_from_both_sides() -> None:
    (line,) = narrator().tell_one(change()).lines
    assert (line.name, line.before, line.after) == ("Score", "70/100 (7/10)", "80/100 (8/10)")
    assert line.why == (
        "AniList says 80/100 (8/10), your library says 70/100 (7/10): "
        "your library takes 80/100 (8/10), because it is newer."
    )


def test_on_the_service_the_library_is_the_one_that_brings_the_value() -> None:
    (line,) = (
        narrator().tell_one(change(side="anilist", source="library", before={"score": 80}, after={"score": 83})).lines
    )
    assert line.why == (
        "AniList says 80/100 (8/10), your library says 83/100 (8/10): AniList takes 83/100 (8/10), because it is newer."
    )


@pytest.mark.parametrize(
    ("state", "action", "side", "headline"),
    [
        ("planned", "create", "anilist", "Will be added to AniList"),
        ("applied", "create", "library", "Added to your library"),
        ("applied", "update", "library", "Changed in your library"),
        ("applied", "update", "anilist", "Changed on AniList"),
        ("failed", "remove", "anilist", "Not removed from AniList"),
        ("unknown", "update", "anilist", "Perhaps changed on AniList"),
        ("sending", "update", "anilist", "Being changed on AniList"),
    ],
)
def test_a_headline_says_what_happens_where(state: str, action: str, side: str, headline: str) -> None:
    assert narrator().headline(change(state=state, action=action, side=side)) == headline


def test_every_state_has_a_headline() -> None:
    assert all(narrator().headline(change(state=state)) for state in ChangeState)


def test_an_added_entry_is_told_in_one_line() -> None:
    told = narrator().tell_one(
        change(
            action="create",
            before=None,
            after={"status": "current", "progress": 4, "score": 80, "notes": "", "repeats": 0, "private": False},
            reason="new_on_side",
        )
    )
    assert told.summary == "Watching, Episodes 4, Score 80/100 (8/10)"
    assert told.lines == ()
    assert told.why == "It is on AniList and was not in your library."


def test_a_removed_entry_tells_what_it_held() -> None:
    told = narrator().tell_one(
        change(action="remove", before={"status": "dropped"}, after=None, reason="removed_on_side")
    )
    assert (told.summary, told.tone) == ("Dropped", "remove")


def test_only_done_changes_can_be_undone() -> None:
    undoable = {state for state in ChangeState if narrator().tell_one(change(state=state)).can_undo}
    assert undoable == {ChangeState.APPLIED}


def test_a_service_that_is_no_longer_here_is_still_told() -> None:
    told = Narrator(None, slug="gone").tell_one(change(side="gone"))
    assert told.headline == "Will be changed on gone"
    assert told.url == ""
    assert told.lines[0].after == "80/100"


def test_nothing_said_is_said() -> None:
    assert describe_values(narrator(), "anime", {"score": 0, "notes": ""}) == "nothing"
    assert describe_values(narrator(), "anime", None) == "nothing"


def test_a_run_without_changes_counts_its_checks() -> None:
    run = SyncRun(state="done", checks=14)
    assert telling.judge_run(run).text == "Everything agreed, 14 times in a row"


@pytest.mark.parametrize("state", RunState)
def test_every_run_state_has_words(state: RunState) -> None:
    run = SyncRun(state=state, provider="anilist", library_changes=1, requests=1)
    assert telling.judge_run(run).text
    assert telling.run_figures(run) == ["1 change in your library", "1 request"]


@pytest.mark.parametrize(
    "topic",
    ["first_plan", "emptied", "shrunk", "rewritten", "sentinels", "progress_drop", "removal", "conflict", "flip_flop"],
)
def test_every_question_has_words_and_answers(topic: str) -> None:
    review = Review(
        pk=1,
        topic=topic,
        connection=Connection(provider="myanimelist"),
        summary={"title": "Mushishi", "kind": "anime", "field": "score", "library": 83, "provider": 70},
        created_at=timezone.now(),
    )
    question = telling.ask(review)
    assert "{" not in question.title + question.text
    assert question.text
    answers = {"library", "provider"} if topic == "conflict" else {"approve", "discard"}
    assert {choice.value for choice in question.choices} == answers


def test_a_guard_names_its_figures() -> None:
    summary = {"read": 200, "remembered": 312, "missing": 112, "rewritten": 0}
    review = Review(pk=1, topic="shrunk", connection=Connection(provider="anilist"), summary=summary)
    assert telling.ask(review).text.startswith("112 of 312 entries are gone")


def test_a_conflict_shows_both_answers() -> None:
    summary = {"kind": "manga", "field": "score", "library": 83, "provider": 70}
    review = Review(pk=1, topic="conflict", connection=Connection(provider="myanimelist"), summary=summary)
    assert telling.ask(review).lines == (
        ("What", "Score"),
        ("Your library", "83/100 (8/10)"),
        ("MyAnimeList", "70/100 (7/10)"),
    )


@pytest.mark.parametrize(
    ("side", "text"),
    [
        ("library", "It was removed from MyAnimeList. It stays in your library until you say yes."),
        ("provider", "It was removed from your library. It stays on MyAnimeList until you say yes."),
    ],
)
def test_a_removal_says_where_it_happened_and_where_not(side: str, text: str) -> None:
    summary = {"title": "Mushishi", "kind": "anime", "side": side}
    review = Review(pk=1, topic="removal", connection=Connection(provider="myanimelist"), summary=summary)
    assert telling.ask(review).text == text


@pytest.mark.parametrize("topic", ["emptied", "shrunk", "sentinels", "removal"])
@pytest.mark.parametrize("removals", ["ask", "yes", "no"])
def test_a_yes_that_leads_to_removals_does_not_invite(topic: str, removals: str) -> None:
    connection = Connection(provider="anilist", removals=removals)
    summary = {"remembered": 3000, "missing": 412, "side": "library"}
    question = telling.ask(Review(pk=1, topic=topic, connection=connection, summary=summary))
    assert question.choices[0].tone == "danger"
    if topic != "removal":
        then = {"ask": "asked about each title.", "yes": "each can be undone.", "no": "in any case."}
        assert question.text.endswith(then[removals])


def test_a_sentence_does_not_repeat_a_long_note() -> None:
    long = change(reason="conflict_newest", before={"notes": "a" * 300}, after={"notes": "b" * 300})
    line = narrator().tell_one(long).lines[0]
    assert line.after.startswith("“" + "b" * 100)
    assert "“" + "b" * 38 + "…”" in line.why
    assert "b" * 60 not in line.why
