"""The review tray: what waits for a person's yes, and what their word lets through."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from integrations.models import Connection
from library.entry import to_json
from syncing.core.guard import Guarded, Topic
from syncing.core.model import Action
from syncing.core.plan import Item
from syncing.models import Review, ReviewState, SyncRun
from syncing.services import scheduling

if TYPE_CHECKING:
    from accounts.models import User

ASKED_AT_ONCE = 100
"""Questions of one topic that a run puts into the tray; the rest come when these are answered."""
PER_ENTRY = (Topic.REMOVAL, Topic.PROGRESS_DROP)
WHOLE_RUN = (Topic.EMPTIED, Topic.SENTINELS, Topic.REWRITTEN, Topic.SHRUNK, Topic.FIRST_PLAN)


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
    with transaction.atomic():
        review = (
            Review.objects.select_for_update(of=("self",)).select_related("connection").get(user=user, pk=review_id)
        )
        choices = ("library", "provider") if review.topic == Topic.CONFLICT else ("approve", "discard")
        if choice not in choices:
            raise BadChoice(f"choose one of: {', '.join(choices)}")
        if review.state != ReviewState.OPEN:
            return review
        review.state = ReviewState.DISCARDED if choice == "discard" else ReviewState.APPROVED
        review.choice, review.decided_at = choice, timezone.now()
        review.save(update_fields=["state", "choice", "decided_at"])
        if review.topic == Topic.FIRST_PLAN:
            _decide_first_plan(review)
        scheduling.look_again(review.connection_id)
    return review


def _decide_first_plan(review: Review) -> None:
    """Yes opens the connection. No leaves it unapproved and paused: nothing is asked again until it is resumed."""
    if review.state == ReviewState.APPROVED:
        Connection.objects.filter(pk=review.connection_id).update(approved_at=timezone.now())
    else:
        scheduling.set_paused(review.user, provider=review.connection.provider, paused=True)


def choices_of(connection: Connection) -> dict[int, dict[str, str]]:
    """A person's word on conflicts: {media id: {field: "library" | "provider"}}."""
    choices: dict[int, dict[str, str]] = {}
    rows = Review.objects.filter(connection=connection, topic=Topic.CONFLICT, state=ReviewState.APPROVED)
    for media_id, key, choice in rows.values_list("media_id", "key", "choice"):
        if media_id is not None:
            choices.setdefault(media_id, {})[key.partition(":")[2]] = choice
    return choices


def approvals_of(connection: Connection) -> tuple[frozenset[Topic], dict[Topic, frozenset[int]]]:
    """What was approved and not yet used: topics of whole runs, and media by topic."""
    rows = Review.objects.filter(connection=connection, state=ReviewState.APPROVED).values_list("topic", "media_id")
    topics: set[Topic] = set()
    media: dict[Topic, set[int]] = {}
    for topic, media_id in rows:
        if topic in WHOLE_RUN:
            topics.add(Topic(topic))
        elif topic in PER_ENTRY and media_id is not None:
            media.setdefault(Topic(topic), set()).add(media_id)
    return frozenset(topics), {topic: frozenset(ids) for topic, ids in media.items()}


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
    Review.objects.filter(connection_id=run.connection_id, topic=Topic.FIRST_PLAN, state=ReviewState.OPEN).update(
        state=ReviewState.EXPIRED
    )
    Review.objects.create(
        user_id=run.user_id, connection_id=run.connection_id, run=run, topic=Topic.FIRST_PLAN, summary=dict(counts)
    )


def use_up(connection: Connection, items: Iterable[Item]) -> None:
    """An approval is good for one use: it is spent when what it allowed has been done."""
    done = [item.track.media_id for item in items]
    spent = Review.objects.filter(connection=connection, state=ReviewState.APPROVED)
    spent.filter(topic__in=WHOLE_RUN).update(state=ReviewState.EXPIRED)
    for start in range(0, len(done), 1000):
        spent.filter(media_id__in=done[start : start + 1000]).update(state=ReviewState.EXPIRED)


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
    known = Review.objects.filter(
        connection_id=run.connection_id, state__in=(ReviewState.OPEN, ReviewState.DISCARDED)
    ).exclude(topic=Topic.FIRST_PLAN)
    asked = {(row.topic, row.key): row for row in known}
    current = {(question.topic, question.key) for question in questions}
    if not stopped:
        # Settled otherwise meanwhile; a "no" is forgotten too, so that the same thing later is asked anew.
        gone = [row.pk for key, row in asked.items() if key not in current]
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
    return Review.objects.filter(connection_id=run.connection_id, state=ReviewState.OPEN).count()
