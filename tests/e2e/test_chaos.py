"""A small storm on every full run (`make chaos` is the large one), and that a storm's judges would notice."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from integrations.sandbox.plays import episodes_of
from tests.chaos.downtime import Downtime
from tests.chaos.reports import read_reports
from tests.chaos.said import Sides, Title, differences
from tests.chaos.storm import ONCE, SMALL_DECK

pytestmark = [pytest.mark.e2e]

SEED, RUNS = 11, 20
WORK = 1


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.timeout(420)
def test_after_a_small_storm_everything_comes_right(tmp_path: Path) -> None:
    """Processes, PostgreSQL and Valkey of its own: nobody else's may fall."""
    told = tmp_path / "told"
    command = [sys.executable, "-m", "tests.chaos", "--small", "--runs", str(RUNS), "--seed", str(SEED)]
    command += ["--people", "2", "--titles", "6", "--workers", "2", "--lease", "4", "--pace", "0.05"]
    with told.open("w") as output:
        done = subprocess.run(command, cwd=settings.BASE_DIR, stdout=output, stderr=subprocess.STDOUT, check=False)
    lines = told.read_text().splitlines()
    assert done.returncode == 0, "\n".join(lines[-60:])
    figures: dict[str, Any] = json.loads(lines[-1])
    assert figures["ok"] is True
    assert figures["runs"] >= RUNS
    # Whatever is on the cards happens at least once.
    assert {what for what, times in figures["happened"].items() if times} == {*SMALL_DECK, *ONCE}
    assert figures["killed"]["worker"] >= SMALL_DECK["worker killed"]
    assert figures["writes"] > 0


# The judges ---------------------------------------------------------------------------------------------------------


def title(**values: Any) -> Title:
    return Title(WORK, 26, "current", **{"progress": 3, "score": 70, "notes": "x", **values})


def sides(*, plays: int = 3, **shown: dict[str, Any] | None) -> Sides:
    """As `title()` says, but for the sides named; None = it is not there."""
    told: dict[str, dict[int, dict[str, Any]]] = {}
    for side in ("library", "kitsu"):
        values = shown.get(side, title().values)
        told[side] = {} if values is None else {WORK: values}
    return Sides(told, Counter([one for one, _ in zip(episodes_of(WORK), range(plays), strict=False)]))


def test_a_title_that_is_as_it_was_said_is_fine() -> None:
    assert differences(title(), sides()) == []
    assert differences(title(listed=False), sides(library=None, kitsu=None)) == []


@pytest.mark.parametrize("field", ["status", "progress", "score", "notes"])
def test_a_lost_edit_is_noticed(field: str) -> None:
    other = {"status": "paused", "progress": 2, "score": 60, "notes": ""}
    (found,) = differences(title(), sides(kitsu=title().values | {field: other[field]}))
    assert found.startswith(f"kitsu has {field} {other[field]!r} of {WORK}, not ")


def test_a_title_that_vanished_or_came_back_is_noticed() -> None:
    (found,) = differences(title(), sides(library=None))
    assert found.startswith(f"library lacks {WORK}")
    assert differences(title(listed=False), sides(library=None)) == [f"kitsu still has {WORK}"]


def test_a_false_play_and_a_missing_one_are_noticed() -> None:
    first = next(episodes_of(WORK))
    twice = sides()
    twice.plays[first] += 1
    assert differences(title(), twice) == [f"trakt has 2 plays of {first}, an episode of {WORK}, not 1"]
    assert differences(title(replays=Counter([first])), twice) == []
    assert differences(title(), sides(plays=2)) == [f"trakt lacks 1 plays of {WORK}"]
    (found,) = differences(title(), sides(plays=4))
    assert found.startswith("trakt has 1 plays of ")


def test_time_counts_only_while_somebody_could_have_done_it() -> None:
    down = Downtime()
    assert down.up(10.0, 20.0) == 10.0
    for start, end in ((12.0, 14.0), (13.0, 15.0), (19.0, 30.0), (0.0, 10.5)):
        down.add(start, end)
    assert down.up(10.0, 20.0) == pytest.approx(5.5)
    assert down.up(20.0, 29.0) == 0.0


def line(level: str, logger: str, message: str, error: str = "") -> str:
    return json.dumps({"level": level, "logger": logger, "message": message, **({"error": error} if error else {})})


def test_logs_may_hold_no_secret_and_no_strange_error(tmp_path: Path) -> None:
    lines = [
        line("info", "integrations.line", "anilist POST 200 with hidden-token"),
        line("error", "celery.app.trace", "Task raised", "django.db.utils.OperationalError: away"),
        line("error", "syncing.services.running", "sync of connection 0 failed", "KeyError: 'x'"),
        line("error", "syncing.services.running", "sync of connection 1 failed", "KeyError: 'x'"),
        *("Traceback (most recent call last):", '  File "billiard/pool.py"', "BrokenPipeError: [Errno 32] Broken pipe"),
        *("Traceback (most recent call last):", '  File "elsewhere.py"', "BrokenPipeError: [Errno 32] Broken pipe"),
    ]
    (tmp_path / "worker-1.1.log").write_text("\n".join(lines))
    silent = tmp_path / "beat-1.1.log"
    silent.write_text("")
    reports = read_reports(tmp_path, ["hidden-token", "", "never-told"], ended=[(silent, 1)])
    assert reports.leaks == ["worker-1.1.log holds secret number 0"]
    assert reports.expected == {"database away": 1, "child killed": 1}
    assert [found.partition(": ")[0] for found in reports.unexpected] == [
        "worker-1.1.log:3 (1 times)",
        "worker-1.1.log:4 (1 times)",
        "worker-1.1.log:8 (1 times)",
        "beat-1.1.log (1 times)",
    ]
