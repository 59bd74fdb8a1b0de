"""What the MyAnimeList fake remembers: works, accounts and list entries. Works are known by (kind, id).

providers/myanimelist.md 4 and 6, read 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from integrations.sandbox.catalogue import Work
from integrations.sandbox.clock import Clock

Key = tuple[str, int]
Date = tuple[int, int, int]
"""(year, month, day), 0 where unknown. A person may have set a day without a year."""
NO_DATE: Date = (0, 0, 0)
KINDS = ("anime", "manga")
FIRST_USER_ID = 9_100_001
STATUSES = {
    "anime": ("watching", "completed", "on_hold", "dropped", "plan_to_watch"),
    "manga": ("reading", "completed", "on_hold", "dropped", "plan_to_read"),
}
MEDIA_TYPES = {
    "TV": "tv",
    "TV_SHORT": "tv",
    "MOVIE": "movie",
    "SPECIAL": "special",
    "OVA": "ova",
    "ONA": "ona",
    "MUSIC": "music",
    "MANGA": "manga",
    "MANHWA": "manhwa",
    "NOVEL": "light_novel",
    "ONE_SHOT": "one_shot",
}
AIRING = {
    "anime": {"FINISHED": "finished_airing", "RELEASING": "currently_airing", "HIATUS": "currently_airing"},
    "manga": {"FINISHED": "finished", "RELEASING": "currently_publishing", "HIATUS": "on_hiatus"},
}


@dataclass(slots=True)
class Title:
    """total, volumes: 0 = unknown, as MAL says it. approved: False answers writes with invalid_content."""

    id: int
    kind: str
    title: str
    english: str = ""
    synonyms: list[str] = field(default_factory=list)
    media_type: str = "unknown"
    status: str = ""
    total: int = 0
    volumes: int = 0
    start: str = ""
    nsfw: str = "white"
    approved: bool = True

    @property
    def names(self) -> list[str]:
        return [self.title, *([self.english] if self.english else []), *self.synonyms]


@dataclass(slots=True)
class Entry:
    """progress: episodes or chapters. comments: as written; reads escape them."""

    title: Title
    status: str
    score: int = 0
    progress: int = 0
    volumes: int = 0
    is_repeating: bool = False
    times: int = 0
    value: int = 0
    priority: int = 0
    tags: list[str] = field(default_factory=list)
    comments: str = ""
    start: Date = NO_DATE
    finish: Date = NO_DATE
    updated_at: int = 0


@dataclass
class Account:
    id: int
    name: str
    private_list: bool = False
    time_zone: str = "UTC"
    is_supporter: bool = False
    joined_at: int = 0
    entries: dict[Key, Entry] = field(default_factory=dict)

    def listed(self, kind: str) -> list[Entry]:
        return [entry for entry in self.entries.values() if entry.title.kind == kind]


def title_from_work(work: Work) -> Title:
    return Title(
        id=work.mal_id,
        kind=work.kind,
        title=work.title,
        english=work.english,
        media_type=MEDIA_TYPES.get(work.format, "unknown"),
        status=AIRING[work.kind][work.status],
        total=work.total,
        volumes=work.volumes,
        start=work.start,
        nsfw=work.nsfw,
    )


class Store:
    def __init__(self, works: Iterable[Work], clock: Clock) -> None:
        self.clock = clock
        self.titles: dict[Key, Title] = {
            (work.kind, work.mal_id): title_from_work(work) for work in works if work.mal_id
        }
        self.accounts: dict[int, Account] = {}

    def by_name(self, name: str) -> Account | None:
        return next((one for one in self.accounts.values() if one.name and one.name.lower() == name.lower()), None)

    def add_account(self, name: str) -> Account:
        account = Account(FIRST_USER_ID + len(self.accounts), name, joined_at=self.clock.seconds())
        self.accounts[account.id] = account
        return account

    def remove_account(self, account: Account) -> None:
        # The id stays taken: a later account must not inherit this one's tokens.
        account.entries.clear()
        account.name = ""

    def forget_title(self, key: Key) -> None:
        """Merged or deleted on the site: it and every entry of it are gone."""
        self.titles.pop(key, None)
        for account in self.accounts.values():
            account.entries.pop(key, None)

    def put(self, account: Account, title: Title) -> Entry:
        """The entry, made when it is not there yet; a new one is "watching" or "reading"."""
        key = (title.kind, title.id)
        if key not in account.entries:
            account.entries[key] = Entry(title, STATUSES[title.kind][0])
        return account.entries[key]
