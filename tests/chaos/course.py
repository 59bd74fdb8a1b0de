"""One storm from its beginning to the list of what it broke."""

from __future__ import annotations

import argparse
import os
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.serializers import serialize
from django.db import connection as database

from integrations.models import Connection, Play
from integrations.sandbox.server import Running
from library.models import ListEntry
from syncing.models import Change, Parked, Review, Schedule, SyncRun, Unmatched
from tests.chaos import invariants
from tests.chaos.apps import READ_SECONDS
from tests.chaos.calm import come_to_rest
from tests.chaos.crew import Crew
from tests.chaos.edits import Editor
from tests.chaos.figures import figures_of
from tests.chaos.people import make_people, open_sandbox
from tests.chaos.reports import read_reports
from tests.chaos.servers import Servers
from tests.chaos.settings import TICKS
from tests.chaos.storm import DECK, SLOWEST, SMALL_DECK, Storm, runs_done

Tell = Callable[[str], None]


def run_course(
    options: argparse.Namespace, both: Servers, sandbox: Running, *, folder: Path, tell: Tell
) -> tuple[list[str], dict[str, Any]]:
    """(what is broken, figures)."""
    storm = set_up(options, both, sandbox, folder=folder)
    clocks: dict[str, float] = {}
    runs, broken = 0, []
    try:
        runs = weather(storm, options, clocks, tell=tell)
        broken += check(storm, options)
    except AssertionError as error:
        broken.append(f"{type(error).__name__}: {error}")
    finally:
        if broken:
            dump(storm, folder)
        database.close()
        storm.crew.stop()
    (folder / "told.txt").write_text("\n".join(storm.editor.told))
    reports = read_reports(storm.crew.logs, secrets_of(both), ended=storm.crew.ended)
    broken += [*storm.crew.hung, *reports.unexpected, *reports.leaks]
    return broken, figures_of(storm, reports, runs=runs, clocks=clocks)


def weather(storm: Storm, options: argparse.Namespace, clocks: dict[str, float], *, tell: Tell) -> int:
    """Calm, storm, and calm again; how many runs the storm lasted. Raises AssertionError."""
    began = time.monotonic()
    storm.crew.fill()
    clocks["first_rest"] = come_to_rest(storm.sandbox, storm.people)
    before = runs_done()
    tell(f"at rest after {clocks['first_rest']:.0f} s; the storm begins")
    storm.rage(runs=options.runs, pace=options.pace)
    clocks["storm"] = time.monotonic() - began - clocks["first_rest"]
    runs = runs_done() - before
    storm.end()
    # Whatever was sent has arrived by then, whoever sent it.
    time.sleep(SLOWEST + READ_SECONDS)
    tell(f"calm after {runs} runs in {clocks['storm']:.0f} s")
    clocks["rest"] = come_to_rest(storm.sandbox, storm.people)
    return runs


def dump(storm: Storm, folder: Path) -> None:
    """The books as they stand, for whoever looks for the reason."""
    books = (Change, SyncRun, Schedule, Parked, Review, Unmatched, Play, ListEntry)
    (folder / "books.json").write_text(serialize("json", [row for table in books for row in table.objects.all()]))


def set_up(options: argparse.Namespace, both: Servers, sandbox: Running, *, folder: Path) -> Storm:
    open_sandbox(sandbox)
    people, pool = make_people(sandbox, luck(options, "people"), count=options.people, size=options.titles)
    crew = Crew(folder, os.environ, workers=options.workers)
    editor = Editor(sandbox, luck(options, "edits"), people, pool)
    streams = luck(options, "blows"), luck(options, "cards")
    deck = SMALL_DECK if options.small else DECK
    return Storm(sandbox, both, crew, editor, people, *streams, deck, patience=options.lease / 2)


def luck(options: argparse.Namespace, purpose: str) -> random.Random:
    """One stream a purpose, so that drawing for one does not move another's luck."""
    return random.Random(f"{options.seed}:{purpose}")


def check(storm: Storm, options: argparse.Namespace) -> list[str]:
    """That all sides agree, and with what was said, is known by now: else they would not have come to rest."""
    return [
        *invariants.books_open(),
        *invariants.stuck(lease=options.lease, sweep=TICKS["sweep"], overdue=storm.overdue, down=storm.down),
        *invariants.effects_without_intent(storm.sandbox, storm.people),
        *invariants.moves_at_rest(storm.sandbox, storm.people),
    ]


def secrets_of(both: Servers) -> list[str]:
    """Everything that may stand in no log."""
    found = [settings.SECRET_KEY, *(part.partition(":")[2] for part in settings.TOKEN_KEYS.split(","))]
    found += [url.partition("@")[0].rpartition(":")[2] for url in both.urls.values()]
    for connection in Connection.objects.all():
        found += [one.reveal() for one in (connection.access_token, connection.refresh_token) if one is not None]
    return found
