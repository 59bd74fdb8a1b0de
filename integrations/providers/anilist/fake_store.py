"""What the AniList fake remembers: media, accounts and list entries, and the rules for changing an entry.

Three separate id spaces: media, list entries, users. providers/anilist.md 0, 4.4 and 5, read 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from integrations.providers.anilist.fake_execute import ApiError, invalid
from integrations.providers.anilist.fake_scores import TOPS, read_score
from integrations.sandbox import figures
from integrations.sandbox.catalogue import Work
from integrations.sandbox.clock import Clock

FuzzyDate = tuple[int | None, int | None, int | None]
NO_DATE: FuzzyDate = (None, None, None)
FIRST_USER_ID = 5_800_001
FIRST_ENTRY_ID = 410_000_001
TYPES = ("ANIME", "MANGA")
COUNTS = {"progress": "progress", "progressVolumes": "progress_volumes", "repeat": "repeat", "priority": "priority"}
PLAIN = COUNTS | {
    "status": "status",
    "scoreRaw": "raw",
    "private": "private",
    "hiddenFromStatusLists": "hidden",
}
"""Arguments that are stored as they come, unless they are null."""


@dataclass(slots=True)
class Media:
    """total: episodes or chapters; None = unknown, as AniList says it. start: partial. average: 1..100 or None.
    cover: the address of its picture, "" = none."""

    id: int
    id_mal: int | None
    type: str
    title: str
    english: str | None = None
    synonyms: list[str] = field(default_factory=list)
    format: str = "TV"
    status: str = "FINISHED"
    total: int | None = None
    volumes: int | None = None
    start: FuzzyDate = NO_DATE
    is_adult: bool = False
    is_locked: bool = False
    popularity: int = 0
    trending: int = 0
    average: int | None = None
    description: str | None = None
    genres: list[str] = field(default_factory=list)
    cover: str = ""
    updated_at: int = 1_700_000_000

    @property
    def names(self) -> list[str]:
        return [self.title, *([self.english] if self.english else []), *self.synonyms]


@dataclass(slots=True)
class Entry:
    """raw: score 0..100 whatever the owner is shown. custom: names of the custom lists it is on."""

    id: int
    user_id: int
    media: Media
    status: str = "CURRENT"
    raw: int = 0
    progress: int = 0
    progress_volumes: int = 0
    repeat: int = 0
    priority: int = 0
    private: bool = False
    notes: str | None = None
    hidden: bool = False
    custom: list[str] = field(default_factory=list)
    advanced: list[float] = field(default_factory=list)
    started: FuzzyDate = NO_DATE
    completed: FuzzyDate = NO_DATE
    updated_at: int = 0
    created_at: int = 0


@dataclass
class ListOptions:
    """A person's settings for one of the two lists. advanced: names of the scoring categories."""

    custom_lists: list[str] = field(default_factory=list)
    split_completed: bool = False
    advanced: list[str] = field(default_factory=list)
    advanced_enabled: bool = False
    section_order: list[str] = field(default_factory=list)


@dataclass
class Account:
    """entries: by media id. statistics: (when counted, figures) by type, because AniList serves old ones."""

    id: int
    name: str
    score_format: str = "POINT_100"
    is_private: bool = False
    about: str | None = None
    row_order: str = "score"
    title_language: str = "ROMAJI"
    timezone: str = "00:00"
    display_adult: bool = False
    merge_minutes: int = 30
    disabled_activity: dict[str, bool] = field(default_factory=dict)
    lists: dict[str, ListOptions] = field(default_factory=lambda: {type_: ListOptions() for type_ in TYPES})
    entries: dict[int, Entry] = field(default_factory=dict)
    created_at: int = 0
    updated_at: int = 0
    statistics: dict[str, tuple[float, Any]] = field(default_factory=dict)


def media_from_work(work: Work) -> Media:
    year, month, day = work.started()
    return Media(
        id=work.anilist_id,
        id_mal=work.mal_id or None,
        type=work.kind.upper(),
        title=work.title,
        english=work.english or None,
        format="MANGA" if work.format == "MANHWA" else work.format,
        status=work.status,
        total=work.total or None,
        volumes=work.volumes or None,
        start=(year or None, month or None, day or None),
        is_adult=work.nsfw == "black",
        popularity=figures.people("anilist", work.kind, work.anilist_id),
        trending=figures.figure("anilist", "trending", kind=work.kind, number=work.anilist_id, top=500),
        average=figures.average("anilist", work.kind, work.anilist_id),
        description=f"<i>{work.title}</i> stands in the sandbox.<br><br>\nIts end: ~!it is made up!~.",
        genres=figures.genres(work.kind, work.anilist_id),
        cover=f"https://s4.anilist.co/file/anilistcdn/media/{work.kind}/cover/medium/bx{work.anilist_id}.jpg",
    )


class Store:
    def __init__(self, works: Iterable[Work], clock: Clock) -> None:
        self.clock = clock
        self.media = {work.anilist_id: media_from_work(work) for work in works if work.anilist_id}
        self.accounts: dict[int, Account] = {}
        self.entries: dict[int, Entry] = {}
        self._last_entry = FIRST_ENTRY_ID - 1

    def by_name(self, name: str) -> Account | None:
        return next((one for one in self.accounts.values() if one.name.lower() == name.lower()), None)

    def add_account(self, name: str) -> Account:
        account = Account(FIRST_USER_ID + len(self.accounts), name, created_at=self.clock.seconds())
        account.updated_at = account.created_at
        self.accounts[account.id] = account
        return account

    def remove_account(self, account: Account) -> None:
        for entry in account.entries.values():
            del self.entries[entry.id]
        account.entries.clear()
        # The id stays taken: a later account must not inherit this one's tokens.
        account.name = ""
        account.is_private = True

    def forget_media(self, media_id: int) -> None:
        """Merged or deleted on the site: it and every entry of it are gone."""
        self.media.pop(media_id, None)
        for account in self.accounts.values():
            entry = account.entries.pop(media_id, None)
            if entry is not None:
                del self.entries[entry.id]

    def save(self, account: Account, args: Mapping[str, Any]) -> Entry:
        """SaveMediaListEntry. Raises ApiError; then nothing has changed."""
        check_values(args, account)
        entry = self._find(account, args)
        created = entry is None
        if entry is None:
            entry = self._create(account, args)
        change_entry(entry, args, account=account)
        if created and entry.status == "COMPLETED" and "completedAt" not in args:
            # bigspawn/anilist-mal-sync#53: the server fills today in.
            today = self.clock.today()
            entry.completed = (today.year, today.month, today.day)
        entry.updated_at = self.clock.seconds()
        return entry

    def _find(self, account: Account, args: Mapping[str, Any]) -> Entry | None:
        if args.get("id") is not None:
            entry = self.entries.get(args["id"])
            if entry is None:
                raise invalid(id="The selected id is invalid.")
            return self._own(account, entry)
        if args.get("mediaId") is None:
            raise invalid(mediaId="The media id field is required.")
        if args["mediaId"] not in self.media:
            raise invalid(mediaId="The selected media id is invalid.")
        return account.entries.get(args["mediaId"])

    def _create(self, account: Account, args: Mapping[str, Any]) -> Entry:
        media = self.media[args["mediaId"]]
        if media.is_locked:
            raise invalid(mediaId="This media is locked and can not be added to lists.")
        self._last_entry += 1
        entry = Entry(self._last_entry, account.id, media, created_at=self.clock.seconds())
        account.entries[media.id] = entry
        self.entries[entry.id] = entry
        return entry

    def update_many(self, account: Account, args: Mapping[str, Any]) -> list[Entry]:
        """UpdateMediaListEntries: one set of values for all ids, all or nothing."""
        check_values(args, account)
        found = [self.entries.get(entry_id) for entry_id in args.get("ids") or ()]
        if not found or None in found:
            raise invalid(ids="The selected ids is invalid.")
        entries = [self._own(account, entry) for entry in found if entry is not None]
        for entry in entries:
            change_entry(entry, args, account=account)
            entry.updated_at = self.clock.seconds()
        return entries

    def delete(self, account: Account, entry_id: int | None) -> Entry:
        """By entry id only. A media id may hit a stranger's entry: dentolos19/anilistnet#19."""
        entry = self.entries.get(entry_id or 0)
        if entry is None:
            raise ApiError("Not Found.", 404)
        self._own(account, entry)
        del self.entries[entry.id]
        del account.entries[entry.media.id]
        return entry

    def copy_entries(self, account: Account) -> dict[int, Entry]:
        return {media_id: replace(entry) for media_id, entry in account.entries.items()}

    def restore_entries(self, account: Account, entries: dict[int, Entry]) -> None:
        for entry in account.entries.values():
            del self.entries[entry.id]
        account.entries = entries
        self.entries.update({entry.id: entry for entry in entries.values()})

    def _own(self, account: Account, entry: Entry) -> Entry:
        if entry.user_id != account.id:
            raise ApiError("You are not authorized to modify this MediaList", 403)
        return entry


def check_values(args: Mapping[str, Any], account: Account) -> None:
    for name in COUNTS:
        if (args.get(name) or 0) < 0:
            raise invalid(**{name: f"The {name} must be at least 0."})
    if not 0 <= (args.get("scoreRaw") or 0) <= 100:
        raise invalid(scoreRaw="The score raw must be between 0 and 100.")
    top = TOPS[account.score_format]
    if not 0 <= (args.get("score") or 0) <= top:
        raise invalid(score=f"The score must be between 0 and {top}.")
    for name in ("startedAt", "completedAt"):
        date = args.get(name) or {}
        if not (
            0 <= (date.get("month") or 0) <= 12
            and 0 <= (date.get("day") or 0) <= 31
            and 0 <= (date.get("year") or 0) <= 9999
        ):
            raise invalid(**{name: f"The {name} is not a valid date."})


def change_entry(entry: Entry, args: Mapping[str, Any], *, account: Account) -> None:
    """Apply what was sent; what was not stays. A null clears a date or a note, and leaves anything else."""
    if args.get("score") is not None:
        entry.raw = read_score(args["score"], account.score_format)
    for name, attribute in PLAIN.items():
        if args.get(name) is not None:
            setattr(entry, attribute, args[name])
    if "notes" in args:
        entry.notes = args["notes"] or None
    if args.get("customLists") is not None:
        known = account.lists[entry.media.type].custom_lists
        entry.custom = [name for name in known if name in args["customLists"]]
    if args.get("advancedScores") is not None:
        entry.advanced = [float(score or 0) for score in args["advancedScores"]]
    if "startedAt" in args:
        entry.started = read_date(args["startedAt"])
    if "completedAt" in args:
        entry.completed = read_date(args["completedAt"])


def read_date(value: Mapping[str, int | None] | None) -> FuzzyDate:
    """A FuzzyDateInput. null, {} and three nulls all mean none; 0 is an unknown part."""
    parts = value or {}
    return (parts.get("year") or None, parts.get("month") or None, parts.get("day") or None)
