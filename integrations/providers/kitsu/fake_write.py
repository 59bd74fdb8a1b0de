"""Saving an entry as Kitsu does: reading the values, the validations, and what the server alters by itself.

providers/kitsu.md 8.1 and 8.2, read 2026-11-21. REST and GraphQL save by the same rules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from integrations.providers.kitsu.fake_store import KINDS, STATUSES, Account, Entry, Media, Store

Problem = tuple[str, str]
"""(attribute as the answer names it, message)."""
MOST_REPEATS = 50
LEAST_CAP = 50
GUESSED_EPISODES = 100
GUESSED_CHAPTERS = 5_000
TAKEN = "has already been taken"
TOO_FAR = "cannot exceed length of media"
BLANK = "can't be blank"


class Invalid(Exception):
    """Values that are refused; nothing was stored."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(", ".join(f"{name} - {message}" for name, message in problems))
        self.problems = problems


class BadValue(ValueError):
    """The message is the one of the answer."""


def _number(value: Any) -> int:
    if isinstance(value, str) and value.strip().lstrip("-").isdecimal():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadValue(BLANK if value is None else "is not a number")
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise BadValue(BLANK if value is None else "is not true or false")
    return value


def _status(value: Any) -> str:
    if value not in STATUSES:
        raise BadValue(BLANK if value is None else "is not included in the list")
    return str(value)


def _skipped(value: Any) -> str:
    if value not in ("unskipped", "skipped", "ignored"):
        raise BadValue("is not included in the list")
    return str(value)


def _text(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise BadValue("is invalid")
    return value


def _rating(value: Any) -> int | None:
    return None if value is None else _number(value)


def read_moment(value: Any) -> float | None:
    """Unix seconds of an ISO 8601 time, or of midnight UTC of a day. Raises BadValue."""
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except (ValueError, TypeError) as error:
        raise BadValue("is invalid") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def show_moment(moment: float | None) -> str | None:
    """ISO 8601 in UTC with milliseconds and a Z."""
    if moment is None:
        return None
    text = datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
    return text.removesuffix("+00:00") + "Z"


WRITABLE: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "status": ("status", _status),
    "progress": ("progress", _number),
    "volumesOwned": ("volumes_owned", _number),
    "reconsuming": ("reconsuming", _flag),
    "reconsumeCount": ("reconsume_count", _number),
    "notes": ("notes", _text),
    "private": ("private", _flag),
    "reactionSkipped": ("reaction_skipped", _skipped),
    "ratingTwenty": ("rating", _rating),
    "progressedAt": ("progressed_at", read_moment),
    "startedAt": ("started_at", read_moment),
    "finishedAt": ("finished_at", read_moment),
}
"""What may be written, in REST's names."""
SHOWN_AS = {"ratingTwenty": "rating"}
"""Attributes that validations call by another name."""


def read_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """By the names of `Entry`. The keys are those of WRITABLE. Raises Invalid."""
    found: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, value in values.items():
        attribute, read = WRITABLE[name]
        try:
            found[attribute] = read(value)
        except BadValue as error:
            problems.append((SHOWN_AS.get(name, name), str(error)))
    if problems:
        raise Invalid(problems)
    return found


def new_entry(store: Store, account: Account, media: Media | None, *, values: Mapping[str, Any]) -> Entry:
    """Raises Invalid."""
    if media is None:
        raise Invalid([("media", "must exist")])
    now = store.clock.now()
    blank = Entry(0, account.id, media, created_at=now)
    problems = [(f"{media.kind}Id", TAKEN)] if blank.key in account.entries else []
    return _save(store, blank, values, problems=problems)


def save(store: Store, entry: Entry, values: Mapping[str, Any]) -> Entry:
    """Change what is given, in REST's names. Raises Invalid; then nothing has changed."""
    return _save(store, entry, values, problems=[])


def _save(store: Store, before: Entry, values: Mapping[str, Any], *, problems: list[Problem]) -> Entry:
    changed = replace(before, **read_values(values))
    problems = problems + find_problems(changed, store.clock.today())
    if problems:
        raise Invalid(problems)
    settle(changed, before, now=store.clock.now())
    return store.put_entry(changed)


def settle(entry: Entry, before: Entry, *, now: float) -> None:
    """What the server does before it stores an entry. Step by step, and each step sees what those above it did."""
    total = entry.media.total
    if entry.status == before.status and total and entry.progress == total:
        entry.status = "completed"
    turned = entry.status != before.status
    if turned and entry.status == "completed" and total:
        entry.progress = total
    moved = entry.progress != before.progress
    if turned or moved:
        entry.progressed_at = now
    if turned and entry.status in ("current", "completed") and entry.started_at is None:
        entry.started_at = now
    if turned and entry.status == "completed" and entry.finished_at is None:
        entry.finished_at = now
    if moved and not turned:
        entry.status = "current"
    entry.updated_at = now


def find_problems(entry: Entry, today: date) -> list[Problem]:
    problems: list[Problem] = []
    if not entry.status:
        problems.append(("status", BLANK))
    for name, number in (("progress", entry.progress), ("volumesOwned", entry.volumes_owned)):
        if number < 0:
            problems.append((name, "must be greater than or equal to 0"))
    if entry.media.total and entry.progress > entry.media.total:
        problems.append(("progress", TOO_FAR))
    elif not entry.media.total and entry.progress > highest_guess(entry.media, today):
        problems.append(("progress", "is rather unreasonably high"))
    if not 0 <= entry.reconsume_count <= MOST_REPEATS:
        problems.append(("reconsumeCount", "just... go outside"))
    if entry.rating is not None and entry.rating < 2:
        problems.append(("rating", "must be greater than or equal to 2"))
    if entry.rating is not None and entry.rating > 20:
        problems.append(("rating", "must be less than or equal to 20"))
    return problems


def highest_guess(media: Media, today: date) -> int:
    """The highest progress that is believed while the length is unknown."""
    if media.kind == "manga":
        return GUESSED_CHAPTERS
    if media.status == "current" and media.start:
        weeks = (today - date.fromisoformat(media.start)).days // 7
        return max(weeks + 5, LEAST_CAP)
    return max(GUESSED_EPISODES, LEAST_CAP)


def find_media(store: Store, kind: Any, media_id: Any) -> Media | None:
    """media_id: a string of digits or a number; hidden works can still be added."""
    text = str(media_id)
    return store.media.get((kind, int(text))) if kind in KINDS and text.isdecimal() else None
