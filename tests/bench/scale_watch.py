"""Looking at a house at work: queues, leases, processor time, requests as the services counted them, edits."""

from __future__ import annotations

import os
import subprocess
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench.scale_house import PEOPLE, SIDES, Sandbox

EDIT_EVERY = 12.0
LOOK_EVERY = 0.25
GIVE_UP = 60.0


@dataclass(slots=True)
class Edit:
    """begun: by our clock; done: {service: seconds until it was written there}."""

    account: str
    begun: float
    before: Mapping[str, int]
    done: dict[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class Seen:
    """The most of what was seen: messages in a queue, leases that are out; and the edits."""

    queues: Counter[str] = field(default_factory=Counter)
    out: Counter[str] = field(default_factory=Counter)
    edits: list[Edit] = field(default_factory=list)


def watch(box: Sandbox, *, seconds: float) -> Seen:
    """Looks, and edits, until the time is over."""
    from django.db.models import Count

    from integrations.services.providers import redis_client
    from project.queues import queue_names
    from syncing.models import Schedule

    seen, started = Seen(), time.monotonic()
    next_edit, next_look = started + EDIT_EVERY, started
    while (now := time.monotonic()) < started + seconds:
        _follow(box, seen.edits)
        if now >= next_look:
            next_look += 1.0
            for name in queue_names():
                seen.queues[name] = max(seen.queues[name], int(redis_client().llen(name)))  # type: ignore[arg-type]
            held = Schedule.objects.exclude(lease_until=None).order_by()
            for provider, count in held.values_list("provider").annotate(Count("pk")):
                seen.out[provider] = max(seen.out[provider], count)
        if now >= next_edit and now < started + seconds - EDIT_EVERY:
            next_edit += EDIT_EVERY
            seen.edits.append(_edit(box, len(seen.edits)))
        time.sleep(LOOK_EVERY)
    return seen


def _edit(box: Sandbox, number: int) -> Edit:
    """Somebody gives an entry another score, here."""
    from accounts.models import User
    from library.models import ListEntry
    from library.services.editing import edit_entry

    account = f"p{number * 7 % PEOPLE}"
    user = User.objects.get(email=f"{account}@example.org")
    entry = ListEntry.objects.filter(user=user).order_by("pk")[0]
    edit = Edit(account, time.monotonic(), _written(box, account))
    edit_entry(user, media_id=entry.media_id, changes={"score": 10 + (entry.score + 10) % 90})
    return edit


def _follow(box: Sandbox, edits: Sequence[Edit]) -> None:
    for edit in edits:
        if len(edit.done) == len(SIDES) or time.monotonic() - edit.begun > GIVE_UP:
            continue
        written = _written(box, edit.account)
        for provider in SIDES:
            if written[provider] > edit.before[provider]:
                edit.done.setdefault(provider, time.monotonic() - edit.begun)


def _written(box: Sandbox, account: str) -> dict[str, int]:
    told = {provider: box.control("GET", f"{provider}/requests")["writes"] for provider in SIDES}
    return {provider: sum(writes.get(account, {}).values()) for provider, writes in told.items()}


def requests_of(box: Sandbox, provider: str) -> Counter[str]:
    """{status: requests}, as the service counted them."""
    found: Counter[str] = Counter()
    for statuses in box.control("GET", f"{provider}/requests")["by_endpoint"].values():
        found.update({str(status): count for status, count in statuses.items()})
    return found


def checks_so_far() -> dict[str, int]:
    """Looks that came to an end, by service."""
    from django.db.models import Sum

    from syncing.models import SyncRun

    rows = SyncRun.objects.filter(state="done").order_by().values_list("provider").annotate(Sum("checks"))
    return {str(provider): int(count) for provider, count in rows}


def endings_since(moment: Any) -> Counter[str]:
    """{state and code: runs} of those that have a row of their own."""
    from syncing.models import SyncRun

    rows = SyncRun.objects.filter(started_at__gte=moment).values_list("provider", "state", "error_code")
    return Counter(" ".join(part for part in row if part) for row in rows)


def lateness() -> dict[str, float]:
    """Seconds that the longest overdue of each service waits by now."""
    from django.utils import timezone

    from syncing.models import Schedule

    now = timezone.now()
    late = {}
    for provider in SIDES:
        row = Schedule.objects.filter(provider=provider, is_on=True, lease_until=None).order_by("due_at")[:1].get()
        late[provider] = max((now - row.due_at).total_seconds(), 0.0)
    return late


def processor_seconds(groups: Mapping[str, Sequence[int]]) -> dict[str, float]:
    """Of each group's processes and their children that are alive."""
    told = subprocess.run(
        ["ps", "-A", "-o", "pid=", "-o", "ppid=", "-o", "time="], capture_output=True, text=True, check=True
    ).stdout
    rows = [line.split() for line in told.splitlines()]
    parents = {int(pid): int(parent) for pid, parent, _ in rows}
    spent = {int(pid): _exactly(pid) or _seconds(text) for pid, _, text in rows}

    def belongs(pid: int, roots: Sequence[int]) -> bool:
        while pid and pid not in roots:
            pid = parents.get(pid, 0)
        return bool(pid)

    return {name: sum(spent[pid] for pid in spent if belongs(pid, roots)) for name, roots in groups.items()}


def _exactly(pid: str) -> float:
    """From Linux, in hundredths, with the children that have ended; 0 elsewhere: `ps` counts whole seconds."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(int(ticks) for ticks in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def _seconds(text: str) -> float:
    """[days-]hours:minutes:seconds, or minutes:seconds with a fraction."""
    days, _, rest = text.rpartition("-")
    total = 0.0
    for part in rest.split(":"):
        total = total * 60 + float(part)
    return total + 86_400 * int(days or 0)


def delays(edits: Sequence[Edit]) -> dict[str, str]:
    """Words on how long edits took to each service."""
    told = {}
    for provider in SIDES:
        took = sorted(edit.done[provider] for edit in edits if provider in edit.done)
        spread = f"median {median(took):.1f} s, longest {took[-1]:.1f} s" if took else "none"
        told[provider] = f"{len(took)} of {len(edits)} written, {spread}"
    return told
