"""What the processes wrote into their logs: no secret, and no error but those that the storm must cause."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

AWAY, GAVE_UP = "broker away", "worker that gave up with the broker"
EXPECTED: tuple[tuple[str, str, str], ...] = (
    # (kind, logger, what the message or its traceback holds)
    # kombu asks a connection that it has closed already; the worker ends, and whoever watches over it starts another.
    (GAVE_UP, r"celery\.worker", r"Unrecoverable error: AttributeError.*'hostname'"),
    (AWAY, r"celery\..*|kombu\..*", r"redis\.exceptions\.\w+|kombu\.exceptions\.OperationalError"),
    (AWAY, r"celery\.(worker\.consumer|beat).*", r"[Cc]annot connect to|[Cc]onnection (to broker )?(lost|error)"),
    # Beat's message meets a channel that kombu has closed with the broker; the next tick opens another.
    (AWAY, r"celery\.beat", r"(?s)kombu/transport/redis\.py.*AttributeError: 'NoneType' object .* 'client'"),
    (
        "database away",
        r"celery\.app\.trace|syncing\..*|integrations\..*|project\..*|django.*",
        r"django\.db\.utils\.(Operational|Interface)Error|psycopg(_pool)?\.\w+",
    ),
    ("child killed", r"celery\..*|billiard.*", r"WorkerLostError|SIGKILL|signal 9|waiting for UP message"),
    # A child that has just been forked finds its parent dead.
    ("child killed", r"", r"(?s)billiard/.*\n(BrokenPipe|ConnectionReset|EOF)Error"),
    # What a service answered is told without the traceback that a fault of ours has.
    ("strange answer", r"syncing\.services\.running", r"^sync of [^ ]+: "),
    ("three deaths in a row", r"syncing\.services\.sweeping", r"has lost \d+ workers in a row"),
)


@dataclass(slots=True)
class Reports:
    """expected: errors by kind. strange: the others, each with the place of the first one and how often it came.
    leaks: files that hold a secret."""

    expected: Counter[str] = field(default_factory=Counter)
    strange: dict[str, list[str]] = field(default_factory=dict)
    leaks: list[str] = field(default_factory=list)
    lost_leases: int = 0

    @property
    def unexpected(self) -> list[str]:
        return [f"{places[0]} ({len(places)} times): {said}" for said, places in self.strange.items()]


def read_reports(folder: Path, secrets: Iterable[str], *, ended: Iterable[tuple[Path, int | None]]) -> Reports:
    """secrets: none of them may be anywhere in the logs. ended: log and exit code of those who ended by themselves."""
    reports, hidden = Reports(), sorted({one for one in secrets if one})
    for path in sorted(folder.glob("*.log")):
        text = path.read_text(errors="replace")
        reports.leaks += [f"{path.name} holds secret number {at}" for at, one in enumerate(hidden) if one in text]
        reports.lost_leases += text.count("lost its lease")
        for number, record in _records(text.splitlines()):
            _sort(reports, record, f"{path.name}:{number}")
    for path, code in ended:
        if "Unrecoverable error" not in path.read_text(errors="replace"):
            reports.strange.setdefault(f"it ended by itself with {code}, and did not say why", []).append(path.name)
    return reports


def _records(lines: list[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """(line number, record): what was logged, and tracebacks that a process printed by itself."""
    for at, line in enumerate(lines):
        try:
            record = json.loads(line)
        except ValueError:
            if line.startswith("Traceback"):
                ends = next((end for end in range(at + 1, len(lines)) if not lines[end].startswith(" ")), at)
                yield at + 1, {"level": "error", "logger": "", "error": "\n".join(lines[at : ends + 1])}
            continue
        if isinstance(record, dict):
            yield at + 1, record


def _sort(reports: Reports, record: Mapping[str, str], place: str) -> None:
    if record.get("level") not in ("error", "critical"):
        return
    said = f"{record.get('message', '')}\n{record.get('error', '')}"
    kind = next((kind for kind, name, text in EXPECTED if _fits(record.get("logger", ""), said, name, text)), None)
    if kind is not None:
        reports.expected[kind] += 1
        return
    # Ids differ each time.
    known = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|0x[0-9a-f]+", "…", said.strip())[:2000]
    reports.strange.setdefault(f"{record.get('logger')}: {known}", []).append(place)


def _fits(logger: str, said: str, name: str, text: str) -> bool:
    return re.fullmatch(name, logger) is not None and re.search(text, said) is not None
