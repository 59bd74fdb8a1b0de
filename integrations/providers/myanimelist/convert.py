"""MyAnimeList's values and ours, both ways. Pure. Source: providers/myanimelist.md 4, 5, 6, read 2026-11-21."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from urllib.parse import quote

from integrations.capability import SCALES
from integrations.providers import lenient
from integrations.providers.base import Account, MediaFacts, RemoteEntry, Write
from integrations.providers.myanimelist.client import Node, Person, Row, State
from library.entry import NO_DATE, Entry, InvalidEntry, Kind, PartialDate, Status

SCALE = SCALES["10"]
_SHARED = {
    "completed": Status.COMPLETED,
    "on_hold": Status.PAUSED,
    "dropped": Status.DROPPED,
}
STATUSES: Mapping[Kind, Mapping[str, Status]] = {
    Kind.ANIME: {"watching": Status.CURRENT, "plan_to_watch": Status.PLANNED, **_SHARED},
    Kind.MANGA: {"reading": Status.CURRENT, "plan_to_read": Status.PLANNED, **_SHARED},
}
# A repeat is a flag beside the status, and by convention the status is then "completed" (myanimelist.md 6).
_WORDS = {
    kind: {status: word for word, status in words.items()} | {Status.REPEATING: "completed"}
    for kind, words in STATUSES.items()
}
_KEYS: Mapping[Kind, Mapping[str, str]] = {
    Kind.ANIME: {
        "progress": "num_watched_episodes",  # read as num_episodes_watched
        "repeats": "num_times_rewatched",
        "repeating": "is_rewatching",
    },
    Kind.MANGA: {
        "progress": "num_chapters_read",
        "progress_volumes": "num_volumes_read",
        "repeats": "num_times_reread",
        "repeating": "is_rereading",
    },
}
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")


def read_account(person: Person) -> Account:
    name = lenient.clean_line(person.name)
    return Account(str(person.id), name, f"https://myanimelist.net/profile/{quote(name, safe='')}")


def read_facts(kind: Kind, node: Node) -> MediaFacts:
    other = node.alternative_titles
    more = [other.en, other.ja, *(other.synonyms or [])] if other else []
    return MediaFacts(
        kind=kind,
        external_id=str(node.id),
        titles=lenient.read_titles([node.title, *more]),
        format=lenient.clean_line(node.media_type or "", limit=32),
        year=_read_date(node.start_date).year,
        total=lenient.read_count(node.num_episodes if kind is Kind.ANIME else node.num_chapters),
        volumes=lenient.read_count(node.num_volumes) if kind is Kind.MANGA else 0,
        is_adult=node.nsfw == "black",
    )


def read_row(kind: Kind, row: Row) -> RemoteEntry:
    """Raises InvalidEntry for a status that we do not know or a date that is none."""
    return read_state(read_facts(kind, row.node), row.list_status)


def read_state(media: MediaFacts, state: State) -> RemoteEntry:
    """Raises InvalidEntry as `read_row`. With the repeat flag any status means repeating: some clients leave it at
    "watching". Whether that flag is still meant when a repeat was given up is not for us to guess."""
    status = STATUSES[media.kind].get(state.status or "")
    if status is None:
        raise InvalidEntry("status", "is none that MyAnimeList is known to have")
    entry = Entry(
        status=Status.REPEATING if state.repeating else status,
        progress=lenient.read_count(state.progress),
        progress_volumes=lenient.read_count(state.volumes),
        score=lenient.read_score((state.score or 0) * 10),
        started_on=lenient.read_date_text(state.start_date),
        finished_on=lenient.read_date_text(state.finish_date),
        repeats=lenient.read_count(state.repeats),
        notes=lenient.read_note(unescape(state.comments or "")),
    )
    return RemoteEntry(media, entry, lenient.read_moment_text(state.updated_at))


def unescape(text: str) -> str:
    """Comments come with HTML entities for what was written plainly. Only whole ones, with their semicolon, count:
    MyAnimeList writes no others, and "&copy 2020" is what someone typed."""
    return _ENTITY.sub(lambda match: html.unescape(match.group()), text)


def _read_date(text: str | None) -> PartialDate:
    """A work's date, of which only the year matters: none when it is no date."""
    try:
        return lenient.read_date_text(text)
    except InvalidEntry:
        return NO_DATE


def form_for(write: Write) -> dict[str, str]:
    """The form of the PATCH for this write. Status and repeat flag go together: the server keeps a flag that nobody
    clears. A new entry has nothing to clear, so its empty texts and dates stay out."""
    keys, desired, fields = _KEYS[write.kind], write.desired, write.fields
    form: dict[str, str] = {}
    if "status" in fields or write.create:
        form["status"] = _WORDS[write.kind][desired.status]
        form[keys["repeating"]] = "true" if desired.status is Status.REPEATING else "false"
    if "score" in fields:
        form["score"] = str(SCALE.mark(desired.score) // 10)
    for name in ("progress", "progress_volumes", "repeats"):
        if name in fields and name in keys:
            form[keys[name]] = str(desired.get(name))
    texts = {
        "start_date": _date_text(desired.started_on) if "started_on" in fields else None,
        "finish_date": _date_text(desired.finished_on) if "finished_on" in fields else None,
        "comments": desired.notes.replace("\x00", "") if "notes" in fields else None,
    }
    form.update({key: text for key, text in texts.items() if text is not None and (text or not write.create)})
    return form


def _date_text(date: PartialDate) -> str:
    """YYYY, YYYY-MM or YYYY-MM-DD; "" clears. A day without its month, or anything without its year, cannot be said."""
    if not date.year:
        return ""
    if not date.month:
        return f"{date.year:04d}"
    return f"{date.year:04d}-{date.month:02d}-{date.day:02d}" if date.day else f"{date.year:04d}-{date.month:02d}"
