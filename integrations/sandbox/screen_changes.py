"""How the control API changes what a service shows: new works, new cuts, an episode more. `docs/sandbox.md`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integrations.sandbox.screen import Screen, SeasonCut, Show
from integrations.sandbox.shapes import ControlError, Shape, change_attributes, read_shape
from integrations.sandbox.shows import SeasonFacts, ShowFacts, make_slug

FIRST_MADE = 90_000_000
NAMES = {name: name for name in ("title", "year", "slug", "tmdb", "tvdb", "imdb", "status")}


class _Named(Shape):
    kind: str
    id: int
    removed: bool = False
    seasons: list[SeasonCut] | None = None
    air: dict[str, int] | None = None


def change_screen(screen: Screen, data: Mapping[str, Any], *, id_name: str) -> None:
    """{"kind": "show" or "movie", "id": …, "removed": true, …names of NAMES, "seasons": a whole new cut, "air": …}.

    `id_name`: which id `id` is, "trakt" or "tmdb". "air": {"season": 1, "count": 2} lets two more go on air, made
    when they are not there yet. An unknown id needs a title. Raises ControlError.
    """
    call = read_shape({name: data[name] for name in _Named.__struct_fields__ if name in data}, _Named)
    screen.changed = True
    if call.kind not in ("show", "movie"):
        raise ControlError("kind must be show or movie")
    one = screen.find(call.kind, id_name, call.id)
    if call.removed:
        _remove(screen, call.kind, one)
        return
    changes = {name: value for name, value in data.items() if name in NAMES}
    unknown = set(data) - set(changes) - set(_Named.__struct_fields__)
    if unknown:
        raise ControlError(f"there is no {min(unknown)!r} here; there are {', '.join(sorted(NAMES))}")
    if one is None:
        one = _make(screen, call, changes, id_name=id_name)
    change_attributes(one, changes, names={name: name for name in NAMES if hasattr(one, name)})
    if isinstance(one, Show):
        if call.seasons is not None:
            screen.cut(one, call.seasons)
        if call.air is not None:
            _air(screen, one, call.air)


def _make(screen: Screen, call: _Named, changes: Mapping[str, Any], *, id_name: str) -> Any:
    title = str(changes.get("title", ""))
    if not title:
        raise ControlError("a new work needs a title")
    facts = ShowFacts(
        kind=call.kind,
        tmdb_id=call.id,
        # TMDB knows no Trakt id; this one only has to be free.
        trakt_id=call.id if id_name == "trakt" else FIRST_MADE + call.id,
        tvdb_id=0,
        imdb_id="",
        slug=make_slug(title),
        title=title,
        year=0,
        start="",
        mal_id=0,
        seasons=() if call.seasons is not None or call.kind == "movie" else (SeasonFacts(1, 1, 12),),
    )
    screen.add(facts)
    return screen.find(call.kind, id_name, call.id)


def _remove(screen: Screen, kind: str, one: Any) -> None:
    if one is None:
        raise ControlError(f"there is no such {kind}", status=404)
    if kind == "show":
        screen.cut(one, [])
        del screen.shows[one.trakt]
    else:
        del screen.movies[one.trakt]


def _air(screen: Screen, show: Show, call: Mapping[str, int]) -> None:
    season = show.seasons.get(call.get("season", 1))
    if season is None:
        raise ControlError(f"the show has no season {call.get('season', 1)}", status=404)
    for _ in range(call.get("count", 1)):
        screen.air(season)
