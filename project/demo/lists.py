"""The lists of the demo person: real titles, invented opinions, and everything that makes syncing hard.

About 300 entries each, mostly the same titles; on Trakt the plays of a fourth of them. Scores on different scales,
partial dates, repeats, notes, custom lists, hidden and private entries; some titles on one side only, some values that
contradict each other, and a few works that the other services do not have.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from integrations.sandbox.catalogue import Work, load_works
from project.demo.words import Opinion, for_anilist, for_kitsu, for_mal, for_trakt, kitsu_id_of

SEED = 20261121
ON_BOTH = 270
ONLY_ANILIST = 18
ONLY_MAL = 24
ALSO_KITSU, ALSO_TRAKT = 9, 4
"""All but every ninth of those on both are on Kitsu as well, every fourth is on Trakt."""
DIFFERENT = 14
"""Entries on both sides that were edited on one of them since."""
STATUSES = ("COMPLETED",) * 11 + ("CURRENT",) * 3 + ("PLANNING",) * 4 + ("PAUSED", "DROPPED", "REPEATING")
NOTES = (
    "Watch again with Hanako.",
    "Better than I thought & <much> longer.",
    "Stopped before the beach episode",
    "🐉 ★★★",
)


@dataclass(slots=True)
class Lists:
    """Entries in each service's own form, as the sandbox's control API takes them."""

    anilist: list[dict[str, Any]] = field(default_factory=list)
    myanimelist: list[dict[str, Any]] = field(default_factory=list)
    kitsu: list[dict[str, Any]] = field(default_factory=list)
    trakt: list[dict[str, Any]] = field(default_factory=list)

    def of(self, slug: str) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = getattr(self, slug)
        return entries


def make_lists(*, size: int = ON_BOTH) -> Lists:
    """The same lists each time. `size`: entries on both sides; the others scale along."""
    random = Random(SEED)  # noqa: S311 - invented opinions, not secrets
    works = list(load_works())
    random.shuffle(works)
    both = [work for work in works if work.anilist_id and work.mal_id]
    lists = Lists()
    shared, lonely = both[:size], both[size : size + ONLY_ANILIST + ONLY_MAL]
    for number, work in enumerate(shared):
        _add_shared(lists, work, _opinion(work, random), number=number, random=random)
    for number, work in enumerate(lonely):
        opinion = _opinion(work, random)
        if number < ONLY_ANILIST:
            lists.anilist.append(for_anilist(work, opinion, number=number, private=number < 2))
        else:
            lists.myanimelist.append(for_mal(work, opinion))
    # What the other service does not have at all: shown as unmatched.
    for work in works:
        if not work.anilist_id:
            lists.myanimelist.append(for_mal(work, _opinion(work, random)))
        elif not work.mal_id:
            lists.anilist.append(for_anilist(work, _opinion(work, random), number=1, private=False))
    return lists


def _add_shared(lists: Lists, work: Work, opinion: Opinion, *, number: int, random: Random) -> None:
    theirs = opinion
    if number < DIFFERENT:
        theirs = _edited_since(work, opinion, number=number, random=random)
    ours, theirs = (opinion, theirs) if number % 2 else (theirs, opinion)
    lists.anilist.append(for_anilist(work, ours, number=number, private=False))
    lists.myanimelist.append(for_mal(work, theirs))
    if number % ALSO_KITSU and kitsu_id_of(work):
        lists.kitsu.append(for_kitsu(work, opinion))
    watched = for_trakt(work, opinion) if number % ALSO_TRAKT == 0 else None
    if watched:
        lists.trakt.append(watched)


def _opinion(work: Work, random: Random) -> Opinion:
    status = random.choice(STATUSES)
    total = work.total or 40
    progress = {"COMPLETED": total, "PLANNING": 0}.get(status, random.randint(1, max(1, total - 1)))
    finished = status in ("COMPLETED", "REPEATING")
    begun = date(random.randint(2012, 2025), random.randint(1, 12), random.randint(1, 28))
    ended = begun + timedelta(days=random.randint(1, 200))
    edited = datetime(2026, random.randint(1, 9), random.randint(1, 28), random.randint(0, 23), tzinfo=UTC)
    return Opinion(
        status=status,
        score=random.choice((0, 40, 55, 62, 70, 75, 78, 80, 85, 87, 91, 95, 100)) if status != "PLANNING" else 0,
        progress=progress,
        volumes=(work.volumes if finished else min(work.volumes, 2)) if work.kind == "manga" else 0,
        repeats=random.choice((0, 0, 0, 1, 2)) if finished else 0,
        started=(None, None, None) if status == "PLANNING" else _partly(begun, random),
        finished=_partly(ended, random) if finished else (None, None, None),
        notes=random.choice(NOTES) if random.random() < 0.08 else "",
        edited_at=edited,
    )


def _partly(day: date, random: Random) -> tuple[int | None, int | None, int | None]:
    chance = random.random()
    if chance < 0.15:
        return (None, None, None)
    if chance < 0.30:
        return (day.year, None, None)
    return (day.year, day.month, None if chance < 0.40 else day.day)


def _edited_since(work: Work, opinion: Opinion, *, number: int, random: Random) -> Opinion:
    """One field further, some time later: the newest edit is to win."""
    changes: dict[str, Any] = {"edited_at": opinion.edited_at + timedelta(days=random.randint(1, 20))}
    if number % 3 == 0:
        changes["score"] = 30 if opinion.score >= 50 else 90
    elif number % 3 == 1 and opinion.status in ("CURRENT", "PAUSED", "DROPPED"):
        changes["progress"] = min(opinion.progress + 1, work.total or opinion.progress + 1)
    else:
        changes["notes"] = "Edited on one side only."
    return Opinion(**{**{name: getattr(opinion, name) for name in Opinion.__slots__}, **changes})
