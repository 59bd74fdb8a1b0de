"""`manage.py sync --interval`: again and again, until it is asked to end."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import OperationalError

from accounts.models import User
from integrations import stopping
from integrations.errors import Stopping
from integrations.models import Connection
from integrations.sandbox.server import Running
from library.services.editing import edit_entry
from syncing.models import Schedule, SyncRun
from syncing.services import by_hand, running
from tests.e2e.conftest import Link, _sandbox_server, link, sandbox, sync  # noqa: F401
from tests.e2e.lists import ANILIST, MAL, WRITES, break_, edit, entry_of, listed, media_of, mend
from tests.e2e.test_kills import environment, wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.e2e]


@pytest.fixture(autouse=True)
def _as_new() -> Iterator[None]:
    yield
    stopping.forget()


@pytest.fixture
def connection(link: Link, alice: User) -> Connection:  # noqa: F811
    return link(alice, ANILIST, [listed(ANILIST, 1, progress=3)])


class Clock:
    """What happens in each pause; afterwards somebody asks for the end."""

    def __init__(self, *happens: Callable[[], object]) -> None:
        self.happens, self.slept = list(happens), list[float]()

    def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)
        if not self.happens:
            raise Stopping("asked", retry_after=0.0)
        self.happens.pop(0)()


def repeat(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> tuple[list[dict[str, Any]], str]:
    """What was printed, and what was told of trouble."""
    monkeypatch.setattr(stopping, "pause", clock)
    out, err = StringIO(), StringIO()
    call_command("sync", "--interval", "60", user="alice@example.org", json=True, stdout=out, stderr=err)
    return [json.loads(line) for line in out.getvalue().splitlines()], err.getvalue()


def test_each_round_is_a_line_until_the_end(
    connection: Connection,
    sandbox: Running,  # noqa: F811
    alice: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock(lambda: edit(sandbox, ANILIST, 1, progress=7))
    found, trouble = repeat(monkeypatch, clock)
    assert [each["library_changes"] for each in found] == [1, 1]
    assert (clock.slept, trouble) == ([3600.0, 3600.0], "")
    assert entry_of(alice, 1).progress == 7


def test_trouble_is_told_and_tried_again(
    connection: Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A pause that is lifted, a database that comes back: it need not be started again."""
    real, refusals = by_hand.sync_in_rounds, [OperationalError("gone: password=secret")]

    def rounds(*args: Any, **options: Any) -> Any:
        if refusals:
            raise refusals.pop()
        return real(*args, **options)

    monkeypatch.setattr(by_hand, "sync_in_rounds", rounds)
    rows = Connection.objects.filter(pk=connection.pk)
    clock = Clock(lambda: rows.update(state="paused"), lambda: rows.update(state="active"))
    found, trouble = repeat(monkeypatch, clock)
    assert trouble.splitlines() == [
        "The database did not answer as it should.",
        "AniList is paused. Let it go on first.",
    ]
    assert [each["state"] for each in found] == ["done"]


def test_what_is_linked_meanwhile_is_synced_too(
    connection: Connection,
    link: Link,  # noqa: F811
    alice: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found, _ = repeat(monkeypatch, Clock(lambda: link(alice, MAL)))
    assert [each["provider"] for each in found] == [ANILIST, ANILIST, MAL]


def test_asked_to_end_in_the_middle_of_a_run(
    connection: Connection, monkeypatch: pytest.MonkeyPatch, alice: User
) -> None:
    """Once: what is left is told, and handed back for the next."""
    real = running.run_lease

    def stopped(*args: Any, **options: Any) -> SyncRun | None:
        signal.raise_signal(signal.SIGTERM)
        return real(*args, **options)

    monkeypatch.setattr("syncing.services.by_hand.run_lease", stopped)
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(CommandError, match="Stopped") as caught:
        call_command("sync", user=alice.email, stdout=StringIO())
    assert caught.value.returncode == 1
    assert signal.getsignal(signal.SIGTERM) == before
    row = Schedule.objects.get(pk=connection.pk)
    assert (row.lease_until, row.failures) == (None, 0)


# A real process, a real signal --------------------------------------------------------------------------------


def start(sandbox: Running, *words: str) -> subprocess.Popen[bytes]:  # noqa: F811
    return subprocess.Popen(
        [sys.executable, "manage.py", "sync", "--user", "alice@example.org", "--json", *words],
        env=environment(sandbox),
        cwd=settings.BASE_DIR,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.mark.postgres
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_between_two_rounds_ends_it_at_once(
    connection: Connection,
    sandbox: Running,  # noqa: F811
    number: signal.Signals,
) -> None:
    with start(sandbox, "--interval", "15") as process:
        assert process.stdout is not None
        # Behind a pipe too each line comes when its run has ended.
        assert json.loads(process.stdout.readline())["state"] == "done"
        process.send_signal(number)
        assert process.wait(timeout=5) == 0


@pytest.mark.postgres
def test_a_signal_in_the_middle_of_a_push_finishes_what_is_in_hand(
    link: Link,  # noqa: F811
    sandbox: Running,  # noqa: F811
    alice: User,
) -> None:
    connection = link(alice, MAL, [listed(MAL, media_id, progress=1) for media_id in (1, 6, 18, 19, 20, 30)])
    sync(connection)
    for media_id in (1, 6, 18, 19, 20, 30):
        edit_entry(alice, media_id=media_of(media_id), changes={"score": 70})
    break_(sandbox, MAL, "latency", endpoint=WRITES[MAL], seconds=0.5, times=None)
    with start(sandbox, "--interval", "15") as process:
        wait_until(lambda: sum(fault["hits"] for fault in sandbox.control("GET", f"{MAL}/faults")) >= 2, process)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
        assert process.stdout is not None
        (line,) = process.stdout.read().splitlines()
    told = json.loads(line)
    assert (told["state"], 2 <= told["writes"] < 6) == ("partial", True)
    assert SyncRun.objects.filter(state="running").count() == 0
    assert Schedule.objects.get(pk=connection.pk).lease_until is None
    mend(sandbox, MAL)


@pytest.mark.postgres
def test_the_exit_code_says_what_a_shell_wants_to_know(
    connection: Connection,
    sandbox: Running,  # noqa: F811
    alice: User,
) -> None:
    def ends(*words: str) -> tuple[int, bytes]:
        with start(sandbox, *words) as process:
            _, told = process.communicate(timeout=20)
            return process.returncode, told

    assert ends()[0] == 0
    assert ends("--interval", "1")[0] == 2
    assert ends("--provider", "kitsu")[0] == 2
    Connection.objects.update(state="paused")
    code, told = ends()
    assert (code, b"AniList is paused" in told, b"Traceback" in told) == (1, True, False)
