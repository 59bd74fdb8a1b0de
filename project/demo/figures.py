"""What the demo has to show for itself: read, written, asked for."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from accounts.models import User
from integrations.providers import registry
from library.queries import rows_of
from syncing.models import Change, SyncRun, Unmatched


@dataclass(slots=True)
class Result:
    """The JSON object of `make demo ONCE=1`. requests, writes, entries_read: by provider."""

    people: int = 1
    entries_read: dict[str, int] = field(default_factory=dict)
    library: int = 0
    library_changes: int = 0
    writes: dict[str, int] = field(default_factory=dict)
    requests: dict[str, int] = field(default_factory=dict)
    unmatched: int = 0
    seconds: float = 0.0
    second_run_writes: int = -1
    second_run_requests: dict[str, int] = field(default_factory=dict)
    trouble: list[str] = field(default_factory=list)

    @property
    def held(self) -> bool:
        return not self.trouble and self.second_run_writes == 0

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "ok": self.held}


def ask(sandbox: str, path: str, method: str = "GET") -> Any:
    answer = httpx.request(method, f"{sandbox}/_control/{path}", timeout=30, trust_env=False)
    answer.raise_for_status()
    return answer.json()


def count_requests(sandbox: str, slug: str) -> tuple[int, int]:
    """(requests, refusals for being too fast) as the service itself counted them, sign-in included."""
    counted = ask(sandbox, f"{slug}/requests")
    return int(counted["total"]), int(counted["too_many"])


def count_writes(user: User, slug: str) -> int:
    return Change.objects.filter(user=user, side=slug, state="applied").count()


def read_figures(user: User, result: Result) -> None:
    for slug in registry.slugs():
        runs = SyncRun.objects.filter(user=user, provider=slug, purpose="sync", entries_read__gt=0)
        latest = runs.order_by("-started_at").first()
        result.entries_read[slug] = latest.entries_read if latest else 0
        result.writes[slug] = count_writes(user, slug)
    result.library = sum(1 for row in rows_of(user.pk).values() if not row.removed)
    result.library_changes = Change.objects.filter(user=user, side="library", state="applied").count()
    result.unmatched = Unmatched.objects.filter(user=user).count()
    failed = Change.objects.filter(user=user).exclude(state__in=("applied", "abandoned")).count()
    if failed:
        result.trouble.append(f"{failed} changes were not carried out")


def show(result: Result, console: Console) -> None:
    table = Table(title="One whole sync", title_justify="left", show_edge=False, pad_edge=False)
    for name, align in (("", "left"), ("entries read", "right"), ("written", "right"), ("requests", "right")):
        table.add_column(name, justify=align)  # type: ignore[arg-type]
    for slug in registry.slugs():
        cells = (result.entries_read[slug], result.writes[slug], result.requests[slug])
        table.add_row(registry.get(slug).name, *(str(cell) for cell in cells))
    table.add_row("your library", str(result.library), str(result.library_changes), "")
    console.print(table)
    if result.unmatched:
        console.print(f"{result.unmatched} titles have no counterpart on one of the services; the pages show them.")
