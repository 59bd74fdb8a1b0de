"""Users, their options and their statistics in the AniList fake. providers/anilist.md 4.6 and 7, read 2026-11-21."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from statistics import fmean, pstdev
from typing import TYPE_CHECKING, Any

from integrations.providers.anilist.fake_execute import ApiError
from integrations.providers.anilist.fake_lists import STATUSES
from integrations.providers.anilist.fake_store import TYPES, Account, Entry, ListOptions

if TYPE_CHECKING:
    from integrations.providers.anilist.fake_resolve import Context

OPTION_NAMES = {
    "sectionOrder": "section_order",
    "splitCompletedSectionByFormat": "split_completed",
    "customLists": "custom_lists",
    "advancedScoring": "advanced",
    "advancedScoringEnabled": "advanced_enabled",
}
USER_NAMES = {
    "about": "about",
    "titleLanguage": "title_language",
    "displayAdultContent": "display_adult",
    "scoreFormat": "score_format",
    "rowOrder": "row_order",
    "timezone": "timezone",
    "activityMergeTime": "merge_minutes",
}
SITE = "https://anilist.co"


def need_viewer(context: Context) -> Account:
    if context.viewer is None:
        raise ApiError("Unauthorized.", 401)
    return context.viewer


def find_user(context: Context, *, user_id: int | None = None, name: str | None = None) -> Account:
    """The account, if the caller may see it."""
    account = (
        context.store.accounts.get(user_id) if user_id is not None else context.store.by_name(name) if name else None
    )
    if account is None or not account.name:
        raise ApiError("User not found", 404)
    if account.is_private and account is not context.viewer:
        raise ApiError("Private User", 404)
    return account


def update_user(source: Any, args: Mapping[str, Any], context: Context) -> Account:
    account = need_viewer(context)
    for name, attribute in USER_NAMES.items():
        if args.get(name) is not None:
            setattr(account, attribute, args[name])
    for type_, name in zip(TYPES, ("animeListOptions", "mangaListOptions"), strict=True):
        change_list_options(account, args.get(name) or {}, type_=type_)
    for option in args.get("disabledListActivity") or ():
        if option and option.get("type"):
            account.disabled_activity[option["type"]] = bool(option.get("disabled"))
    account.updated_at = context.clock.seconds()
    return account


def change_list_options(account: Account, changes: Mapping[str, Any], *, type_: str) -> None:
    """A custom list that is no longer named is gone from every entry, too."""
    options = account.lists[type_]
    for name, attribute in OPTION_NAMES.items():
        if changes.get(name) is not None:
            setattr(options, attribute, changes[name])
    for entry in account.entries.values():
        if entry.media.type == type_ and entry.custom:
            entry.custom = [name for name in options.custom_lists if name in entry.custom]


def delete_custom_list(source: Any, args: Mapping[str, Any], context: Context) -> dict[str, bool]:
    account = need_viewer(context)
    options = account.lists[args.get("type") or "ANIME"]
    if args.get("customList") not in options.custom_lists:
        raise ApiError("Not Found.", 404)
    left = [name for name in options.custom_lists if name != args["customList"]]
    change_list_options(account, {"customLists": left}, type_=args.get("type") or "ANIME")
    return {"deleted": True}


def read_statistics(account: Account, type_: str, context: Context) -> dict[str, Any]:
    """Figures that may be as old as the setting `statistics_age` says: AniList caches them."""
    kept = account.statistics.get(type_)
    now = context.clock.now()
    if kept is None or not 0 <= now - kept[0] < context.settings["statistics_age"]:
        entries = [entry for entry in account.entries.values() if entry.media.type == type_]
        kept = account.statistics[type_] = (now, _count(entries, account))
    return dict(kept[1])


def _count(entries: list[Entry], account: Account) -> dict[str, Any]:
    return {
        **_figures(entries),
        "standardDeviation": pstdev([entry.raw for entry in entries if entry.raw] or [0]),
        "episodesWatched": sum(entry.progress for entry in entries if entry.media.type == "ANIME"),
        "volumesRead": sum(entry.progress_volumes for entry in entries),
        "statuses": _grouped(entries, "status", lambda entry: entry.status),
        "formats": _grouped(entries, "format", lambda entry: entry.media.format),
    }


def _figures(entries: list[Entry]) -> dict[str, Any]:
    return {
        "count": len(entries),
        "meanScore": fmean([entry.raw for entry in entries if entry.raw] or [0]),
        "minutesWatched": sum(entry.progress * 24 for entry in entries if entry.media.type == "ANIME"),
        "chaptersRead": sum(entry.progress for entry in entries if entry.media.type == "MANGA"),
        "mediaIds": [entry.media.id for entry in entries],
    }


def _grouped(entries: list[Entry], name: str, read: Callable[[Entry], str]) -> list[dict[str, Any]]:
    values = sorted({read(entry) for entry in entries})
    return [{**_figures([entry for entry in entries if read(entry) == value]), name: value} for value in values]


def options_json(options: ListOptions) -> dict[str, Any]:
    return {name: getattr(options, attribute) for name, attribute in OPTION_NAMES.items()}


def user_options(account: Account, args: Mapping[str, Any], context: Context) -> dict[str, Any]:
    mine = account is context.viewer
    return {
        "titleLanguage": account.title_language,
        "displayAdultContent": account.display_adult,
        "airingNotifications": True,
        "profileColor": "blue",
        "timezone": account.timezone if mine else None,
        "activityMergeTime": account.merge_minutes,
        "staffNameLanguage": "ROMAJI_WESTERN",
        "restrictMessagesToFollowing": False,
        "disabledListActivity": [
            {"type": status, "disabled": account.disabled_activity.get(status, False)} for status in STATUSES
        ],
    }


def list_options(account: Account, args: Mapping[str, Any], context: Context) -> dict[str, Any]:
    return {
        "scoreFormat": account.score_format,
        "rowOrder": account.row_order,
        "animeList": options_json(account.lists["ANIME"]),
        "mangaList": options_json(account.lists["MANGA"]),
    }


def user_statistics(account: Account, args: Mapping[str, Any], context: Context) -> dict[str, Any]:
    return {type_.lower(): read_statistics(account, type_, context) for type_ in ("ANIME", "MANGA")}
