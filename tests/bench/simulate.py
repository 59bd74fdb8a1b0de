"""AniList's budget and a million people, on a clock of paper: `python -m tests.bench.simulate`.

The pace, the shares, the room of the line, the size and the rules of batches are the house's own (simulate_rules); the
people are invented (simulate_people). Each scenario has a day to settle, and is measured after it. The same seed gives
the same lines on every machine.

Left out: hours of the day (edits come evenly), newcomers' first syncs and long pushes, 429s, outages and other users of
an address, runs that fail, entries without a counterpart, intervals by kind, and the seconds that an answer takes.
Batches that ask by way of several addresses find each its own; the other services have budgets of their own.
"""

from __future__ import annotations

import argparse
import json
import sys
from time import perf_counter
from typing import Any

from tests.bench.simulate_house import House
from tests.bench.simulate_people import described
from tests.bench.simulate_rules import DAY, MINUTE, Rules, real_rules

PEOPLE = (1_000, 10_000, 100_000, 1_000_000)
ADDRESSES = (1, 4, 8, 24)
DAYS = 3.0
SETTLING = 1.0
COLUMNS = (
    ("people", 9),
    ("addr", 4),
    ("batched", 7),
    ("requests/min of", 16),
    ("a check", 7),
    ("public", 6),
    ("batch", 6),
    ("behind p50", 10),
    ("p90", 6),
    ("p99", 6),
    ("max", 6),
    ("stretch", 7),
    ("seen p50", 8),
    ("p99", 6),
    ("written p50", 11),
    ("p99", 6),
    ("unseen for", 10),
)
"""a check: requests for each; public: of those whose list can be told from outside; batch: of a batched one alone.
behind: looks, after their wanted time; stretch: real / wanted interval. seen, written: edits at AniList until found,
edits elsewhere until AniList has them. unseen: since the longest forgotten was looked at."""


def simulate(
    count: int, rules: Rules, *, addresses: int, batched: bool, days: float = DAYS, seed: int = 1
) -> dict[str, Any]:
    """One scenario; its figures, times in seconds."""
    house = House(count, rules, addresses=addresses, batched=batched, days=days, seed=seed)
    settling = int(min(SETTLING, days / 2) * DAY)
    for step in range(int(days * DAY)):
        if step == settling:
            house.forget()
        house.step()
    return figures(house)


def figures(house: House) -> dict[str, Any]:
    tally = house.tally
    asked = tally.requests.total()
    checks = tally.own_runs.total() + tally.batched
    public = tally.own_runs[False] + tally.requests["batch"] + tally.requests["again"]
    return {
        "people": house.people.count,
        "addresses": house.addresses,
        "batched": house.batched,
        "requests_a_minute": asked * MINUTE / tally.steps,
        "budget": house.rules.requests * house.addresses,
        "busiest_minute": tally.busiest_minute,
        "requests": dict(sorted(tally.requests.items())),
        "checks_a_person_and_day": checks / house.people.count / tally.steps * DAY,
        "requests_a_check": asked / max(checks, 1),
        "requests_a_check_of_public": public / max(tally.own_runs[False] + tally.batched, 1),
        "requests_a_batched_check": (tally.requests["batch"] + tally.requests["again"]) / max(tally.batched, 1),
        "behind": {name: tally.behind.at(share) for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99))}
        | {"max": tally.behind.maximum},
        "stretch": tally.stretch / max(tally.looks, 1),
        "edit_seen": {"p50": tally.seen.at(0.5), "p90": tally.seen.at(0.9), "p99": tally.seen.at(0.99)},
        "edit_written": {"p50": tally.written.at(0.5), "p90": tally.written.at(0.9), "p99": tally.written.at(0.99)},
        "person_waited": {"p50": tally.waited.at(0.5), "p99": tally.waited.at(0.99)},
        "longest_unseen": max(house.now - looked for looked in house.people.looked) * 10.0,
    }


def span(seconds: float) -> str:
    """8s, 12m, 3.4h, 2.1d"""
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f}{unit}" if unit != "m" else f"{seconds / size:.0f}m"
    return f"{seconds:.0f}s"


def line(found: dict[str, Any]) -> str:
    behind, seen, written = found["behind"], found["edit_seen"], found["edit_written"]
    cells = (
        f"{found['people']:,}",
        found["addresses"],
        "yes" if found["batched"] else "no",
        f"{found['requests_a_minute']:.1f} of {found['budget']:.0f}",
        f"{found['requests_a_check']:.3f}",
        f"{found['requests_a_check_of_public']:.3f}",
        f"{found['requests_a_batched_check']:.3f}" if found["batched"] else "-",
        *(span(behind[name]) for name in ("p50", "p90", "p99", "max")),
        f"{found['stretch']:.2f}x",
        *(span(times[name]) for times in (seen, written) for name in ("p50", "p99")),
        span(found["longest_unseen"]),
    )
    return "  ".join(f"{cell:>{width}}" for cell, (_, width) in zip(cells, COLUMNS, strict=True))


def main() -> int:
    """Prints a line a scenario and one JSON object last."""
    reader = argparse.ArgumentParser(description="AniList's budget and many people, on a clock of paper.")
    reader.add_argument("--people", type=int, nargs="+", default=PEOPLE)
    reader.add_argument("--addresses", type=int, nargs="+", default=ADDRESSES)
    reader.add_argument("--days", type=float, default=DAYS)
    reader.add_argument("--seed", type=int, default=1)
    chosen = reader.parse_args()
    rules = real_rules()
    print(described())
    print(f"{chosen.days:g} days, the first of them to settle; {rules.requests:g} requests a minute and address")
    print("  ".join(f"{name:>{width}}" for name, width in COLUMNS), flush=True)
    found = []
    for count in chosen.people:
        for addresses in chosen.addresses:
            for batched in (False, True):
                started = perf_counter()
                found.append(
                    simulate(count, rules, addresses=addresses, batched=batched, days=chosen.days, seed=chosen.seed)
                )
                print(line(found[-1]), flush=True)
                print(f"{perf_counter() - started:.0f} s", file=sys.stderr)
    print(json.dumps({"bench": "simulate", "scenarios": found}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
