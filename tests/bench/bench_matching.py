"""How long it takes to find unknown entries among the catalogue by title. `python -m tests.bench.bench_matching`.

Goal: 1,000 entries against 20,000 works in < 2 s on one core of an ordinary machine. No database: only the comparing.
Processor time, since a machine may be shared.
"""

from __future__ import annotations

import gc
import json
import random
import sys
import time

from integrations.sandbox.catalogue import load_works
from syncing.core.likeness import SURE, Facts
from syncing.core.naming import read_title
from syncing.core.shortlist import find_alike

WORKS, ENTRIES, REPEATS = 20_000, 1_000, 3
GOAL_SECONDS = 2.0
KANA = (0x3041, 0x3090)


def make_works() -> dict[int, Facts]:
    """Titles of real words: two in Latin letters, one in kana, and a synonym."""
    words = sorted({word for work in load_works() for word in f"{work.title} {work.english}".split()})
    draw = random.Random(17)

    def title() -> str:
        return " ".join(draw.choice(words) for _ in range(draw.randint(1, 6)))

    def kana() -> str:
        return "".join(chr(draw.randint(*KANA)) for _ in range(draw.randint(4, 14)))

    return {
        number: Facts((title(), title(), kana(), title()), draw.randint(1990, 2026), "tv", draw.randint(1, 26))
        for number in range(WORKS)
    }


def make_entries(works: dict[int, Facts]) -> dict[str, Facts]:
    """Half of them are works that are there, in capitals; half are in no title alike."""
    known = {str(number): works[number * 7] for number in range(ENTRIES // 2)}
    entries = {
        key: Facts(tuple(title.upper() for title in work.titles), work.year, work.format, work.total)
        for key, work in known.items()
    }
    for number in range(ENTRIES // 2):
        entries[f"new {number}"] = Facts((f"Qzx{number} Wvy{number * 3}", f"Zzq{number}"), 2020, "tv", 12)
    return entries


def main() -> int:
    works = make_works()
    entries = make_entries(works)
    best, found = float("inf"), 0
    for _ in range(REPEATS):
        read_title.cache_clear()
        gc.collect()
        start = time.process_time()
        alike = find_alike(entries, works)
        best = min(best, time.process_time() - start)
        found = sum(1 for works_like in alike.values() if any(each.confidence >= SURE for _, each in works_like))
    print(f"matching {ENTRIES:,} entries against {WORKS:,} works {best:8.2f} s (goal {GOAL_SECONDS:.0f} s)")
    bad = [f"{best:.2f} s is over the goal"] if best > GOAL_SECONDS else []
    if found < ENTRIES * 0.49:
        bad.append(f"only {found} entries were found")
    for line in bad:
        print(f"missed: {line}", file=sys.stderr)
    print(
        json.dumps({"bench": "matching", "entries": ENTRIES, "works": WORKS, "seconds": round(best, 3), "ok": not bad})
    )
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main())
