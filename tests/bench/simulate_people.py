"""The people of the simulator: how often their lists move, where they edit, and what they show to others. All invented.

Nobody has measured this: the mix is a guess that can be argued with, and is printed with every result.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from random import Random

from tests.bench.simulate_rules import DAY, Rules

PUBLIC, PRIVATE_PROFILE, PRIVATE_ENTRIES = 0, 1, 2
NO_MARK, OFFERED, SETTLED, APART = 0, 1, 2, 3


@dataclass(frozen=True, slots=True)
class Habit:
    """share: of all people. days: between two edits of the list, on average; they come by chance (Poisson)."""

    name: str
    share: float
    days: float


HABITS = (
    Habit("daily", 0.10, 1.0),
    Habit("weekly", 0.25, 5.0),
    Habit("monthly", 0.35, 30.0),
    Habit("sleeping", 0.30, 365.0),
)
EDITED_ELSEWHERE = 0.4
"""Of the edits, so many are made here or at another service and have to be written to AniList."""
PROFILE_HIDDEN, ENTRIES_HIDDEN = 0.05, 0.10
"""Of the people; theirs cannot be told from outside."""
PRESSES_A_DAY = 0.02
""""Sync now", by each person."""


class People:
    """Arrays by person; times in steps, in the past below 0. next_edit: of their next edit at AniList."""

    def __init__(self, count: int, draw: Random, rules: Rules) -> None:
        self.count = count
        self.days = array("d", bytes(8 * count))
        self.shown = bytearray(count)
        self.mark = bytearray(count)
        self.apart_until = array("l", bytes(8 * count))
        self.moved = array("d", bytes(8 * count))
        self.read = array("d", bytes(8 * count))
        self.looked = array("d", bytes(8 * count))
        self.next_edit = array("d", bytes(8 * count))
        self.interval = array("d", bytes(8 * count))
        edges = [(sum(habit.share for habit in HABITS[: at + 1]), habit.days) for at, habit in enumerate(HABITS)]
        for person in range(count):
            self._settle(person, draw, edges, rules)

    def _settle(self, person: int, draw: Random, edges: list[tuple[float, float]], rules: Rules) -> None:
        """As after some weeks in which there was room for everybody."""
        which, how = draw.random(), draw.random()
        self.days[person] = next((days for edge, days in edges if which < edge), edges[-1][1])
        if how < PROFILE_HIDDEN:
            self.shown[person] = PRIVATE_PROFILE
        elif how < PROFILE_HIDDEN + ENTRIES_HIDDEN:
            self.shown[person] = PRIVATE_ENTRIES
        self.mark[person] = APART if self.shown[person] else SETTLED
        self.apart_until[person] = int(draw.random() * rules.apart)
        self.moved[person] = -draw.expovariate(1 / self.days[person]) * DAY
        self.read[person] = -draw.random() * rules.whole_read
        self.next_edit[person] = self.edit_after(0.0, person, draw)

    def edit_after(self, now: float, person: int, draw: Random) -> float:
        return now + draw.expovariate((1 - EDITED_ELSEWHERE) / self.days[person]) * DAY

    def wish_after(self, now: float, person: int, draw: Random) -> float:
        """When they next edit elsewhere."""
        return now + draw.expovariate(EDITED_ELSEWHERE / self.days[person]) * DAY


def described() -> str:
    """One line to stand beside every result."""
    mix = ", ".join(f"{habit.share:.0%} {habit.name} (every {habit.days:g} d)" for habit in HABITS)
    hidden = f"{PROFILE_HIDDEN:.0%} private profiles, {ENTRIES_HIDDEN:.0%} with private entries"
    return f"people: {mix}; {EDITED_ELSEWHERE:.0%} of edits elsewhere; {hidden}; {PRESSES_A_DAY:g} x sync now a day"
