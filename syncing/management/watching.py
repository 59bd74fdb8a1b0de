"""How far a sync is: bars on a terminal, lines in a pipe, nothing for programs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import OutputWrapper
from rich.console import Console
from rich.progress import Progress

from integrations.models import Connection
from integrations.providers import registry
from syncing.services.by_hand import Watch
from syncing.services.desk import Tell, tell_nobody

STAGES = {"read": "read", "plan": "planned", "library": "library", "write": "written"}


@contextmanager
def watch_on(stdout: OutputWrapper, *, quiet: bool) -> Iterator[Watch]:
    console = Console(file=stdout, highlight=False)  # type: ignore[arg-type]
    if quiet:
        yield lambda _: tell_nobody
    elif not console.is_terminal:
        yield lambda connection: _lines(stdout, connection)
    else:
        with Progress(console=console) as progress:
            yield lambda connection: _bars(progress, connection)


def _lines(stdout: OutputWrapper, connection: Connection) -> Tell:
    name = registry.get(connection.provider).name

    def tell(stage: str, done: int, total: int) -> None:
        stdout.write(f"{name}: {STAGES[stage]} {done} of {total}")

    return tell


def _bars(progress: Progress, connection: Connection) -> Tell:
    name, bars = registry.get(connection.provider).name, dict[str, Any]()

    def tell(stage: str, done: int, total: int) -> None:
        if stage not in bars:
            bars[stage] = progress.add_task(f"{name}: {STAGES[stage]}", total=total)
        progress.update(bars[stage], completed=done, total=total)

    return tell
