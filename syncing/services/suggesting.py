"""What an entry or a work might be, by its titles: nothing is decided here but how sure that is.

Sure is only one single work with the same title, year, format and length; everything else waits for a person.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef

from integrations.providers.base import MediaFacts
from library.entry import Kind
from library.models import ExternalId, Media
from library.services.catalogue import CHUNK, FILE
from syncing.core.likeness import LIKELY, SURE, YEARS_APART, Facts, Likeness, confidence
from syncing.core.shortlist import find_alike

SHOWN = 5
"""Candidates that a person chooses from."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One work of ours (media_id) or one id at the service (remote_id), and how like it is."""

    facts: Facts
    likeness: Likeness
    media_id: int | None = None
    remote_id: str = ""

    def to_json(self) -> dict[str, Any]:
        """As `Unmatched.candidates` holds it."""
        what = {"media": self.media_id} if self.media_id is not None else {"remote_id": self.remote_id}
        return {
            **what,
            "title": self.facts.titles[0][:500] if self.facts.titles else "",
            "year": self.facts.year,
            "format": self.facts.format,
            "total": self.facts.total,
            "confidence": self.likeness.confidence,
            "reasons": list(self.likeness.reasons),
        }


def facts_of(media: MediaFacts) -> Facts:
    return Facts(media.titles, media.year, media.format, media.total)


def itself(media: MediaFacts) -> Candidate:
    """An entry as a work of its own, for a person who says that it is none of the others."""
    return Candidate(facts_of(media), Likeness(0, ()), remote_id=media.external_id)


def rank(candidates: Iterable[Candidate], *, most: int = SHOWN) -> list[Candidate]:
    """Best first; the order is the same each time."""
    return sorted(candidates, key=lambda each: (-each.likeness.confidence, each.media_id or 0, each.remote_id))[:most]


def surest(candidates: Sequence[Candidate]) -> Candidate | None:
    """The one that is sure, if it is the only one. `candidates` are ranked."""
    sure = [each for each in candidates if each.likeness.confidence >= SURE]
    return sure[0] if len(sure) == 1 else None


def likely(candidates: Iterable[Candidate]) -> list[Candidate]:
    return [each for each in rank(candidates) if each.likeness.confidence >= LIKELY]


def works(media_ids: Collection[int]) -> dict[int, Facts]:
    """What the catalogue knows of these media."""
    ids, found = sorted(media_ids), {}
    for at in range(0, len(ids), CHUNK):
        rows = Media.objects.filter(pk__in=ids[at : at + CHUNK])
        found.update(_read(rows.values_list("pk", "title", "titles", "year", "format", "total")))
    return found


def compare(facts: Facts, media: Mapping[int, Facts], *, most: int = SHOWN) -> list[Candidate]:
    """These media as candidates for one entry, ranked, however unlike."""
    candidates = (Candidate(work, confidence(facts, work), media_id=media_id) for media_id, work in media.items())
    return rank(candidates, most=most)


def look_alikes(
    provider: str, kind: Kind, entries: Mapping[str, MediaFacts], *, but: Collection[int]
) -> dict[str, list[Candidate]]:
    """{external id: likely works, ranked} among those of the catalogue that have no id at this service.

    One query, whatever the number of entries, and only for entries with a title. but: media that are out of question.
    """
    asked = {key: facts_of(media) for key, media in entries.items() if media.titles}
    if not asked:
        return {}
    here = ExternalId.objects.filter(media=OuterRef("pk"), provider=provider)
    from_files = ExternalId.objects.filter(media=OuterRef("pk"), source=FILE, media__format="")
    rows = Media.objects.filter(~Exists(here), ~Exists(from_files), kind=kind)
    years = _years(asked.values())
    if years is not None:
        rows = rows.filter(year__in=years)
    known = _read(rows.values_list("pk", "title", "titles", "year", "format", "total").iterator(CHUNK))
    known = {media_id: facts for media_id, facts in known.items() if media_id not in but}
    return {
        key: rank(Candidate(known[media_id], likeness, media_id=media_id) for media_id, likeness in alike)
        for key, alike in find_alike(asked, known).items()
    }


def _years(asked: Collection[Facts]) -> list[int] | None:
    """Years that a likely work can be from, unknown among them; None = any."""
    if len(asked) > CHUNK or any(not facts.year for facts in asked):
        return None
    return sorted({0} | {facts.year + apart for facts in asked for apart in range(-YEARS_APART, YEARS_APART + 1)})


def _read(rows: Iterable[tuple[Any, ...]]) -> dict[int, Facts]:
    return {
        media_id: Facts(tuple(titles) or ((title,) if title else ()), year, format_, total)
        for media_id, title, titles, year, format_, total in rows
    }
