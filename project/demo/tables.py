"""What the public id tables would say of the sandbox's works, imported as such a table is."""

from __future__ import annotations

import io

import msgspec

from integrations.models import SeasonTable, ShowId
from integrations.sandbox.catalogue import load_works
from integrations.sandbox.plays import routes_of
from integrations.sandbox.shows import ShowFacts, facts_of, real_facts
from integrations.services.atlases import DatabaseAtlas
from library.episodes.model import Seasons, Target, TargetKind
from library.mappings.sources import SOURCES
from library.models import TableState
from library.services.id_tables import import_table
from project.demo.walk import DemoFailed

UNKNOWN_SHOWS = 12
"""Every twelfth show was not asked for by anybody before."""


def import_tables() -> int:
    """How many works have a row. Made here, for the demo asks nobody beyond this machine. Raises DemoFailed."""
    rows = []
    for work in load_works():
        if work.kind != "anime" or not work.anilist_id:
            continue
        ranges = [
            (
                route.start,
                route.start + route.length - 1,
                route.kind,
                route.tmdb_id,
                route.season if route.kind == "show" else None,
                route.position,
            )
            for route in routes_of(work.anilist_id)
        ]
        rows.append(
            {
                "anilist": work.anilist_id,
                "myanimelist": work.mal_id or None,
                "kitsu": work.kitsu_id or None,
                "ranges": ranges,
            }
        )
    outcome = import_table(SOURCES["starter"], io.BytesIO(msgspec.json.encode(rows)), force=True)
    if outcome.state != TableState.GOOD:
        raise DemoFailed(f"the table of the sandbox's works was not taken: {outcome.message}")
    return len(rows)


def warm_up() -> int:
    """How many shows others have asked for before, as in a service that has run for a while: they share what was learnt
    of a show, so that a person's first sync does not ask for each of theirs."""
    ShowId.objects.all().delete()
    SeasonTable.objects.all().delete()
    atlas = DatabaseAtlas("trakt", None)
    works = [*real_facts(), *facts_of(load_works())]
    known = [work for number, work in enumerate(works) if number % UNKNOWN_SHOWS]
    atlas.learn_ids({Target(TargetKind(one.kind), "tmdb", str(one.tmdb_id)): str(one.trakt_id) for one in known})
    shows = [one for one in known if one.kind == "show"]
    for show in shows:
        atlas.learn_seasons(_table(show))
    return len(shows)


def _table(show: ShowFacts) -> Seasons:
    numbers = {one.number: tuple(range(one.first, one.first + one.count)) for one in show.seasons}
    return Seasons(str(show.trakt_id), numbers, is_ended=show.ended, title=show.title)
