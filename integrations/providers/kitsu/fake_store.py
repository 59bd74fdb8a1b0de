"""What the Kitsu fake remembers: media, mappings, accounts and library entries, and who may see what.

providers/kitsu.md 6 and 10, read 2026-11-21. Anime and manga have ids of their own, so a bare number names two works.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from integrations.sandbox import figures
from integrations.sandbox.catalogue import Work
from integrations.sandbox.clock import Clock

Key = tuple[str, int]
"""(kind, media id)."""
KINDS = ("anime", "manga")
STATUSES = ("current", "planned", "completed", "on_hold", "dropped")
"""In the order of their numbers, which begin with 1."""
RATING_SYSTEMS = ("simple", "regular", "advanced")
FIRST_USER_ID = 1_400_001
FIRST_ENTRY_ID = 70_000_001
FIRST_MAPPING_ID = 30_001
DEFAULT_PASSWORD = "sandbox"  # noqa: S105 - every sandbox account opens with it unless told otherwise
NO_ANILIST_EVERY, NO_MAPPING_EVERY = 13, 29
"""Rows of the catalogue whose AniList mapping, or every mapping, Kitsu lacks: MALSync#2222."""
SUBTYPES = {
    "TV": "TV",
    "TV_SHORT": "TV",
    "MOVIE": "movie",
    "SPECIAL": "special",
    "OVA": "OVA",
    "ONA": "ONA",
    "MUSIC": "music",
    "MANGA": "manga",
    "MANHWA": "manhwa",
    "NOVEL": "novel",
    "ONE_SHOT": "oneshot",
}


@dataclass(slots=True)
class Media:
    """total: episodes or chapters, 0 = unknown. start, end: a whole day or "". hidden: out of sight, entries stay.
    average: a text such as "82.47", None = too few marks. poster: the address of its picture, "" = none."""

    kind: str
    id: int
    title: str
    slug: str = ""
    english: str = ""
    synonyms: list[str] = field(default_factory=list)
    subtype: str = "TV"
    status: str = "finished"
    total: int = 0
    volumes: int = 0
    start: str = ""
    end: str = ""
    nsfw: bool = False
    hidden: bool = False
    synopsis: str = ""
    average: str | None = None
    users: int = 0
    poster: str = ""

    @property
    def names(self) -> list[str]:
        return [self.title, *([self.english] if self.english else []), *self.synonyms]


@dataclass(frozen=True, slots=True)
class MediaMapping:
    """What another site calls a media. site: e.g. "myanimelist/anime"."""

    id: int
    site: str
    external_id: str
    media: Media


@dataclass(slots=True)
class Entry:
    """rating: 2..20, None = unrated. Times in sandbox seconds, None = none. id 0: not stored yet."""

    id: int
    user_id: int
    media: Media
    status: str = ""
    progress: int = 0
    volumes_owned: int = 0
    reconsuming: bool = False
    reconsume_count: int = 0
    notes: str | None = None
    private: bool = False
    reaction_skipped: str = "unskipped"
    rating: int | None = None
    progressed_at: float | None = None
    started_at: float | None = None
    finished_at: float | None = None
    created_at: float = 0.0
    updated_at: float = 0.0

    @property
    def key(self) -> Key:
        return (self.media.kind, self.media.id)


@dataclass
class Account:
    """name "": closed. sfw_filter: hides adult works and their entries, from the owner as well."""

    id: int
    name: str
    slug: str
    email: str
    password: str = DEFAULT_PASSWORD
    rating_system: str = "regular"
    sfw_filter: bool = True
    time_zone: str = "UTC"
    title_language: str = "canonical"
    created_at: float = 0.0
    entries: dict[Key, Entry] = field(default_factory=dict)


def slugify(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return "-".join(re.findall(r"[a-z0-9]+", plain)) or "untitled"


def media_from_work(work: Work, media_id: int) -> Media:
    """Only whole days are dates at Kitsu. Its adult flag is in no table: MAL's gray and black count as adult."""
    return Media(
        kind=work.kind,
        id=media_id,
        title=work.title,
        english=work.english,
        subtype=SUBTYPES.get(work.format, "TV" if work.kind == "anime" else "manga"),
        status="finished" if work.status == "FINISHED" else "current",
        total=work.total,
        volumes=work.volumes,
        start=work.start if len(work.start) == 10 else "",
        nsfw=work.nsfw != "white",
        synopsis=f"{work.title} stands in the sandbox.\n\nIts words are made up.",
        average=f"{figures.average('kitsu', work.kind, media_id)}.25",
        users=figures.people("kitsu", work.kind, media_id),
        poster=f"https://media.kitsu.app/{work.kind}/{media_id}/poster_image/medium.jpeg",
    )


def mappings_of(work: Work) -> dict[str, str]:
    ids = {f"myanimelist/{work.kind}": work.mal_id, f"anilist/{work.kind}": work.anilist_id}
    return {site: str(number) for site, number in ids.items() if number}


class Store:
    """issued: when a token was made, by its text. Entries are replaced as a whole, never altered in place."""

    def __init__(self, works: Iterable[Work], clock: Clock) -> None:
        self.clock = clock
        self.media: dict[Key, Media] = {}
        self.slugs: dict[tuple[str, str], Media] = {}
        self.mappings: dict[int, MediaMapping] = {}
        self.mapped: dict[Key, dict[str, MediaMapping]] = {}
        self.accounts: dict[int, Account] = {}
        self.entries: dict[int, Entry] = {}
        self.issued: dict[str, int] = {}
        self._last_mapping = FIRST_MAPPING_ID - 1
        self._last_entry = FIRST_ENTRY_ID - 1
        manga = 0
        for row, work in enumerate(works, start=1):
            manga += work.kind == "manga"
            media_id = work.kitsu_id or (manga if work.kind == "manga" else 0)
            if media_id:
                self.add_work(work, media_id, mappings=_known_mappings(work, row))

    def add_work(self, work: Work, media_id: int, *, mappings: Mapping[str, str]) -> None:
        media = media_from_work(work, media_id)
        self.put_media(media)
        self.set_mappings(media, mappings)

    def put_media(self, media: Media) -> None:
        """A slug that is missing or another's becomes one of its own."""
        base = slug = media.slug or slugify(media.title)
        tries = 1
        while self.slugs.get((media.kind, slug), media) is not media:
            tries += 1
            slug = f"{base}-{tries}"
        media.slug = slug
        self.slugs[(media.kind, slug)] = media
        self.media[(media.kind, media.id)] = media

    def set_mappings(self, media: Media, wanted: Mapping[str, str]) -> None:
        """Exactly these, at most one a site."""
        key = (media.kind, media.id)
        for old in self.mapped.pop(key, {}).values():
            del self.mappings[old.id]
        for site, external_id in wanted.items():
            self._last_mapping += 1
            made = MediaMapping(self._last_mapping, site, external_id, media)
            self.mappings[made.id] = self.mapped.setdefault(key, {})[site] = made

    def forget_media(self, key: Key) -> None:
        """Merged or deleted on the site: it, its mappings and every entry of it are gone."""
        media = self.media.pop(key, None)
        if media is None:
            return
        self.set_mappings(media, {})
        del self.slugs[(media.kind, media.slug)]
        for account in self.accounts.values():
            if key in account.entries:
                self.remove_entry(account.entries[key])

    def by_name(self, name: str) -> Account | None:
        return next((one for one in self.accounts.values() if one.name and one.name.lower() == name.lower()), None)

    def by_login(self, login: str) -> Account | None:
        """By e-mail or slug."""
        wanted = login.lower()
        return next((one for one in self.accounts.values() if one.name and wanted in (one.email, one.slug)), None)

    def add_account(self, name: str) -> Account:
        slug = slugify(name)
        made = Account(FIRST_USER_ID + len(self.accounts), name, slug, f"{slug}@kitsu.example")
        made.created_at = self.clock.now()
        self.accounts[made.id] = made
        return made

    def remove_account(self, account: Account) -> None:
        for entry in list(account.entries.values()):
            self.remove_entry(entry)
        # The id stays taken: a later account must not inherit this one's tokens.
        account.name = ""

    def put_entry(self, entry: Entry) -> Entry:
        """Store it, in the place of the one with its id; a new one gets an id."""
        if not entry.id:
            self._last_entry += 1
            entry.id = self._last_entry
        self.entries[entry.id] = entry
        self.accounts[entry.user_id].entries[entry.key] = entry
        return entry

    def remove_entry(self, entry: Entry) -> None:
        del self.entries[entry.id]
        del self.accounts[entry.user_id].entries[entry.key]


def _known_mappings(work: Work, row: int) -> dict[str, str]:
    """row: of the catalogue, from 1."""
    if row % NO_MAPPING_EVERY == 0:
        return {}
    known = mappings_of(work)
    if row % NO_ANILIST_EVERY == 0:
        known.pop(f"anilist/{work.kind}", None)
    return known


@dataclass(frozen=True)
class View:
    """What one request may see. viewer None: nobody is logged in."""

    store: Store
    viewer: Account | None

    @property
    def shows_adult(self) -> bool:
        return self.viewer is not None and not self.viewer.sfw_filter

    def sees_media(self, media: Media) -> bool:
        return not media.hidden and (self.shows_adult or not media.nsfw)

    def sees_entry(self, entry: Entry) -> bool:
        """An entry of a hidden work is seen; its work is not."""
        mine = self.viewer is not None and entry.user_id == self.viewer.id
        return (mine or not entry.private) and (self.shows_adult or not entry.media.nsfw)

    @property
    def today(self) -> date:
        return self.store.clock.today()
