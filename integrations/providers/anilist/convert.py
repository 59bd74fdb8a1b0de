"""AniList's values and ours, both ways. Pure. Source: providers/anilist.md 4.4, 5.1, 6, read 2026-11-21."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integrations.providers import lenient
from integrations.providers.anilist.client import (
    Date,
    Facts,
    ListedEntry,
    State,
    Viewer,
)
from integrations.providers.base import Account, MediaFacts, RemoteEntry, Write
from library.entry import Entry, InvalidEntry, Kind, PartialDate, Status

STATUSES: Mapping[str, Status] = {
    "PLANNING": Status.PLANNED,
    "CURRENT": Status.CURRENT,
    "COMPLETED": Status.COMPLETED,
    "PAUSED": Status.PAUSED,
    "DROPPED": Status.DROPPED,
    "REPEATING": Status.REPEATING,
}
_WORDS = {status: word for word, status in STATUSES.items()}
_DATES = {"started_on": "startedAt", "finished_on": "completedAt"}


def read_account(viewer: Viewer) -> Account:
    """Settings: {"score_format": "POINT_10"}, or none when AniList does not say."""
    options = viewer.media_list_options
    settings = {"score_format": options.score_format} if options and options.score_format else {}
    return Account(str(viewer.id), lenient.clean_line(viewer.name), viewer.site_url or "", settings)


def read_facts(kind: Kind, facts: Facts) -> MediaFacts:
    title = facts.title
    named = (title.romaji, title.english, title.native) if title else ()
    total = facts.episodes if kind is Kind.ANIME else facts.chapters
    return MediaFacts(
        kind=kind,
        external_id=str(facts.id),
        titles=lenient.read_titles([*named, *(facts.synonyms or [])]),
        format=(facts.format or "").lower(),
        year=lenient.read_year(facts.start_date.year if facts.start_date else None),
        total=lenient.read_count(total),
        volumes=lenient.read_count(facts.volumes) if kind is Kind.MANGA else 0,
        is_adult=bool(facts.is_adult),
        cross_ids={"myanimelist": str(facts.id_mal)} if facts.id_mal else {},
    )


def read_listed(kind: Kind, listed: ListedEntry) -> RemoteEntry:
    """Raises InvalidEntry for a status that we do not know. A work that AniList merged away has an id and no facts."""
    media = read_facts(kind, listed.media) if listed.media else MediaFacts(kind, str(listed.media_id))
    return read_state(media, listed)


def read_state(media: MediaFacts, state: State) -> RemoteEntry:
    """Raises InvalidEntry for a status that we do not know: a guess would be written to the other services."""
    status = STATUSES.get(state.status or "")
    if status is None:
        raise InvalidEntry("status", "is none that AniList is known to have")
    entry = Entry(
        status=status,
        progress=lenient.read_count(state.progress),
        progress_volumes=lenient.read_count(state.progress_volumes) if media.kind is Kind.MANGA else 0,
        score=lenient.read_score(state.score),
        started_on=_read_date(state.started_at),
        finished_on=_read_date(state.completed_at),
        repeats=lenient.read_count(state.repeat),
        notes=lenient.read_note(state.notes),
        private=bool(state.private),
    )
    return RemoteEntry(media, entry, lenient.read_moment(state.updated_at), str(state.id))


def _read_date(date: Date | None) -> PartialDate:
    return lenient.read_date(date.year, date.month, date.day) if date else PartialDate()


def arguments_for(write: Write) -> dict[str, Any]:
    """The arguments of SaveMediaListEntry for this write. Custom lists and hiding are the person's own: never sent.

    By mediaId, since an entry id goes stale when the person deletes and adds again. AniList fills in today when an
    entry is created, or becomes completed, without its dates: then both are sent, also when they are unknown.
    """
    fields, desired = set(write.fields), write.desired
    if write.create:
        fields.add("status")
    if write.create or ("status" in fields and desired.status is Status.COMPLETED):
        fields.update(_DATES)
    if write.kind is Kind.ANIME:
        fields.discard("progress_volumes")
    values = {
        "status": ("status", _WORDS[desired.status]),
        "progress": ("progress", desired.progress),
        "progress_volumes": ("progressVolumes", desired.progress_volumes),
        "score": ("scoreRaw", desired.score),
        "repeats": ("repeat", desired.repeats),
        "notes": ("notes", desired.notes.replace("\x00", "")),
        "private": ("private", desired.private),
        **{name: (word, _date_input(desired.get(name))) for name, word in _DATES.items()},
    }
    return {
        "mediaId": int(write.external_id),
        **dict(values[name] for name in values if name in fields),
    }


def _date_input(date: PartialDate) -> dict[str, int | None]:
    """Three nulls clear a date."""
    return dict(
        zip(
            ("year", "month", "day"),
            (part or None for part in date.parts()),
            strict=True,
        )
    )
