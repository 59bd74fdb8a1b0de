"""What each field of the fake's schema answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from operator import attrgetter, itemgetter
from typing import Any, TypeVar

from graphql import GraphQLObjectType

from integrations.providers.anilist import fake_lists, fake_media, fake_users
from integrations.providers.anilist.fake_execute import ApiError, Resolver, Runner, Step, invalid
from integrations.providers.anilist.fake_schema import load_schema
from integrations.providers.anilist.fake_scores import show_score
from integrations.providers.anilist.fake_store import Account, Entry, Media, Store
from integrations.sandbox.clock import Clock

T = TypeVar("T")

MAX_PER_PAGE = 50
GUESSED_TOTAL = 5_000
"""AniList answers this for pageInfo.total, whatever the truth: its docs call total and lastPage unreliable."""


@dataclass
class Context:
    """What one request knows. writes: "anime:5114" for each entry it changed. shorten: the list faults, if any."""

    store: Store
    viewer: Account | None
    settings: Mapping[str, Any]
    clock: Clock
    shorten: Callable[[list[Entry]], list[Entry]]
    writes: list[str] = field(default_factory=list)

    def wrote(self, entry: Entry) -> Entry:
        self.writes.append(f"{entry.media.type.lower()}:{entry.media.id}")
        return entry

    def visible(self, account: Account) -> list[Entry]:
        """Private entries show themselves to their owner only."""
        return [entry for entry in account.entries.values() if account is self.viewer or not entry.private]


@dataclass
class PageState:
    """has_next is set by the page's data field; pageInfo is read after it."""

    page: int
    per_page: int
    has_next: bool = False

    def cut(self, items: list[T]) -> list[T]:
        first = (self.page - 1) * self.per_page
        self.has_next = first + self.per_page < len(items)
        return items[first : first + self.per_page]


def open_page(source: Any, args: Mapping[str, Any], context: Context) -> PageState:
    wanted = args.get("perPage") or MAX_PER_PAGE
    return PageState(max(args.get("page") or 1, 1), max(1, min(wanted, MAX_PER_PAGE)))


def page_info(page: PageState, args: Mapping[str, Any], context: Context) -> dict[str, Any]:
    last = GUESSED_TOTAL // page.per_page
    return {
        "total": GUESSED_TOTAL,
        "perPage": page.per_page,
        "currentPage": page.page,
        "lastPage": last,
        "hasNextPage": page.has_next,
    }


def page_users(page: PageState, args: Mapping[str, Any], context: Context) -> list[Account]:
    wanted = (args.get("search") or args.get("name") or "").lower()
    people = [one for one in context.store.accounts.values() if one.name and wanted in one.name.lower()]
    return page.cut([one for one in people if args.get("id") in (None, one.id)])


def page_media(page: PageState, args: Mapping[str, Any], context: Context) -> list[Media]:
    media = list(context.store.media.values())
    if context.settings["unstable_ties"] and fake_media.leaves_ties(args.get("sort")):
        # Equal sort keys fall differently on each page: Thunder-Blaze/anilist_moe#19.
        media.sort(key=lambda one: hash((one.id, page.page)))
    return page.cut(fake_media.find_media(media, args, viewer=context.viewer))


def find_entries(args: Mapping[str, Any], context: Context) -> list[Entry]:
    """The entries of `userId`, `userName` or `userId_in`; of everyone who is public when none is given."""
    if args.get("userId") is not None or args.get("userName"):
        people = [fake_users.find_user(context, user_id=args.get("userId"), name=args.get("userName"))]
    else:
        ids = args.get("userId_in")
        people = [
            one for one in context.store.accounts.values() if not one.is_private and (ids is None or one.id in ids)
        ]
    entries = [entry for person in people for entry in context.visible(person)]
    return fake_lists.filter_entries(entries, args)


def page_entries(page: PageState, args: Mapping[str, Any], context: Context) -> list[Entry]:
    entries = context.shorten(find_entries(args, context))
    if context.settings["unstable_ties"] and args.get("sort"):
        # Equal sort keys fall differently on each page: Thunder-Blaze/anilist_moe#19.
        entries.sort(key=lambda entry: hash((entry.id, page.page)))
        for sort in reversed([one for one in args["sort"] if one]):
            entries.sort(key=fake_lists.SORT_KEYS[sort.removesuffix("_DESC")], reverse=sort.endswith("_DESC"))
    else:
        entries = fake_lists.sort_entries(entries, args.get("sort"))
    found = page.cut(entries)
    return fake_lists.mix_up(found) if fake_lists.is_mixed_up(args.get("sort")) else found


def one_media(source: Any, args: Mapping[str, Any], context: Context) -> Media:
    found = fake_media.find_media(context.store.media.values(), args, viewer=context.viewer)
    if not found:
        raise ApiError("Not Found.", 404)
    return found[0]


def one_entry(source: Any, args: Mapping[str, Any], context: Context) -> Entry:
    found = fake_lists.sort_entries(find_entries(args, context), args.get("sort"))
    if not found:
        raise ApiError("Not Found.", 404)
    return found[0]


def one_user(source: Any, args: Mapping[str, Any], context: Context) -> Account:
    return fake_users.find_user(context, user_id=args.get("id"), name=args.get("name"))


@dataclass(frozen=True)
class Collection:
    account: Account
    groups: list[fake_lists.Group]
    has_next: bool


def collect_lists(source: Any, args: Mapping[str, Any], context: Context) -> Collection:
    if args.get("userId") is None and not args.get("userName"):
        raise invalid(userId="The user id field is required when user name is not present.")
    if args.get("type") is None:
        raise invalid(type="The type field is required.")
    account = fake_users.find_user(context, user_id=args.get("userId"), name=args.get("userName"))
    entries = fake_lists.filter_entries(context.visible(account), args)
    # Hidden and on no custom list: not even the owner gets it here (5rahim/seanime#70).
    entries = [entry for entry in entries if entry.custom or not entry.hidden]
    chunk, has_next = fake_lists.read_chunk(context.shorten(entries), args, cap=context.settings["list_cap"])
    return Collection(account, fake_lists.build_groups(account, chunk, args), has_next)


def save_entry(source: Any, args: Mapping[str, Any], context: Context) -> Entry:
    return context.wrote(context.store.save(fake_users.need_viewer(context), args))


def update_entries(source: Any, args: Mapping[str, Any], context: Context) -> list[Entry]:
    return [context.wrote(entry) for entry in context.store.update_many(fake_users.need_viewer(context), args)]


def delete_entry(source: Any, args: Mapping[str, Any], context: Context) -> dict[str, bool]:
    context.wrote(context.store.delete(fake_users.need_viewer(context), args.get("id")))
    return {"deleted": True}


def entry_score(entry: Entry, args: Mapping[str, Any], context: Context) -> float:
    format_ = args.get("format") or context.store.accounts[entry.user_id].score_format
    return show_score(entry.raw, format_, half_up=context.settings["point_10_rounds_half_up"])


def entry_custom_lists(entry: Entry, args: Mapping[str, Any], context: Context) -> Any:
    names = context.store.accounts[entry.user_id].lists[entry.media.type].custom_lists
    if args.get("asArray"):
        return [{"name": name, "enabled": name in entry.custom} for name in names]
    return {name: name in entry.custom for name in names}


def entry_advanced(entry: Entry, args: Mapping[str, Any], context: Context) -> dict[str, float]:
    names = context.store.accounts[entry.user_id].lists[entry.media.type].advanced
    return {name: entry.advanced[at] if at < len(entry.advanced) else 0.0 for at, name in enumerate(names)}


def media_status(media: Media, args: Mapping[str, Any], context: Context) -> str:
    return "RELEASING" if media.status == "HIATUS" and (args.get("version") or 1) < 2 else media.status


def media_entry(media: Media, args: Mapping[str, Any], context: Context) -> Entry | None:
    return context.viewer.entries.get(media.id) if context.viewer else None


def media_preferred(media: Media, args: Mapping[str, Any], context: Context) -> str:
    wants_english = context.viewer is not None and context.viewer.title_language.startswith("ENGLISH")
    return media.english if wants_english and media.english else media.title


RESOLVERS: Mapping[str, Resolver] = {
    "Query.Page": open_page,
    "Query.Media": one_media,
    "Query.MediaList": one_entry,
    "Query.MediaListCollection": collect_lists,
    "Query.User": one_user,
    "Query.Viewer": lambda _source, _args, context: fake_users.need_viewer(context),
    "Mutation.SaveMediaListEntry": save_entry,
    "Mutation.UpdateMediaListEntries": update_entries,
    "Mutation.DeleteMediaListEntry": delete_entry,
    "Mutation.UpdateUser": fake_users.update_user,
    "Mutation.DeleteCustomList": fake_users.delete_custom_list,
    "Page.pageInfo": page_info,
    "Page.users": page_users,
    "Page.media": page_media,
    "Page.mediaList": page_entries,
    "MediaList.score": entry_score,
    "MediaList.customLists": entry_custom_lists,
    "MediaList.advancedScores": entry_advanced,
    "MediaList.user": lambda entry, _args, context: context.store.accounts[entry.user_id],
    "Media.status": media_status,
    "Media.mediaListEntry": media_entry,
    "MediaTitle.userPreferred": media_preferred,
    "User.options": fake_users.user_options,
    "User.mediaListOptions": fake_users.list_options,
    "User.statistics": fake_users.user_statistics,
}
GETTERS: Mapping[str, Step] = {
    "MediaList.userId": attrgetter("user_id"),
    "MediaList.mediaId": attrgetter("media.id"),
    "MediaList.progressVolumes": lambda entry: entry.progress_volumes if entry.media.type == "MANGA" else None,
    "MediaList.hiddenFromStatusLists": attrgetter("hidden"),
    "MediaList.startedAt": attrgetter("started"),
    "MediaList.completedAt": attrgetter("completed"),
    "MediaList.updatedAt": attrgetter("updated_at"),
    "MediaList.createdAt": attrgetter("created_at"),
    "FuzzyDate.year": itemgetter(0),
    "FuzzyDate.month": itemgetter(1),
    "FuzzyDate.day": itemgetter(2),
    "MediaListCollection.lists": attrgetter("groups"),
    "MediaListCollection.user": attrgetter("account"),
    "MediaListCollection.hasNextChunk": attrgetter("has_next"),
    "MediaListGroup.isCustomList": attrgetter("is_custom"),
    "MediaListGroup.isSplitCompletedList": attrgetter("is_split"),
    "Media.idMal": attrgetter("id_mal"),
    "Media.title": lambda media: media,
    "Media.coverImage": lambda media: dict.fromkeys(("extraLarge", "large", "medium"), media.cover or None),
    "Media.averageScore": attrgetter("average"),
    "Media.startDate": attrgetter("start"),
    "Media.endDate": lambda _: (None, None, None),
    "Media.season": fake_media.season_of,
    "Media.seasonYear": lambda media: media.start[0] if media.type == "ANIME" else None,
    "Media.episodes": fake_media.episodes,
    "Media.chapters": fake_media.chapters,
    "Media.volumes": lambda media: media.volumes if media.type == "MANGA" else None,
    "Media.isAdult": attrgetter("is_adult"),
    "Media.isLocked": attrgetter("is_locked"),
    "Media.isFavourite": lambda _: False,
    "Media.updatedAt": attrgetter("updated_at"),
    "Media.siteUrl": lambda media: f"{fake_users.SITE}/{media.type.lower()}/{media.id}",
    "Media.relations": lambda _: {"edges": [], "nodes": []},
    "Media.studios": lambda _: {"edges": [], "nodes": []},
    **{f"Media.{name}": lambda _: [] for name in ("tags", "externalLinks", "streamingEpisodes", "rankings")},
    "MediaTitle.romaji": attrgetter("title"),
    "MediaTitle.english": attrgetter("english"),
    "MediaTitle.native": lambda _: None,
    "User.avatar": lambda _: {},
    "User.unreadNotificationCount": lambda _: 0,
    "User.siteUrl": lambda account: f"{fake_users.SITE}/user/{account.name}",
    "User.createdAt": attrgetter("created_at"),
    "User.updatedAt": attrgetter("updated_at"),
}


def _by_name(name: str) -> Step:
    """The value of that name, of an object or a dict; None where the fake has none."""
    return lambda source: source.get(name) if isinstance(source, dict) else getattr(source, name, None)


def build_runner() -> Runner:
    types = [type_ for type_ in load_schema().type_map.values() if isinstance(type_, GraphQLObjectType)]
    names = [f"{type_.name}.{name}" for type_ in types if type_.name[:2] != "__" for name in type_.fields]
    rest = {path: _by_name(path.partition(".")[2]) for path in names if path not in RESOLVERS and path not in GETTERS}
    return Runner(RESOLVERS, {**rest, **GETTERS})
