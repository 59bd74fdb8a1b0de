"""Runs, connections and questions in human words."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from integrations.models import ConnectionState
from integrations.services.outages import Outage
from integrations.web.services import service_name
from library.words import field_words, quote_title
from syncing.models import Review, RunState, SyncRun
from syncing.queries import Standing
from syncing.services.importing import FILE
from syncing.web.words import Narrator, describe_values

_TRIGGERS = {
    "schedule": "by schedule",
    "person": "by you",
    "edit": "after an edit",
    "command": "by an operator's command",
}
_PURPOSES = {
    "sync": "Sync with {service}",
    "preview": "Preview of {service}",
    "undo": "Undo on {service}",
    "import": "Import of a file",
}


def run_title(run: SyncRun) -> str:
    if run.provider == FILE and run.purpose == "undo":
        return "Undo of an import"
    return _PURPOSES.get(run.purpose, _PURPOSES["sync"]).format(service=service_name(run.provider))


def run_trigger(run: SyncRun) -> str:
    return _TRIGGERS.get(run.trigger, run.trigger)


def count_words(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


@dataclass(frozen=True, slots=True)
class Badge:
    """How something stands, in a few words. tone: "busy", "good", "quiet", "ask" or "bad"."""

    text: str
    tone: str


def judge_run(run: SyncRun) -> Badge:
    if run.state == RunState.DONE and not (run.library_changes or run.writes or run.failed):
        often = f", {run.checks} times in a row" if run.checks > 1 else ""
        return Badge(f"Everything agreed{often}", "quiet")
    if run.state == RunState.DONE:
        return Badge("Done", "good") if not run.failed else Badge("Done, but not everything", "bad")
    if run.state == RunState.ABANDONED and run.purpose in ("preview", "import"):
        return Badge("No longer current", "quiet")
    text, tone = _RUN_STATES[RunState(run.state)]
    return Badge(text, tone)


_RUN_STATES = {
    RunState.QUEUED: ("Waiting for its turn", "busy"),
    RunState.RUNNING: ("Running", "busy"),
    RunState.PARTIAL: ("More to do, goes on shortly", "busy"),
    RunState.PREVIEW: ("Preview, nothing was changed", "ask"),
    RunState.HELD: ("Stopped, and asks you first", "ask"),
    RunState.HALTED: ("Could not go on", "bad"),
    RunState.FAILED: ("Failed on our side", "bad"),
    RunState.ABANDONED: ("Interrupted; the next run goes on", "quiet"),
}


def run_figures(run: SyncRun) -> list[str]:
    """ "42 entries read", "3 changes in the library", …: only what happened."""
    name = service_name(run.provider)
    figures = [
        (run.entries_read, count_words(run.entries_read, "entry read", "entries read")),
        (run.library_changes, count_words(run.library_changes, "change", "changes") + " in your library"),
        (run.writes, count_words(run.writes, "change", "changes") + f" on {name}"),
        (run.skipped, f"{run.skipped} skipped"),
        (run.failed, f"{run.failed} {'left out' if run.provider == FILE else 'failed'}"),
        (run.requests, count_words(run.requests, "request", "requests")),
    ]
    return [text for count, text in figures if count]


_OUTAGES = {
    "away": "{service} is not answering at the moment, not only for you. Nothing is lost: this waits, and goes on by "
    "itself when it is back. It is tried again {when}.",
    "busy": "{service} wants no more requests for now. Nothing is lost: this waits, and goes on {when}.",
    "off": "{service} is switched off here for now. Nothing is lost: this goes on when it is back.",
    "unknown": "Something of ours is away for a moment, so no service is asked. Nothing is lost: it goes on by itself.",
}


def outage_words(outage: Outage, service: str) -> str:
    """Why nothing happens with a service just now, and when it is tried again."""
    wait = math.ceil(outage.seconds / 60)
    when = f"in about {wait} minutes" if wait > 1 else "within a minute"
    return _OUTAGES[outage.why].format(service=service, when=when)


def judge_standing(standing: Standing) -> Badge:
    """How a connection does, in one line."""
    state = standing.connection.state
    if state == ConnectionState.NEEDS_LOGIN:
        return Badge("Needs you to sign in again", "bad")
    if state == ConnectionState.PAUSED:
        return Badge("Paused", "quiet")
    if standing.outage is not None:
        return Badge(f"Waits for {service_name(standing.connection.provider)}", "quiet")
    if standing.is_busy:
        return Badge("Working now", "busy")
    if standing.preview is not None:
        return Badge("Preview ready, waits for your yes", "ask")
    if standing.reviews:
        return Badge("Waits for your answer", "ask")
    if standing.last is None or standing.connection.last_synced_at is None:
        return _judge_new(standing)
    if standing.last.state in (RunState.HALTED, RunState.FAILED):
        return Badge("Last sync did not finish", "bad")
    return Badge("In step", "good")


def _judge_new(standing: Standing) -> Badge:
    if standing.last is not None and standing.last.state in (RunState.HALTED, RunState.FAILED):
        return Badge("The list could not be read yet", "bad")
    return Badge("Waiting for its first look", "busy")


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    label: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """One review, ready to show. run_id: the run to look at before answering."""

    id: int
    topic: str
    service: str
    title: str
    text: str
    lines: tuple[tuple[str, str], ...]
    choices: tuple[Choice, ...]
    asked_at: Any
    run_id: Any


_TITLES = {
    "first_plan": "The first sync with {service} is ready to look at",
    "emptied": "Your list on {service} looks empty",
    "shrunk": "Many entries are missing on {service}",
    "rewritten": "More than half of your list on {service} has changed",
    "sentinels": "Your oldest entries are gone from {service}",
    "progress_drop": "{title}: progress would fall a lot",
    "removal": "{title}: remove it?",
    "conflict": "{title}: two different answers",
    "flip_flop": "{title}: keeps changing back and forth",
}
_TEXTS = {
    "first_plan": "Nothing has been changed yet. Look at what would change, then say yes or no.",
    "emptied": "It held {remembered} entries before and shows none now, which can be a fault of the service. "
    "Nothing was removed anywhere. Is the list really meant to be empty? {then}",
    "shrunk": "{missing} of {remembered} entries are gone, more than usually happens by hand. Nothing was removed "
    "anywhere. Did you remove them? {then}",
    "rewritten": "{rewritten} of {remembered} entries differ from the last look. That can be a fault, or another score "
    "system. Nothing was taken over. Is it what you want?",
    "sentinels": "This may be another account's list, or a broken read. Nothing was changed. "
    "Is this really your list? {then}",
    "progress_drop": "It is lower {lower} now. Did you mean that?",
    "removal": "It was removed {removed_from}. It stays {stays} until you say yes.",
    "conflict": "It was changed in your library and on {service}. Which one is right?",
    "flip_flop": "It was written to {service} three times within an hour and did not stay as it was written. Perhaps "
    "another program syncs the same list. It is left alone for now.",
}
_YES_NO = {
    "first_plan": ("Approve and sync", "Discard"),
    "emptied": ("Yes, I emptied it", "No, keep my library as it is"),
    "shrunk": ("Yes, I removed them", "No, keep them"),
    "rewritten": ("Yes, take the changes over", "No, leave everything as it is"),
    "sentinels": ("Yes, this is my list", "No, leave everything as it is"),
    "removal": ("Yes, remove it", "No, keep it"),
    "progress_drop": ("Yes, lower it", "No, keep the higher"),
    "flip_flop": ("Try again", "Leave it alone"),
}
_REMOVALS_THEN = {
    "ask": "After a yes you are still asked about each title.",
    "yes": "After a yes they are taken off your library too, a few at a time; each can be undone.",
    "no": "Your settings never remove anything, so they stay in your library in any case.",
}
_REMOVING = frozenset({"removal", "emptied", "shrunk", "sentinels"})
"""A yes leads to removals: its button does not invite."""


def ask(review: Review) -> Question:
    """Ready to show. What `summary` holds is in `syncing.services.reviewing`."""
    service = service_name(review.connection.provider)
    title = review.media.title if review.media is not None else str(review.summary.get("title", ""))
    return Question(
        id=review.pk,
        topic=review.topic,
        service=service,
        title=_TITLES.get(review.topic, "{service} asks for your word").format(
            service=service, title=quote_title(title) if title else "An entry"
        ),
        text=_TEXTS.get(review.topic, "").format_map(_Figures({**review.summary, **_sides(review, service)})),
        lines=tuple(_lines(review, service)),
        choices=_choices(review.topic, service),
        asked_at=review.created_at,
        run_id=review.run_id,
    )


def _sides(review: Review, service: str) -> dict[str, str]:
    """Where it happened and where it would be carried to; `side` is where the change is to be made."""
    there, here = f"on {service}", "in your library"
    into_library = review.summary.get("side") == "library"
    return {
        "service": service,
        "removed_from": f"from {service}" if into_library else "from your library",
        "stays": here if into_library else there,
        "lower": there if into_library else here,
        "then": _REMOVALS_THEN.get(review.connection.removals, ""),
    }


class _Figures(dict[str, Any]):
    """A figure that an older run did not note down is "some"."""

    def __missing__(self, key: str) -> str:
        return "some"


def _choices(topic: str, service: str) -> tuple[Choice, ...]:
    if topic == "conflict":
        return (Choice("library", "Keep my library's"), Choice("provider", f"Take {service}'s"))
    yes, no = _YES_NO.get(topic, ("Yes, that is right", "No, leave everything as it is"))
    return (Choice("approve", yes, "danger" if topic in _REMOVING else "primary"), Choice("discard", no))


def _lines(review: Review, service: str) -> Iterator[tuple[str, str]]:
    """(what, value) pairs: both answers of a conflict, or what would change and where."""
    summary = review.summary
    kind = str(summary.get("kind", "")) or (review.media.kind if review.media is not None else "")
    narrator = Narrator(review.connection, slug=review.connection.provider)
    if review.topic == "conflict":
        field = str(summary.get("field", ""))
        yield "What", field_words(kind, field)
        yield "Your library", narrator.value(field, summary.get("library"), kind=kind)
        yield service, narrator.value(field, summary.get("provider"), kind=kind)
        return
    before, after = summary.get("before") or {}, summary.get("after") or {}
    if not before and not after:
        return
    yield "Where", "In your library" if summary.get("side") == "library" else f"On {service}"
    yield "Now", describe_values(narrator, kind, before)
    yield "Then", describe_values(narrator, kind, after) if after else "removed"
