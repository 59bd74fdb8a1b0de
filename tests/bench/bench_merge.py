"""How long a plan takes. `python -m tests.bench.bench_merge` prints the best of five, in milliseconds.

Goals (issue 2): 10,000 entries with nothing or 1 % changed in <= 100 ms on one core of an ordinary machine.
No database, no network: only the decisions.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from dataclasses import dataclass, replace

from integrations.capability import SCALES, Capability, Totals
from library.entry import FIELDS, Entry, Kind, PartialDate, Status
from library.stamps import Stamp
from syncing.core.model import Canonical, Memory, Now, Rules, Track
from syncing.core.plan import Key, Plan, Remote, Table, make_plan

ENTRIES = 10_000
REPEATS = 5
GOAL_MS = 100.0
WITH_GOAL = ("nothing changed", "1 % changed")
STATUSES = tuple(Status)
RULES = {
    Kind.ANIME: Rules(
        source="myanimelist",
        capability=Capability(
            frozenset(FIELDS) - {"private", "progress_volumes"}, SCALES["10"], needs_year=True, clamps=True
        ),
        read_at=2_000.0,
    )
}


@dataclass(frozen=True)
class Case:
    """items: how many entries the plan must name, so that a fast but wrong plan is not praised."""

    name: str
    table: Table
    items: int


def make_entry(number: int) -> Entry:
    return Entry(
        status=STATUSES[number % len(STATUSES)],
        progress=number % 24,
        score=(number % 10) * 10,
        started_on=PartialDate(2010 + number % 15, 1 + number % 12, 1 + number % 28),
        repeats=number % 3,
        notes="watched with friends" if number % 7 == 0 else "",
    )


def make_table(*, changed: int = 0, known: bool = True, on_side: bool = True, in_library: bool = True) -> Table:
    """A side and a library of ENTRIES each, of which the first `changed` were edited on the side."""
    held = {number: make_entry(number) for number in range(ENTRIES)}
    library = {number: Canonical(entry, {"*": Stamp(1_000.0)}) for number, entry in held.items()}
    remotes = []
    for number, entry in held.items():
        now = replace(entry, progress=entry.progress + 1) if number < changed else replace(entry)
        remotes.append(Remote(Kind.ANIME, str(number), number, Now(now, 1_500.0, Totals(24))))
    tracks: dict[Key, Track] = {
        # Decoded from storage in the service, so never the same object as what was just read.
        (Kind.ANIME, str(number)): Track(
            Kind.ANIME, str(number), number, Memory(replace(entry), replace(entry)) if known else None
        )
        for number, entry in held.items()
    }
    return Table(
        remotes=remotes if on_side else [],
        tracks=tracks if known else {},
        library=library if in_library else {},
        kinds=dict.fromkeys(library, Kind.ANIME),
        routes={number: str(number) for number in library},
        complete={Kind.ANIME},
        rules=RULES,
    )


def make_cases() -> tuple[Case, ...]:
    changed = ENTRIES // 100
    return (
        Case("nothing changed", make_table(), 0),
        Case("1 % changed", make_table(changed=changed), changed),
        Case("first contact, all on both", make_table(known=False), ENTRIES),
        Case("all new on the side", make_table(known=False, in_library=False), ENTRIES),
        Case("all new in the library", make_table(known=False, on_side=False), ENTRIES),
    )


def measure(table: Table) -> tuple[float, Plan]:
    """Milliseconds of the fastest of REPEATS runs, and its plan."""
    best, plan = float("inf"), Plan()
    for _ in range(REPEATS):
        gc.collect()
        start = time.perf_counter()
        plan = make_plan(table)
        best = min(best, (time.perf_counter() - start) * 1_000)
    return best, plan


def main() -> int:
    """Prints a line a case and one JSON object last; 1 when a goal is missed or a plan is wrong."""
    figures: dict[str, float] = {}
    bad: list[str] = []
    for case in make_cases():
        elapsed, plan = measure(case.table)
        figures[case.name] = round(elapsed, 1)
        goal = f"(goal {GOAL_MS:.0f} ms)" if case.name in WITH_GOAL else ""
        print(f"merge {ENTRIES:,} entries, {case.name:<28} {elapsed:8.1f} ms {goal}".rstrip())
        if len(plan.items) != case.items:
            bad.append(f"{case.name}: {len(plan.items)} items instead of {case.items}")
        if goal and elapsed > GOAL_MS:
            bad.append(f"{case.name}: {elapsed:.1f} ms is over {GOAL_MS:.0f} ms")
    for line in bad:
        print(f"missed: {line}", file=sys.stderr)
    print(json.dumps({"bench": "merge", "entries": ENTRIES, "milliseconds": figures, "ok": not bad}))
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main())
