"""Kitsu's values and ours, both ways. Pure. Source: providers/kitsu.md 6.5, 7, 8, 9, 10, read 2026-11-21."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from integrations.capability import SCALES
from integrations.providers import lenient
from integrations.providers.base import Account, MediaFacts, RemoteEntry, Write
from integrations.providers.kitsu import shapes
from integrations.providers.kitsu.shapes import Number
from library.entry import NO_DATE, Entry, InvalidEntry, Kind, PartialDate, Status

SCALE = SCALES["20"]
MOST_REPEATS = 50
STATUSES: Mapping[str, Status] = {
    "current": Status.CURRENT,
    "planned": Status.PLANNED,
    "completed": Status.COMPLETED,
    "on_hold": Status.PAUSED,
    "dropped": Status.DROPPED,
}
# A repeat is a flag beside the status "current" (kitsu.md 9).
_WORDS = {status: word.upper() for word, status in STATUSES.items()} | {Status.REPEATING: "CURRENT"}
_DATES = {"started_on": "startedAt", "finished_on": "finishedAt"}
SITES: Mapping[str, str] = {"anilist": "anilist", "myanimelist": "myanimelist"}
"""Our slug → Kitsu's word for the service, which stands before the kind in `externalSite`."""
_SLUGS = {f"{site}/{kind}": (slug, kind) for slug, site in SITES.items() for kind in Kind}
_SAME_SAVE = timedelta(seconds=5)
"""A date that Kitsu fills in is the moment of the save, and so is updatedAt."""


def read_account(user: shapes.User) -> Account:
    """Settings: {"rating_system": "advanced", "sfw_filter": true}; a setting that Kitsu does not tell is left out."""
    told = {"rating_system": user.attributes.rating_system, "sfw_filter": user.attributes.sfw_filter}
    settings = {name: value for name, value in told.items() if isinstance(value, (str, bool))}
    return Account(user.id, lenient.clean_line(user.attributes.name), f"https://kitsu.app/users/{user.id}", settings)


def read_facts(media: shapes.Media, mappings: Iterable[shapes.Mapping] = ()) -> MediaFacts:
    kind = Kind.ANIME if isinstance(media, shapes.Anime) else Kind.MANGA
    facts = media.attributes
    return MediaFacts(
        kind=kind,
        external_id=media.id,
        titles=lenient.read_titles([facts.canonical_title, *(facts.titles or {}).values()]),
        format=lenient.clean_line(facts.subtype or "", limit=32).lower(),
        year=_read_year(facts.start_date),
        total=lenient.read_count(facts.total),
        volumes=lenient.read_count(facts.volumes),
        is_adult=bool(facts.nsfw),
        cross_ids=read_cross_ids(kind, mappings),
    )


def read_cross_ids(kind: Kind, mappings: Iterable[shapes.Mapping]) -> dict[str, str]:
    """{slug: id} for the services that we know. A work that has two ids of one service has none."""
    found: dict[str, set[str]] = {}
    for mapping in mappings:
        slug, of_kind = _SLUGS.get(mapping.attributes.external_site, ("", kind))
        if slug and of_kind is kind and lenient.number_ids([mapping.attributes.external_id]):
            found.setdefault(slug, set()).add(mapping.attributes.external_id)
    return {slug: ids.pop() for slug, ids in sorted(found.items()) if len(ids) == 1}


def _read_year(text: str | None) -> int:
    """Of a work's date: 0 when it is no date."""
    try:
        return lenient.read_date_text((text or "")[:10]).year
    except InvalidEntry:
        return 0


def read_state(media: MediaFacts, state: shapes.State, *, rating: Number | None, entry_id: str) -> RemoteEntry:
    """Raises InvalidEntry for a status that we do not know or a date that is none."""
    status = STATUSES.get((state.status or "").lower())
    if status is None:
        raise InvalidEntry("status", "is none that Kitsu is known to have")
    entry = Entry(
        status=Status.REPEATING if status is Status.CURRENT and state.reconsuming else status,
        progress=lenient.read_count(state.progress),
        progress_volumes=lenient.read_count(state.volumes_owned) if media.kind is Kind.MANGA else 0,
        score=lenient.read_score((rating or 0) * 5),
        started_on=_read_day(state.started_at),
        finished_on=_read_day(state.finished_at),
        repeats=lenient.read_count(state.reconsume_count),
        notes=lenient.read_note(state.notes),
        private=bool(state.private),
    )
    return RemoteEntry(media, entry, lenient.read_moment_text(state.updated_at), entry_id)


def _read_day(text: str | None) -> PartialDate:
    """The day of a time: people mean days, and our own are written as midnight."""
    return lenient.read_date_text(text[:10] if text else None)


def input_for(write: Write, *, total: int = 0) -> dict[str, Any]:
    """The input of `create` or `update` for this write, without ids. total: of episodes or chapters, 0 = unknown.

    Status and progress go together, since each alone moves the other (kitsu.md 8.2); so does the flag of a repeat.
    Dates go only when they changed: Kitsu keeps the time of day, which we do not know.
    """
    fields, desired = set(write.fields), write.desired
    if write.create:
        fields |= {"status", *_DATES}
    if fields & {"status", "progress"}:
        fields |= {"status", "progress"}
    repeating = desired.status is Status.REPEATING
    values: dict[str, dict[str, Any]] = {
        "status": {"status": _WORDS[desired.status], "reconsuming": repeating},
        "progress": {"progress": min(desired.progress, total) if total else desired.progress},
        "progress_volumes": {"volumesOwned": desired.progress_volumes},
        "score": {"rating": SCALE.mark(desired.score) // 5 or None},
        "repeats": {"reconsumeCount": min(desired.repeats, MOST_REPEATS)},
        "notes": {"notes": desired.notes.replace("\x00", "") or None},
        "private": {"private": desired.private},
        **{name: {word: write_day(desired.get(name))} for name, word in _DATES.items()},
    }
    if write.kind is Kind.ANIME:
        fields.discard("progress_volumes")
    return {key: value for name, part in values.items() if name in fields for key, value in part.items()}


def write_day(day: PartialDate) -> str | None:
    """Midnight UTC. A day that is not whole, or in no calendar, cannot be stored."""
    try:
        return f"{date(*day.parts()).isoformat()}T00:00:00.000Z"
    except ValueError:
        return None


def correction_for(write: Write, echo: RemoteEntry, state: shapes.State) -> dict[str, Any]:
    """The input of a second `update` that undoes what Kitsu made of the first; empty when nothing is to be undone.

    - An entry whose progress moves becomes current (rule 5). Where Kitsu made it completed, its progress is the known
      total, and any later save would complete it again (rule 1): that stays.
    - A date that was empty is filled in with now (rule 4).
    """
    fixes: dict[str, Any] = {}
    wanted = write.desired
    coupled = write.create or write.fields & {"status", "progress"}
    if coupled and echo.entry.status != wanted.status and echo.entry.status in (Status.CURRENT, Status.REPEATING):
        fixes["status"] = _WORDS[wanted.status]
    for name, word in _DATES.items():
        moment = lenient.read_moment_text(state.started_at if name == "started_on" else state.finished_at)
        if moment is None or write_day(wanted.get(name)) is not None:
            continue
        filled_in = echo.updated_at is not None and abs(echo.updated_at - moment) <= _SAME_SAVE
        if filled_in or write.create or name in write.fields:
            fixes[word] = None
    return fixes


def no_facts(write: Write) -> MediaFacts:
    """What an echo says of its work: the id only; the facts were known before the write."""
    return MediaFacts(write.kind, write.external_id)


__all__ = [
    "NO_DATE",
    "SCALE",
    "SITES",
    "correction_for",
    "input_for",
    "no_facts",
    "read_account",
    "read_cross_ids",
    "read_facts",
    "read_state",
    "write_day",
]
