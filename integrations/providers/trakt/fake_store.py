"""What the Trakt fake remembers of people: plays, ratings, watchlist, hidden items and when what moved.

providers/trakt.md 4, 6 and 7, read 2026-11-25.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from integrations.sandbox.clock import Clock
from integrations.sandbox.screen import Episode, Movie, Screen

Key = tuple[str, int]
"""("show", Trakt id); the kinds are movie, show, season and episode."""
KINDS = ("movie", "show", "season", "episode")
SECTIONS = ("calendar", "progress_watched", "progress_collected", "recommendations", "comments", "dropped")
FIRST_USER_ID = 9_300_001
FIRST_PLAY_ID = 10_000_000_001
"""Above 32 bits, as the service's are."""
UNKNOWN_DATE = 0.0
"""What a play of unknown date shows: the epoch."""
ACTIVITIES: Mapping[str, tuple[str, ...]] = {
    "movies": (
        "watched_at",
        "collected_at",
        "rated_at",
        "watchlisted_at",
        "favorited_at",
        "commented_at",
        "paused_at",
        "hidden_at",
    ),
    "episodes": ("watched_at", "collected_at", "rated_at", "watchlisted_at", "commented_at", "paused_at"),
    "shows": ("rated_at", "watchlisted_at", "favorited_at", "commented_at", "hidden_at", "dropped_at"),
    "seasons": ("rated_at", "watchlisted_at", "commented_at", "hidden_at"),
    "comments": ("liked_at", "reacted_at", "blocked_at"),
    "lists": ("liked_at", "reacted_at", "updated_at", "commented_at"),
    "watchlist": ("updated_at",),
    "favorites": ("updated_at",),
    "collaborations": ("updated_at",),
    "account": ("settings_at", "followed_at", "following_at", "pending_at", "requested_at"),
    "saved_filters": ("updated_at",),
    "notes": ("updated_at",),
}


@dataclass(frozen=True, slots=True)
class Play:
    """key: an episode's or a film's. watched_at: Unix seconds, whole minutes. at: when it was recorded."""

    id: int
    key: Key
    watched_at: float
    at: float
    action: str = "watch"


@dataclass(frozen=True, slots=True)
class Rating:
    value: int
    at: float


@dataclass(frozen=True, slots=True)
class Listed:
    """One thing on the watchlist."""

    id: int
    at: float
    notes: str | None = None


@dataclass(frozen=True)
class State:
    """All that a person's lists say at one moment. updated: show id → when a play of it was last added."""

    plays: dict[int, Play] = field(default_factory=dict)
    ratings: dict[Key, Rating] = field(default_factory=dict)
    watchlist: dict[Key, Listed] = field(default_factory=dict)
    hidden: dict[str, dict[Key, float]] = field(default_factory=lambda: {name: {} for name in SECTIONS})
    resets: dict[int, float] = field(default_factory=dict)
    updated: dict[Key, float] = field(default_factory=dict)

    def copy(self) -> State:
        return State(
            plays=dict(self.plays),
            ratings=dict(self.ratings),
            watchlist=dict(self.watchlist),
            hidden={name: dict(items) for name, items in self.hidden.items()},
            resets=dict(self.resets),
            updated=dict(self.updated),
        )


@dataclass
class Account:
    """past: (until when it is shown, what was so before a write), oldest first."""

    id: int
    name: str
    joined_at: float
    private: bool = False
    vip: bool = False
    locked: bool = False
    deactivated: bool = False
    watch_only_once: bool = False
    timezone: str = "UTC"
    state: State = field(default_factory=State)
    activities: dict[str, dict[str, float]] = field(default_factory=dict)
    past: list[tuple[float, State, dict[str, dict[str, float]]]] = field(default_factory=list)

    @property
    def slug(self) -> str:
        return self.name.lower().replace(" ", "-").replace(".", "-")

    def remember(self, until: float) -> None:
        """Keep what is so now for reads up to `until`."""
        self.past.append((until, self.state.copy(), {group: dict(one) for group, one in self.activities.items()}))

    def shown(self, now: float) -> tuple[State, dict[str, dict[str, float]]]:
        """The state and activities that a read sees: those before the oldest write that is not through yet."""
        self.past = [one for one in self.past if one[0] > now]
        return (self.past[0][1], self.past[0][2]) if self.past else (self.state, self.activities)


@dataclass
class Store:
    screen: Screen
    clock: Clock
    accounts: dict[int, Account] = field(default_factory=dict)
    plays_made: int = 0
    listed_made: int = 0

    def by_name(self, name: str) -> Account | None:
        """By name or slug."""
        wanted = name.lower()
        people = (one for one in self.accounts.values() if one.name)
        return next((one for one in people if wanted in (one.name.lower(), one.slug)), None)

    def add_account(self, name: str) -> Account:
        account = Account(FIRST_USER_ID + len(self.accounts), name, self.clock.now())
        account.activities = {group: dict.fromkeys(names, account.joined_at) for group, names in ACTIVITIES.items()}
        self.accounts[account.id] = account
        return account

    def remove_account(self, account: Account) -> None:
        # The id stays taken: a later account must not inherit this one's tokens.
        account.name, account.state, account.past = "", State(), []

    def touch(self, account: Account, *places: str) -> None:
        """Move activities, named "episodes.watched_at"; always forward, also within one millisecond."""
        for place in places:
            group, _, name = place.partition(".")
            before = account.activities[group][name]
            account.activities[group][name] = max(self.clock.now(), before + 0.001)

    def add_play(self, account: Account, target: Episode | Movie, *, watched_at: float, action: str = "watch") -> Play:
        """Append-only: an equal play is a second play. watched_at: already cut to the minute."""
        key = key_of(target)
        show_key = ("show", target.show.trakt) if isinstance(target, Episode) else key
        self.plays_made += 1
        play = Play(FIRST_PLAY_ID + self.plays_made - 1, key, watched_at, self.clock.now(), action)
        account.state.plays[play.id] = play
        account.state.updated[show_key] = self.clock.now()
        return play

    def list_item(self, account: Account, key: Key, *, at: float, notes: str | None = None) -> None:
        before = account.state.watchlist.get(key)
        if before is not None:
            account.state.watchlist[key] = replace(before, notes=notes or before.notes)
            return
        self.listed_made += 1
        account.state.watchlist[key] = Listed(self.listed_made, at, notes)

    def forget_gone(self) -> None:
        """Works were removed or cut anew: what belonged to a vanished one is gone."""
        table = self.screen.table
        for account in self.accounts.values():
            state = account.state
            for play in [play for play in state.plays.values() if play.key[1] not in table(play.key[0])]:
                del state.plays[play.id]
            marks: Iterable[dict[Key, Any]] = (state.ratings, state.watchlist, *state.hidden.values())
            for items in marks:
                for key in [key for key in items if key[1] not in table(key[0])]:
                    del items[key]
            account.past = []


def key_of(target: Any) -> Key:
    return (type(target).__name__.lower(), target.trakt)
