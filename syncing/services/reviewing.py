"""The review tray: what waits for a person's yes, and what their word lets through."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from integrations.models import Connection
from library.entry import to_json
from syncing.core.guard import STOPS, Guarded, Topic
from syncing.core.model import Action
from syncing.core.plan import Item
from syncing.models import Review, ReviewState, SyncRun
from syncing.services import scheduling
from syncing.signals import questions_asked

if TYPE_CHECKING:
    from accounts.models import User

ASKED_AT_ONCE = 100
"""Questions of one topic that a run puts into the tray; the rest come when these are answered."""
PER_ENTRY = (Topic.REMOVAL, Topic.PROGRESS_DROP)
WHOLE_RUN = (Topic.EMPTIED, Topic.SENTINELS, Topic.REWRITTEN, Topic.SHRUNK, Topic.FIRST_PLAN)

ABSENCES = (Topic.EMPTIED, Topic.SENTINELS, Topic.SHRUNK)
"""Topics whose yes must last until two reads agreed and the removals are done."""


class BadChoice(ValueError):
    """The choice does not fit the question; the message says what does."""


@dataclass(slots=True)
class Question:
    topic: Topic
    key: str = ""
    media_id: int | None = None
    summary: dict[str, Any] = field(default_factory=dict)


def decide(user: User, *, review_id: int, choice: str) -> Review:
    """Answer one question and let the next run act on it.

    choice: "approve" or "discard"; for a conflict "library" or "provider". Answering twice changes nothing.
    Raises Review.DoesNotExist for another person's, BadChoice.
    """
    found = Review.objects.select_related("connection").get(user=user, pk=review_id)
    choices = ("library", "provider") if found.topic == Topic.CONFLICT else ("approve", "discard")
    if choice not in choices:
        raise BadChoice(f"choose one of: {', '.join(choices)}")
    if found.state != ReviewState.OPEN:
        return found
    with transaction.atomic():
        # The connection and its schedule before the question, as a run takes them.
        Connection.objects.select_for_update(no_key=True).get(pk=found.connection_id)
        scheduling.look_again(found.connection_id)
        rows = Review.objects.select_for_update(of=("self",)).select_related("connection")
        review = rows.get(user=user, pk=review_id)
        if review.state != ReviewState.OPEN:
            return review
        review.state = ReviewState.DISCARDED if choice == "discard" else ReviewState.APPROVED
        review.choice, review.decided_at = choice, timezone.now()
        review.save(update_fields=["state", "choice", "decided_at"])
        if review.topic == Topic.FIRST_PLAN:
            _decide_first_plan(review)
    return review


def _decide_first_plan(review: Review) -> None:
    """Yes opens the connection. No leaves it unapproved and paused: nothing is asked again until it is resumed."""
    if review.state == ReviewState.APPROVED:
        Connection.objects.filter(pk=review.connection_id).update(approved_at=timezone.now())
    else:
        scheduling.set_paused(review.user, provider=review.connection.provider, paused=True)


@dataclass(frozen=True, slots=True)
class Words:
    """What a person has said and no run has used yet, as one run sees it: a word that comes later is for the next.

    topics: of whole runs. media: by topic of single entries. choices: {media id: {field: "library" | "provider"}}.
    """

    ids: frozenset[int] = frozenset()
    topics: frozenset[Topic] = frozenset()
    media: Mapping[Topic, frozenset[int]] = field(default_factory=dict)
    choices: Mapping[int, Mapping[str, str]] = field(default_factory=dict)


NO_WORDS = Words()


def words_of(connection: Connection) -> Words:
    rows = Review.objects.filter(connection=connection, state=ReviewState.APPROVED)
    ids: set[int] = set()
    topics: set[Topic] = set()
    media: dict[Topic, frozenset[int]] = {}
    choices: dict[int, dict[str, str]] = {}
    for review_id, name, media_id, key, choice in rows.values_list("pk", "topic", "media_id", "key", "choice"):
        ids.add(review_id)
        topic = Topic(name)
        if topic in WHOLE_RUN:
            topics.add(topic)
        elif media_id is None:
            continue
        elif topic in PER_ENTRY:
            media[topic] = media.get(topic, frozenset()) | {media_id}
        else:
            choices.setdefault(media_id, {})[key.partition(":")[2]] = choice
    return Words(frozenset(ids), frozenset(topics), media, choices)


def ask_about(run: SyncRun, guarded: Guarded, *, removals: str, titles: Mapping[int, str]) -> int:
    """Put what was withheld into the tray, each question once, and take out what is no longer in question.

    Returns how many questions are open now.
    """
    questions = [_whole(topic, guarded) for topic in guarded.stopped]
    for topic in PER_ENTRY:
        if topic is Topic.REMOVAL and removals == "no":
            continue
        questions += [_one(topic, item, titles) for item in guarded.withheld.get(topic, ())]
    for item in guarded.plan.items:
        questions += _conflicts(item, titles)
    return _ask(run, questions, stopped=bool(guarded.stopped))


def ask_first(run: SyncRun, *, counts: Mapping[str, int]) -> None:
    """The first plan of a connection: one question with its figures."""
    assert run.connection_id is not None
    Review.objects.filter(connection_id=run.connection_id, topic=Topic.FIRST_PLAN, state=ReviewState.OPEN).update(
        state=ReviewState.EXPIRED
    )
    Review.objects.create(
        user_id=run.user_id, connection_id=run.connection_id, run=run, topic=Topic.FIRST_PLAN, summary=dict(counts)
    )
    questions_asked.send(SyncRun, run=run, count=1)


def use_up(words: Words, *, left: Collection[int] | None, absences_open: bool) -> None:
    """An approval is good for one use: it is spent when what it allowed has been done, or is not in question any more.

    left: media on which something is still to be done, None = not known, since the list was not read whole.
    absences_open: removals are not all done yet, so a yes to a shorter list still holds.
    """
    if not words.ids:
        return
    spent = Review.objects.filter(pk__in=words.ids, state=ReviewState.APPROVED)
    whole = [topic for topic in WHOLE_RUN if not (absences_open and topic in ABSENCES)]
    spent.filter(topic__in=whole).update(state=ReviewState.EXPIRED)
    if left is not None:
        named = {*words.choices, *(media_id for ids in words.media.values() for media_id in ids)}
        single = spent.exclude(topic__in=WHOLE_RUN).exclude(media_id__in=named.intersection(left))
        single.update(state=ReviewState.EXPIRED)


def refused_removals(connection: Connection) -> set[int]:
    """Media that a person wants to keep where they are."""
    rows = Review.objects.filter(connection=connection, topic=Topic.REMOVAL, state=ReviewState.DISCARDED)
    return set(rows.exclude(media=None).values_list("media_id", flat=True))


def forget_stops(connection: Connection) -> None:
    """The side is again as it was before a guard stopped everything: there is nothing left to ask."""
    rows = Review.objects.filter(connection=connection, topic__in=STOPS)
    rows.exclude(state=ReviewState.EXPIRED).update(state=ReviewState.EXPIRED)


def _whole(topic: Topic, guarded: Guarded) -> Question:
    census = guarded.plan.census
    summary = {
        "read": census.read,
        "remembered": census.remembered,
        "missing": census.missing,
        "rewritten": census.rewritten,
    }
    return Question(topic, summary=summary)


def _one(topic: Topic, item: Item, titles: Mapping[int, str]) -> Question:
    verdict = item.verdict
    on_library = verdict.to_library is not Action.NONE
    moves = verdict.moves_in if on_library else verdict.moves_out
    summary = {
        "title": titles.get(item.track.media_id, ""),
        "kind": item.track.kind,
        "side": "library" if on_library else "provider",
        "before": {move.field: to_json(move.field, move.before) for move in moves if move.before is not None},
        "after": {move.field: to_json(move.field, move.after) for move in moves if move.after is not None},
    }
    return Question(topic, f"{item.track.media_id}:{summary['side']}", item.track.media_id, summary)


def _conflicts(item: Item, titles: Mapping[int, str]) -> list[Question]:
    media_id = item.track.media_id
    return [
        Question(
            Topic.CONFLICT,
            f"{media_id}:{conflict.field}",
            media_id,
            {
                "title": titles.get(media_id, ""),
                "kind": item.track.kind,
                "field": conflict.field,
                "library": to_json(conflict.field, conflict.library),
                "provider": to_json(conflict.field, conflict.provider),
            },
        )
        for conflict in item.verdict.conflicts
        if not conflict.winner
    ]


def _ask(run: SyncRun, questions: Sequence[Question], *, stopped: bool) -> int:
    assert run.connection_id is not None
    known = Review.objects.filter(connection_id=run.connection_id).exclude(state=ReviewState.EXPIRED)
    # An answer may have come while this run was at work: it is for the next one, and not asked for again.
    asked = {(row.topic, row.key): row for row in known.exclude(topic=Topic.FIRST_PLAN)}
    current = {(question.topic, question.key) for question in questions}
    if not stopped:
        # Settled otherwise meanwhile; a "no" is forgotten too, so that the same thing later is asked anew.
        over = {key: row for key, row in asked.items() if row.state != ReviewState.APPROVED}
        gone = [row.pk for key, row in over.items() if key not in current]
        Review.objects.filter(pk__in=gone).update(state=ReviewState.EXPIRED)
    new = [question for question in questions if (question.topic, question.key) not in asked]
    Review.objects.bulk_create(
        [
            Review(
                user_id=run.user_id,
                connection_id=run.connection_id,
                run=run if run.is_stored else None,
                topic=question.topic,
                key=question.key,
                media_id=question.media_id,
                summary=question.summary,
            )
            for question in new[:ASKED_AT_ONCE]
        ],
        ignore_conflicts=True,
    )
    if new:
        questions_asked.send(SyncRun, run=run, count=len(new))
    return Review.objects.filter(connection_id=run.connection_id, state=ReviewState.OPEN).count()
