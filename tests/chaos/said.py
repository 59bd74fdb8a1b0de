"""What was said of a person's titles, and so what every side has to show in the end.

Each part of a title has one owner: the only side where it is edited. So two sides never contradict each other, and
the last thing said must stand everywhere. An owner changes only when all sides are known to show what was said last.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from integrations.sandbox.plays import Played, episodes_of
from tests.e2e.four import ALL, LISTS, TRAKT

HERE = "library"
COURSE, SCORE, NOTES = "course", "score", "notes"
"""Parts of a title. The course is status and progress, which the services tie together."""
MAY_OWN: Mapping[str, tuple[str, ...]] = {
    COURSE: (HERE, *ALL),
    SCORE: (HERE, *LISTS),
    NOTES: (HERE, *LISTS),
}


@dataclass(slots=True)
class Title:
    """work: AniList's id. Progress only rises. listed: False once it was taken off the list.

    on_trakt: plays of it were made by its person, so that it is there before we send any.
    replays: plays that the person made beyond the first. said_at: of each part, seconds of `time.monotonic`.
    """

    work: int
    total: int
    status: str = "planned"
    progress: int = 0
    score: int = 0
    notes: str = ""
    listed: bool = True
    owners: dict[str, str] = field(default_factory=dict)
    said_at: dict[str, float] = field(default_factory=dict)
    replays: Counter[Played] = field(default_factory=Counter)

    @property
    def values(self) -> dict[str, Any]:
        return {"status": self.status, "progress": self.progress, "score": self.score, "notes": self.notes}

    @property
    def plays(self) -> Counter[Played]:
        """One of each episode watched, and those that the person made on top."""
        return Counter(islice(episodes_of(self.work), self.progress)) + self.replays


@dataclass(frozen=True, slots=True)
class Sides:
    """What a person's sides show. shown: {side: {work: values}} of the library and the lists; score in tens."""

    shown: Mapping[str, Mapping[int, Mapping[str, Any]]]
    plays: Counter[Played]


def differences(title: Title, sides: Sides) -> list[str]:
    """Where a title is not what was said of it, in words; [] = it is so everywhere."""
    found = []
    for side, entries in sides.shown.items():
        there = entries.get(title.work)
        if not title.listed:
            found += [f"{side} still has {title.work}"] if there is not None else []
        elif there is None:
            found.append(f"{side} lacks {title.work}, which should be {title.values}")
        else:
            found += [
                f"{side} has {name} {there[name]!r} of {title.work}, not {value!r}; said at {title.owners}"
                for name, value in title.values.items()
                if there[name] != value
            ]
    return found + _wrong_plays(title, sides.plays)


def _wrong_plays(title: Title, plays: Counter[Played]) -> list[str]:
    wanted = title.plays
    played = {one: plays[one] for one in episodes_of(title.work) if plays[one]}
    found = [
        f"{TRAKT} has {times} plays of {one}, an episode of {title.work}, not {wanted[one]}"
        for one, times in played.items()
        if times > wanted[one]
    ]
    lacking = sum((wanted - Counter(played)).values())
    return [*found, *([f"{TRAKT} lacks {lacking} plays of {title.work}"] if lacking else [])]
