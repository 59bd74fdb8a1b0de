"""What each field of the fake's GraphQL schema answers. providers/kitsu.md 7, read 2026-11-21."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from graphql import GraphQLError, GraphQLResolveInfo

from integrations.providers.kitsu.fake_filters import match_score
from integrations.providers.kitsu.fake_resources import titles_json
from integrations.providers.kitsu.fake_store import KINDS, Account, Entry, Media, MediaMapping, View
from integrations.providers.kitsu.fake_write import Invalid, find_media, new_entry, save, show_moment

MAX_PAGE = 2_000
NOT_AUTHORIZED = {"message": "Not Authorized", "code": "NotAuthorized", "path": None}
Args = Mapping[str, Any]


class Crash(Exception):
    """What the server does not catch: the whole answer is HTTP 500, and nothing after it runs."""


@dataclass
class Context:
    """What one request knows. shorten: the list faults, if any. writes: "anime:1" for each entry it changed."""

    view: View
    shorten: Callable[[list[Entry]], list[Entry]]
    writes: list[str] = field(default_factory=list)
    crash: Crash | None = None

    def wrote(self, entry: Entry) -> None:
        self.writes.append(f"{entry.media.kind}:{entry.media.id}")


def connect(rows: Sequence[Any], args: Args) -> dict[str, Any]:
    """One page of a connection; cursors hide the place in the whole list."""
    start = _read_cursor(args.get("after"))
    first = args.get("first")
    size = MAX_PAGE if first is None else max(0, min(first, MAX_PAGE))
    nodes = list(rows[start : start + size])
    end = start + len(nodes)
    info = {
        "startCursor": _cursor(start + 1) if nodes else None,
        "endCursor": _cursor(end) if nodes else None,
        "hasNextPage": end < len(rows),
        "hasPreviousPage": start > 0,
    }
    return {"nodes": nodes, "totalCount": len(rows), "pageInfo": info}


def _cursor(place: int) -> str:
    return base64.urlsafe_b64encode(str(place).encode()).decode().rstrip("=")


def _read_cursor(text: str | None) -> int:
    if text is None:
        return 0
    try:
        return max(0, int(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))))
    except (ValueError, binascii.Error) as error:
        raise GraphQLError(f"Invalid cursor: {text}") from error


def read_library(account: Account, args: Args, context: Context) -> dict[str, Any]:
    kind = (args.get("mediaType") or "").lower()
    statuses = {status.lower() for status in args.get("status") or ()}
    rows = [
        entry
        for entry in sorted(account.entries.values(), key=lambda entry: entry.id)
        if context.view.sees_entry(entry) and kind in ("", entry.media.kind)
    ]
    rows = context.shorten([entry for entry in rows if not statuses or entry.status in statuses])
    for sort in reversed([one for one in args.get("sort") or () if one]):
        read = attrgetter(sort["on"].lower())
        known = [entry for entry in rows if read(entry) is not None]
        known.sort(key=read, reverse=sort["direction"] == "DESCENDING")
        rows = known + [entry for entry in rows if read(entry) is None]
    return connect(rows, args)


def find_by_id(kind: str) -> Callable[[Any, Args, Context], Media | None]:
    return lambda _, args, context: _seen(find_media(context.view.store, kind, args["id"]), context)


def find_by_slug(kind: str) -> Callable[[Any, Args, Context], Media | None]:
    return lambda _, args, context: _seen(context.view.store.slugs.get((kind, args["slug"])), context)


def search(*kinds: str) -> Callable[[Any, Args, Context], dict[str, Any]]:
    def run(_: Any, args: Args, context: Context) -> dict[str, Any]:
        wanted = (args["mediaType"].lower(),) if args.get("mediaType") else kinds
        media = [one for one in context.view.store.media.values() if one.kind in wanted and _seen(one, context)]
        scored = sorted(((match_score(one, args["title"]), one) for one in media), key=lambda pair: -pair[0])
        return connect([one for score, one in scored if score > 0], args)

    return run


def lookup_mapping(_: Any, args: Args, context: Context) -> Media | None:
    """Of several items with one id the first: the field answers one."""
    wanted = (args["externalSite"], args["externalId"])
    found = [one for one in context.view.store.mappings.values() if (site_enum(one), one.external_id) == wanted]
    return _seen(found[0].media, context) if found else None


def _seen(media: Media | None, context: Context) -> Media | None:
    return media if media is not None and context.view.sees_media(media) else None


def site_enum(mapping: MediaMapping) -> str:
    return mapping.site.replace("/", "_").upper()


def mappings_of(media: Media, args: Args, context: Context) -> dict[str, Any]:
    return connect(list(context.view.store.mapped.get((media.kind, media.id), {}).values()), args)


def my_entry(media: Media, args: Args, context: Context) -> Entry | None:
    viewer = context.view.viewer
    entry = viewer.entries.get((media.kind, media.id)) if viewer else None
    return entry if entry is not None and context.view.sees_entry(entry) else None


def localized(media: Media, args: Args, context: Context) -> dict[str, str]:
    known = titles_json(media)
    wanted = args.get("locales") or ["*"]
    return known if "*" in wanted else {name: title for name, title in known.items() if name in wanted}


def _values(data: Args) -> dict[str, Any]:
    """An input in REST's names."""
    values = {name: value for name, value in data.items() if name not in ("id", "mediaId", "mediaType")}
    if "rating" in values:
        values["ratingTwenty"] = values.pop("rating")
    if values.get("status"):
        values["status"] = values["status"].lower()
    return values


def _find_entry(data: Args, context: Context) -> Entry:
    """By id, or by media among one's own. Raises Crash."""
    store, viewer = context.view.store, context.view.viewer
    assert viewer is not None
    if "id" in data:
        entry = store.entries.get(int(data["id"])) if data["id"].isdecimal() else None
        wanted = f"'id'={data['id']}"
    else:
        media = find_media(store, data["mediaType"].lower(), data["mediaId"])
        entry = viewer.entries.get((media.kind, media.id)) if media else None
        wanted = f"'media_id'={data['mediaId']}"
    if entry is None:
        raise Crash(f"Couldn't find LibraryEntry with {wanted}")
    return entry


def mutate(change: Callable[[Args, Context], Any]) -> Callable[[Any, Args, Context], dict[str, Any]]:
    """A mutation's payload: refusals are data, and HTTP stays 200."""

    def run(_: Any, args: Args, context: Context) -> dict[str, Any]:
        if context.crash is not None:
            raise context.crash
        if context.view.viewer is None:
            return {"errors": [NOT_AUTHORIZED], "libraryEntry": None}
        try:
            return {"errors": None, "libraryEntry": change(args["input"], context)}
        except PermissionError:
            return {"errors": [NOT_AUTHORIZED], "libraryEntry": None}
        except Invalid as error:
            errors = [
                {"message": message, "code": "ValidationError", "path": ["attributes", name]}
                for name, message in error.problems
            ]
            return {"errors": errors, "libraryEntry": None}
        except Crash as error:
            context.crash = error
            raise

    return run


def _own_entry(data: Args, context: Context) -> Entry:
    """Raises PermissionError for another's."""
    entry = _find_entry(data, context)
    if context.view.viewer is None or entry.user_id != context.view.viewer.id:
        raise PermissionError
    return entry


def create(data: Args, context: Context) -> Entry:
    store, viewer = context.view.store, context.view.viewer
    assert viewer is not None
    media = find_media(store, data["mediaType"].lower(), data["mediaId"])
    entry = new_entry(store, viewer, media, values=_values(data))
    context.wrote(entry)
    return entry


def update(data: Args, context: Context) -> Entry:
    entry = save(context.view.store, _own_entry(data, context), _values(data))
    context.wrote(entry)
    return entry


def delete(data: Args, context: Context) -> dict[str, int]:
    entry = _own_entry(data, context)
    context.view.store.remove_entry(entry)
    context.wrote(entry)
    return {"id": entry.id}


MEDIA: Mapping[str, Callable[[Any, Args, Context], Any]] = {
    "endDate": lambda media, _, __: media.end or None,
    "startDate": lambda media, _, __: media.start or None,
    "episodeCount": lambda media, _, __: media.total or None,
    "chapterCount": lambda media, _, __: media.total or None,
    "volumeCount": lambda media, _, __: media.volumes or None,
    "mappings": mappings_of,
    "myLibraryEntry": my_entry,
    "status": lambda media, _, __: media.status.upper(),
    "subtype": lambda media, _, __: media.subtype.upper(),
    "titles": lambda media, _, __: media,
    "type": lambda media, _, __: media.kind.capitalize(),
}
UPDATES = ("update", *(f"update{what}By{how}" for what in ("Progress", "Rating", "Status") for how in ("Id", "Media")))
MOMENTS = ("createdAt", "updatedAt", "finishedAt", "progressedAt", "startedAt")
RESOLVERS: Mapping[str, Callable[[Any, Args, Context], Any]] = {
    "Query.currentAccount": lambda _, __, context: context.view.viewer,
    "Query.currentProfile": lambda _, __, context: context.view.viewer,
    **{f"Query.find{kind.capitalize()}ById": find_by_id(kind) for kind in KINDS},
    **{f"Query.find{kind.capitalize()}BySlug": find_by_slug(kind) for kind in KINDS},
    **{f"Query.search{kind.capitalize()}ByTitle": search(kind) for kind in KINDS},
    "Query.searchMediaByTitle": search(*KINDS),
    "Query.lookupMapping": lookup_mapping,
    "Mutation.libraryEntry": lambda _, __, ___: {},
    "LibraryEntryMutations.create": mutate(create),
    "LibraryEntryMutations.delete": mutate(delete),
    **{f"LibraryEntryMutations.{name}": mutate(update) for name in UPDATES},
    "Account.profile": lambda account, _, __: account,
    "Account.ratingSystem": lambda account, _, __: account.rating_system.upper(),
    "Account.sfwFilter": lambda account, _, __: account.sfw_filter,
    "Account.timeZone": lambda account, _, __: account.time_zone,
    "Account.titleLanguagePreference": lambda account, _, __: account.title_language,
    "Profile.url": lambda account, _, __: f"https://kitsu.app/users/{account.slug}",
    "Profile.library": lambda account, _, __: account,
    "Library.all": read_library,
    **{f"{kind}.{name}": run for kind in ("Anime", "Manga") for name, run in MEDIA.items()},
    "TitlesList.alternatives": lambda media, _, __: media.synonyms,
    "TitlesList.canonical": lambda media, _, __: media.title,
    "TitlesList.localized": localized,
    "Mapping.externalId": lambda mapping, _, __: mapping.external_id,
    "Mapping.externalSite": lambda mapping, _, __: site_enum(mapping),
    "Mapping.item": lambda mapping, _, context: _seen(mapping.media, context),
    "LibraryEntry.media": lambda entry, _, context: _seen(entry.media, context),
    "LibraryEntry.reconsumeCount": lambda entry, _, __: entry.reconsume_count,
    "LibraryEntry.volumesOwned": lambda entry, _, __: entry.volumes_owned,
    "LibraryEntry.status": lambda entry, _, __: entry.status.upper(),
    "LibraryEntry.user": lambda entry, _, context: context.view.store.accounts[entry.user_id],
}


def resolve_field(source: Any, info: GraphQLResolveInfo[Context], **args: Any) -> Any:
    """By type and field; else the value of that name, None where the fake has none."""
    name = info.field_name
    run = RESOLVERS.get(f"{info.parent_type.name}.{name}")
    if run is not None:
        return run(source, args, info.context)
    if name in MOMENTS:
        return show_moment(getattr(source, f"{name.removesuffix('At')}_at"))
    return source.get(name) if isinstance(source, dict) else getattr(source, name, None)


def resolve_type(value: Any, info: GraphQLResolveInfo[Context], abstract: Any) -> str:
    if isinstance(value, Media):
        return value.kind.capitalize()
    return f"{value['code']}Error".replace("ErrorError", "Error")
