"""The house at work for some minutes: `python -m tests.bench.scale_live [SECONDS]`. The last line is JSON.

Goals: no 429, AniList's checks by batches (< 0.1 requests each), no queue longer than two minutes of work, edits on
both services. A missed goal is printed and fails nothing.
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.bench import scale_house, scale_watch
from tests.bench.scale_house import ANILIST, MAL, PEOPLE, SIDES, WARM_UP, WORDS
from tests.bench.scale_stage import machine, scale_stage

BUDGET = 24
"""AniList's requests a minute, as its provider begins."""


def measure(seconds: float) -> dict[str, Any]:
    with ExitStack() as stack:
        box, playing = stack.enter_context(scale_house.sandbox())
        environment = stack.enter_context(scale_stage({**WORDS, "ENISHI_SANDBOX_URL": box.url}))
        from django.utils import timezone

        started = time.monotonic()
        scale_house.settle_people(box)
        print(f"{PEOPLE} people with a list of {scale_house.LIST} at two services: {time.monotonic() - started:.0f} s")
        scale_house.begin(box)
        groups = stack.enter_context(scale_house.processes(environment, Path(environment["ENISHI_VAR"])))
        groups |= {"sandbox": [playing.pid], **_servers(Path(environment["ENISHI_VAR"]))}
        time.sleep(WARM_UP)
        moment, checks = timezone.now(), scale_watch.checks_so_far()
        spent, began = scale_watch.processor_seconds(groups), time.monotonic()
        for provider in SIDES:
            box.control("DELETE", f"{provider}/requests")
        seen = scale_watch.watch(box, seconds=seconds)
        took = time.monotonic() - began
        share = {name: (used - spent[name]) / took for name, used in scale_watch.processor_seconds(groups).items()}
        done = {name: count - checks.get(name, 0) for name, count in scale_watch.checks_so_far().items()}
        asked = {provider: scale_watch.requests_of(box, provider) for provider in SIDES}
        figures = {
            "seconds": round(took),
            "machine": machine(),
            "checks": done,
            "requests": {provider: dict(counts) for provider, counts in asked.items()},
            "requests_a_check": {name: round(asked[name].total() / max(done.get(name, 0), 1), 3) for name in SIDES},
            "endings": dict(scale_watch.endings_since(moment)),
            "most_messages": {name: count for name, count in seen.queues.items() if count},
            "most_leases": dict(seen.out),
            "longest_late_seconds": {name: round(late) for name, late in scale_watch.lateness().items()},
            "edits": scale_watch.delays(seen.edits),
            "processor_share": {name: round(used, 2) for name, used in share.items()},
        }
    return figures


def _servers(folder: Path) -> dict[str, list[int]]:
    postgres = int((folder / "postgres" / "data" / "postmaster.pid").read_text().split()[0])
    return {"postgres": [postgres], "valkey": [int((folder / "valkey" / "valkey.pid").read_text())]}


def report(figures: dict[str, Any]) -> list[str]:
    """Prints; gives what was missed."""
    minutes = figures["seconds"] / 60
    for provider in SIDES:
        asked = sum(figures["requests"][provider].values())
        print(
            f"house, {provider:<12} {figures['checks'].get(provider, 0) / minutes:7.0f} checks a minute, "
            f"{asked / minutes:6.1f} requests a minute, {figures['requests_a_check'][provider]:.3f} a check; "
            f"edits: {figures['edits'][provider]}"
        )
    for name in ("endings", "most_messages", "most_leases", "longest_late_seconds", "processor_share"):
        print(f"house, {name.replace('_', ' '):<22} {figures[name]}")
    limited = figures["requests"][ANILIST].get("429", 0)
    goals = {
        f"{limited} answers of AniList were 429": limited == 0,
        "AniList's checks cost 0.1 requests or more": figures["requests_a_check"][ANILIST] < 0.1,
        "a queue held more than two minutes of AniList's work": figures["most_messages"].get(ANILIST, 0) <= 2 * BUDGET,
        "MyAnimeList was not looked at once a minute": figures["checks"].get(MAL, 0) >= 0.8 * PEOPLE * minutes,
    }
    return [told for told, is_met in goals.items() if not is_met]


def main() -> int:
    figures = measure(float(sys.argv[1]) if len(sys.argv) > 1 else scale_house.SECONDS)
    missed = report(figures)
    for line in missed:
        print(f"missed: {line}", file=sys.stderr)
    print(json.dumps({"bench": "house", "figures": figures, "ok": not missed}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
