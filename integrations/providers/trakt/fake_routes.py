"""The paths of Trakt's API that the fake answers. providers/trakt.md 6, 7 and 9, read 2026-11-25."""

from __future__ import annotations

from dataclasses import dataclass

from werkzeug.routing import Map, Rule

PLURAL = "<any(movies, shows, seasons, episodes):type>"
LISTED = "<any(all, movies, shows, seasons, episodes):type>"
SECTION = "<section>"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """public: answered without a token. list: what a writing call writes; remove: whether it takes away."""

    name: str
    public: bool = False
    list: str = ""
    remove: bool = False


def _get(path: str, name: str, *, public: bool = False) -> Rule:
    return Rule(path, endpoint=Endpoint(name, public), methods=["GET"])


def _post(path: str, name: str) -> Rule:
    return Rule(path, endpoint=Endpoint(name), methods=["POST"])


def _writes(path: str, name: str) -> list[Rule]:
    add, remove = Endpoint("write", list=name), Endpoint("write", list=name, remove=True)
    return [Rule(path, endpoint=add, methods=["POST"]), Rule(f"{path}/remove", endpoint=remove, methods=["POST"])]


ROUTES = Map(
    [
        _get("/sync/last_activities", "last_activities"),
        _get("/sync/watched/<any(shows, movies):type>", "watched"),
        _get("/users/<user>/watched/<any(shows, movies):type>", "user_watched", public=True),
        _get("/sync/progress/watched", "list_progress"),
        _get("/sync/history", "history"),
        _get(f"/sync/history/{PLURAL}", "history"),
        _get(f"/sync/history/{PLURAL}/<int:id>", "history"),
        _get("/sync/ratings", "ratings"),
        _get(f"/sync/ratings/{LISTED}", "ratings"),
        _get(f"/sync/ratings/{LISTED}/<int:rating>", "ratings"),
        _get("/sync/watchlist", "watchlist"),
        _get(f"/sync/watchlist/{LISTED}", "watchlist"),
        _get(f"/sync/watchlist/{LISTED}/<sort_by>", "watchlist"),
        _get(f"/sync/watchlist/{LISTED}/<sort_by>/<sort_how>", "watchlist"),
        _get(f"/users/hidden/{SECTION}", "hidden"),
        _get("/sync/collection/<any(shows, movies):type>", "nothing"),
        _get("/sync/playback", "nothing"),
        _get("/sync/playback/<any(episodes, movies):type>", "nothing"),
        _get("/users/settings", "settings"),
        *_writes("/sync/history", "history"),
        *_writes("/sync/ratings", "ratings"),
        *_writes("/sync/watchlist", "watchlist"),
        *_writes(f"/users/hidden/{SECTION}", ""),
        _post("/scrobble/<any(start, pause, stop):verb>", "scrobble"),
        _get("/search/<any(trakt, imdb, tmdb, tvdb):name>/<value>", "search_id", public=True),
        _get("/search/<kinds>", "search_text", public=True),
        _get("/movies/<text>", "movie", public=True),
        _get("/shows/<text>", "show", public=True),
        _get("/shows/<text>/seasons", "seasons", public=True),
        _get("/shows/<text>/seasons/<int:season>", "season", public=True),
        _get("/shows/<text>/seasons/<int:season>/info", "season_info", public=True),
        _get("/shows/<text>/ratings", "show_ratings", public=True),
        _get("/shows/<text>/progress/watched", "progress"),
        _post("/shows/<text>/progress/watched/reset", "reset"),
        Rule("/shows/<text>/progress/watched/reset", endpoint=Endpoint("undo_reset"), methods=["DELETE"]),
    ],
    strict_slashes=False,
)
