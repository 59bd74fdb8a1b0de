"""Which works a writing call means: by ids, by title and year, by numbers in a show. providers/trakt.md 7.1, 7.8."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from integrations.providers.trakt.fake_json import invalid
from integrations.sandbox.screen import IDS, Movie, Season, Show

if TYPE_CHECKING:
    from integrations.providers.trakt.fake_control import ControlledTrakt

PLURALS = {"movies": "movie", "shows": "show", "seasons": "season", "episodes": "episode"}
NOT_FOUND = ("movies", "shows", "seasons", "episodes", "people", "users")
EPISODE_IDS = {"contract": ("trakt", "tvdb"), "older": ("trakt", "tvdb", "imdb", "tmdb")}
Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Item:
    """One object of a body. outer: the objects around it, from the inside out. whole: it names nothing within."""

    target: Any
    data: Body
    outer: tuple[Body, ...] = ()
    whole: bool = True

    def read(self, name: str) -> Any:
        """The value here or, failing that, in an object around; None without one."""
        return next((one[name] for one in (self.data, *self.outer) if one.get(name) is not None), None)


@dataclass
class Found:
    items: list[Item] = field(default_factory=list)
    not_found: dict[str, list[Any]] = field(default_factory=lambda: {name: [] for name in NOT_FOUND})


def resolve(fake: ControlledTrakt, body: Body) -> Found:
    """Raises Refused (422) where the body has the wrong shape."""
    found = Found()
    for plural, kind in PLURALS.items():
        for data in _objects(body, plural) or ():
            target = _find(fake, kind, data)
            if target is None:
                found.not_found[plural].append(_named(data))
            elif isinstance(target, Show):
                found.items += _walk_show(fake, target, data, found=found)
            else:
                found.items.append(Item(target, data))
    return found


def _objects(data: Body, name: str) -> list[Body] | None:
    """None when the key is missing, which is not the same as an empty list."""
    value = data.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise invalid(f"{name} must be a list of objects")
    return value


def _named(data: Body) -> dict[str, Any]:
    """What `not_found` repeats."""
    return {name: data[name] for name in ("ids", "title", "year") if name in data}


def _find(fake: ControlledTrakt, kind: str, data: Body) -> Any:
    """By the first id that is given; without ids by title and year."""
    ids = data.get("ids")
    names = EPISODE_IDS[fake.settings["episode_ids"]] if kind == "episode" else IDS[kind]
    if isinstance(ids, dict) and ids:
        given = [name for name in names if ids.get(name)]
        return fake.store.screen.find(kind, given[0], ids[given[0]]) if given else None
    if kind not in ("show", "movie") or not data.get("title"):
        return None
    works: Mapping[int, Show | Movie] = fake.store.screen.shows if kind == "show" else fake.store.screen.movies
    wanted = (data["title"], data.get("year"))
    return next((one for one in works.values() if (one.title, one.year) == wanted), None)


def _walk_show(fake: ControlledTrakt, show: Show, data: Body, *, found: Found) -> Iterator[Item]:
    seasons = _objects(data, "seasons")
    yield Item(show, data, whole=seasons is None)
    for one in seasons or ():
        season = show.seasons.get(_number(one))
        if season is None:
            found.not_found["shows"].append({**_named(data), "seasons": [{"number": one["number"]}]})
            continue
        episodes = _objects(one, "episodes")
        yield Item(season, one, (data,), whole=episodes is None)
        missing = []
        for each in episodes or ():
            episode = season.find(_number(each))
            if episode is None:
                missing.append({"number": each["number"]})
            else:
                yield Item(episode, each, (one, data))
        # A wrong number may be left out in silence: only the count tells (trakt.md 7.1).
        if missing and fake.settings["missing_episodes"] == "not_found":
            seasons_missing = [{"number": season.number, "episodes": missing}]
            found.not_found["shows"].append({**_named(data), "seasons": seasons_missing})


def _number(data: Body) -> int:
    number = data.get("number")
    if isinstance(number, bool) or not isinstance(number, int):
        raise invalid("number must be a whole number")
    return number


def playable(item: Item, *, aired: bool = True) -> list[Any]:
    """What a play of this item is a play of: the film, the episode, or every episode (that has aired) of the rest."""
    if isinstance(item.target, (Show, Season)):
        if not item.whole:
            return []
        among = item.target.episodes() if isinstance(item.target, Show) else item.target.episodes
        return [episode for episode in among if not aired or episode.aired_at is not None]
    return [item.target]


def plural_of(target: Any) -> str:
    return f"{type(target).__name__.lower()}s"
