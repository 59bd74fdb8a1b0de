"""Syncs in this process, now, with what came of them: for a command, where the workers have the clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from integrations import stopping
from integrations.models import Connection
from library.queries import revision_of
from syncing.models import Baseline, RunState, SyncRun
from syncing.services import leases, scheduling
from syncing.services.asking import CannotSync
from syncing.services.desk import Tell
from syncing.services.leases import Lease
from syncing.services.running import run_lease

COMMAND = "command"
PATIENCE = 30
"""Looks, a second apart, whether another run of the connection has ended."""
ROUNDS = 3
"""Of one request: what the last service brings is new to the first one."""
GOOD = frozenset({RunState.DONE, RunState.PARTIAL, RunState.PREVIEW})
WAITS = "Nothing is done before you have answered the first plan."
Watch = Callable[[Connection], Tell]


@dataclass(frozen=True, slots=True)
class Wish:
    """full: read and compare everything. preview: only show it. media_id: this work alone, None = all."""

    full: bool = False
    preview: bool = False
    media_id: int | None = None


def sync_in_rounds(
    connections: list[Connection], wish: Wish, *, watch: Watch
) -> Iterator[tuple[Connection, SyncRun | CannotSync]]:
    """Each service in this order, and once more those that are behind what the others brought. A run each, as it ends,
    or why there was none. Raises Stopping once this process was asked to end, between two runs."""
    due = connections
    for _ in range(1 if wish.preview else ROUNDS):
        well = []
        for connection in due:
            stopping.check()
            last = None
            try:
                for last in sync_now(connection, wish, tell=watch(connection)):
                    yield connection, last
            except CannotSync as error:
                yield connection, error
                continue
            well += [connection] if last is not None and last.state == RunState.DONE else []
        due = [connection for connection in well if _is_behind(connection)]


def sync_now(connection: Connection, wish: Wish, *, tell: Tell) -> Iterator[SyncRun]:
    """Until all is done that can be done now, each run as it ends: a long push is several. Raises CannotSync."""
    if SyncRun.objects.filter(connection=connection, state=RunState.QUEUED).exists():
        # What a person waits for, an undo for instance, goes before it.
        run = run_lease(_claim(connection), tell=tell)
        if run is not None:
            yield run
            if run.state not in GOOD:
                return
    while not stopping.is_asked():
        run = _run(connection, wish, tell=tell)
        yield run
        if run.state != RunState.PARTIAL or not (run.writes or run.library_changes):
            return
        wish = replace(wish, full=False)


def _run(connection: Connection, wish: Wish, *, tell: Tell) -> SyncRun:
    scheduling.request_sync(
        connection.user, provider=connection.provider, full=wish.full, preview=wish.preview, trigger=COMMAND
    )
    run = run_lease(_claim(connection), trigger=COMMAND, tell=tell, media_id=wish.media_id)
    if run is None:
        raise CannotSync("Nothing was run: it was paused or taken over meanwhile.")
    if run.state == RunState.RUNNING and not stopping.is_asked():
        # The first plan lies before the person: it was not even read.
        run.state, run.message = RunState.PREVIEW, WAITS
    return run


def _claim(connection: Connection) -> Lease:
    for look in range(PATIENCE + 1):
        lease = leases.claim(connection.pk)
        if lease is not None:
            return lease
        if look < PATIENCE:
            stopping.pause(1.0)
    raise CannotSync("A sync of it is running already. Try again when it has ended.")


def _is_behind(connection: Connection) -> bool:
    seen = Baseline.objects.filter(pk=connection.pk).values_list("library_revision", flat=True).first()
    return seen is not None and seen != revision_of(connection.user_id)
