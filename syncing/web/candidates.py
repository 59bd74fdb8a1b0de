"""Entries and works without a counterpart, in human words: why, what they may be, and what a person can say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from integrations.providers import registry
from integrations.web.services import service_name
from library.entry import Kind
from library.models import PersonMatch
from library.services.catalogue import media_by_external_ids, titles_of
from library.services.matches import NOWHERE
from library.words import kind_words, quote_title
from syncing.models import Parked, Unmatched
from syncing.services.noting import OURS
from syncing.services.parking import UNAVAILABLE
from syncing.services.suggesting import Candidate

_REASONS = {
    "duplicate": "{service} has the same title twice; only one of the two is synced.",
    "not_there": "{service} does not seem to have this title.",
    "uncertain": "It looks like a title we know, but not surely enough to tie them by ourselves.",
    "ambiguous": "What the id tables and {service} say of it does not fit together, so it waits for your word.",
    "left_alone": "You have left alone what {service} has under this title. To change that, undo your choice below.",
    "taken": "What {service} calls it is tied to another title of yours.",
    "unclear": "{service} says something of this title that we do not understand. It is left as it is, here and there.",
    "fault": "Something on our side does not get along with this title. It is left as it is; we look into it.",
    "unknown": "No match was found for this title yet.",
}
_FORMATS = {
    "tv": "TV",
    "ova": "OVA",
    "ona": "ONA",
    "tv_short": "TV short",
    "pv": "promotional video",
    "cm": "commercial",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """One candidate, ready to show. value: what its button sends. facts: "TV, 2013, 12 episodes"."""

    value: str
    title: str
    url: str
    facts: str
    confidence: int
    why: str


@dataclass(frozen=True, slots=True)
class Waits:
    """One row, ready to show. url: at the service. candidates: of ours for an entry, of the service for a work.
    other: the entry that is synced instead of a duplicate. is_ours: nothing that the person says would help."""

    id: int
    title: str
    kind: str
    service: str
    slug: str
    where: str
    url: str
    reason: str
    facts: str
    candidates: tuple[Shown, ...]
    is_duplicate: bool
    is_ours: bool
    by_shows: bool
    other: Shown | None
    media_id: int | None
    retry_at: Any


def tell_rows(rows: Iterable[Unmatched]) -> list[Waits]:
    return [tell_row(row) for row in rows]


def tell_row(row: Unmatched) -> Waits:
    slug, service = row.connection.provider, service_name(row.connection.provider)
    media_title = row.media.title if row.media is not None else ""
    listed = [each for each in row.candidates if isinstance(each, dict)]
    itself = next((each for each in listed if each.get("remote_id") == row.remote_id), None)
    others = [each for each in listed if each is not itself]
    entries = [each for each in others if "media" not in each]
    choices = others if row.media_id is not None else [each for each in others if "media" in each]
    return Waits(
        id=row.pk,
        title=row.title or media_title or f"{kind_words(row.kind)} {row.remote_id}",
        kind=kind_words(row.kind),
        service=service,
        slug=slug,
        where=f"On {service}" if row.remote_id else "In your library",
        url=work_url(slug, row.kind, row.remote_id),
        reason=_REASONS.get(row.reason, _REASONS["unknown"]).format(service=service),
        facts=describe(itself, row.kind) if itself else "",
        candidates=tuple(show(each, row.kind, slug=slug) for each in choices),
        is_duplicate=row.reason == "duplicate",
        is_ours=row.reason in OURS,
        by_shows=counts_by_shows(slug),
        other=show(entries[0], row.kind, slug=slug) if row.media_id is None and entries else None,
        media_id=row.media_id,
        retry_at=row.retry_at,
    )


def show(candidate: Mapping[str, Any], kind: str, *, slug: str) -> Shown:
    """`candidate` as in `Unmatched.candidates`."""
    remote_id = str(candidate.get("remote_id", ""))
    value = str(candidate["media"]) if "media" in candidate else remote_id
    return Shown(
        value=value,
        title=str(candidate.get("title") or "") or f"{kind_words(kind)} {value}",
        url=work_url(slug, kind, remote_id),
        facts=describe(candidate, kind),
        confidence=int(candidate.get("confidence") or 0),
        why=", ".join(str(reason) for reason in candidate.get("reasons") or ()),
    )


def show_found(found: Iterable[Candidate], kind: str, *, slug: str) -> list[Shown]:
    return [show(candidate.to_json(), kind, slug=slug) for candidate in found]


def describe(candidate: Mapping[str, Any], kind: str) -> str:
    """ "TV, 2013, 12 episodes": only what is known."""
    format_, total = str(candidate.get("format") or "").casefold(), int(candidate.get("total") or 0)
    unit = ("episode" if kind == Kind.ANIME else "chapter") + ("" if total == 1 else "s")
    if format_ == kind:
        format_ = ""
    words = (
        _FORMATS.get(format_, format_.replace("_", " ")),
        str(candidate.get("year") or ""),
        f"{total} {unit}" if total else "",
    )
    return ", ".join(word for word in words if word)


def tell_matches(page: Iterable[PersonMatch]) -> list[dict[str, Any]]:
    """With the title of an entry where any work here is known by its id: a query for each service."""
    page = list(page)
    alone: dict[tuple[str, Kind], list[str]] = {}
    for match in page:
        if match.media is None:
            alone.setdefault((match.provider, Kind(match.kind)), []).append(match.external_id)
    names: dict[tuple[str, str, str], str] = {}
    for (provider, kind), ids in alone.items():
        media = media_by_external_ids(provider, kind, ids)
        titles = titles_of(media.values())
        names.update({(provider, str(kind), id_): titles[media_id] for id_, media_id in media.items()})
    return [tell_match(each, names.get((each.provider, each.kind, each.external_id), "")) for each in page]


def tell_match(match: PersonMatch, title: str = "") -> dict[str, Any]:
    """One choice of the person in a sentence: {"id", "slug", "text", "url", "kind"}. title: of an entry left alone."""
    service = service_name(match.provider)
    if match.external_id.startswith(NOWHERE):
        text = f"{quote_title(str(match.media))} is kept off {service}."
    elif match.media is None:
        number = match.external_id
        name = f"{quote_title(title)} ({number})" if title else f"{kind_words(match.kind)} {number}"
        text = f"{name} on {service} is left alone."
    else:
        text = f"{match.external_id} on {service} is {quote_title(str(match.media))}."
    url = "" if match.external_id.startswith(NOWHERE) else work_url(match.provider, match.kind, match.external_id)
    return {"id": match.pk, "slug": match.provider, "text": text, "url": url, "kind": kind_words(match.kind)}


def work_url(slug: str, kind: str, external_id: str) -> str:
    if not external_id or kind not in tuple(Kind):
        return ""
    try:
        return registry.get(slug).media_url(Kind(kind), external_id)
    except registry.UnknownProvider:
        return ""


def counts_by_shows(slug: str) -> bool:
    try:
        return registry.get(slug).by_shows
    except registry.UnknownProvider:
        return False


def tell_parked(row: Parked) -> dict[str, Any]:
    """What is set aside: {"title", "url", "service", "is_gone", "message", "failures", "at"}."""
    slug = row.connection.provider
    title = str(getattr(row, "title", "") or "") or f"{kind_words(row.kind)} {row.remote_id}"
    return {
        "title": title,
        "url": work_url(slug, row.kind, row.remote_id),
        "service": service_name(slug),
        "is_gone": row.message.startswith(UNAVAILABLE),
        "message": row.message.removeprefix(UNAVAILABLE),
        "failures": row.failures,
        "at": row.last_failed_at,
    }
