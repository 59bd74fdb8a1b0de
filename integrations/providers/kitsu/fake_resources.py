"""Kitsu's JSON:API resources: attributes, relationships, filters and sorts. providers/kitsu.md 5, 6 and 10.

Read 2026-11-21. Attributes that list clients do not use are absent; cover images are null and tags are empty lists.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import floor
from operator import attrgetter
from typing import Any

from integrations.providers.kitsu.fake_store import Account, Entry, Media, MediaMapping, View
from integrations.providers.kitsu.fake_write import show_moment

Reader = Callable[[Any], Any]
BORN = "2013-02-20T16:00:00.000Z"
"""createdAt and updatedAt of works and mappings, which nobody's list depends on."""
MOST = 20
MOST_ENTRIES = 500
UNSORTABLE = {"titles", "posterImage", "coverImage", "abbreviatedTitles"}


@dataclass(frozen=True)
class Relation:
    """read: the model, None, or a list of models for `many`. to: the types that may stand there."""

    read: Callable[[Any, View], Any]
    to: tuple[str, ...] = ()
    many: bool = False


@dataclass(frozen=True)
class Resource:
    """top: the largest page. own: attributes that only the person themself may read."""

    type: str
    path: str
    attributes: Mapping[str, Reader]
    relations: Mapping[str, Relation]
    filters: frozenset[str]
    top: int = MOST
    own: frozenset[str] = frozenset()
    more_sorts: frozenset[str] = frozenset()
    sorts: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        sortable = self.attributes.keys() - UNSORTABLE - self.own
        object.__setattr__(self, "sorts", frozenset(sortable) | self.more_sorts | {"id"})

    def has(self, name: str) -> bool:
        return name in self.attributes or name in self.relations


def type_of(model: Entry | Media | MediaMapping | Account) -> str:
    """The resource type of a model."""
    if isinstance(model, Media):
        return model.kind
    return {Entry: "libraryEntries", MediaMapping: "mappings", Account: "users"}[type(model)]


def titles_json(media: Media) -> dict[str, str]:
    return {"en": media.english, "en_jp": media.title} if media.english else {"en_jp": media.title}


def half_stars(rating: int | None) -> str:
    """The old rating: "0.0" to "5.0" in steps of 0.5."""
    return f"{floor((rating or 0) / 2) / 2:.1f}"


MEDIA: Mapping[str, Reader] = {
    "createdAt": lambda _: BORN,
    "updatedAt": lambda _: BORN,
    "slug": attrgetter("slug"),
    "synopsis": attrgetter("synopsis"),
    "titles": titles_json,
    "canonicalTitle": attrgetter("title"),
    "abbreviatedTitles": attrgetter("synonyms"),
    "averageRating": attrgetter("average"),
    "userCount": attrgetter("users"),
    "favoritesCount": lambda _: 0,
    "popularityRank": attrgetter("id"),
    "ratingRank": lambda _: None,
    "startDate": lambda media: media.start or None,
    "endDate": lambda media: media.end or None,
    "ageRating": lambda media: "R18" if media.nsfw else "PG",
    "subtype": attrgetter("subtype"),
    "status": attrgetter("status"),
    "posterImage": lambda media: {"small": media.poster, "medium": media.poster} if media.poster else None,
    "coverImage": lambda _: None,
}
ENTRY: Mapping[str, Reader] = {
    "createdAt": lambda entry: show_moment(entry.created_at),
    "updatedAt": lambda entry: show_moment(entry.updated_at),
    "status": attrgetter("status"),
    "progress": attrgetter("progress"),
    "volumesOwned": attrgetter("volumes_owned"),
    "reconsuming": attrgetter("reconsuming"),
    "reconsumeCount": attrgetter("reconsume_count"),
    "notes": attrgetter("notes"),
    "private": attrgetter("private"),
    "reactionSkipped": attrgetter("reaction_skipped"),
    "progressedAt": lambda entry: show_moment(entry.progressed_at),
    "startedAt": lambda entry: show_moment(entry.started_at),
    "finishedAt": lambda entry: show_moment(entry.finished_at),
    "rating": lambda entry: half_stars(entry.rating),
    "ratingTwenty": attrgetter("rating"),
}
SELF: Mapping[str, Reader] = {
    "email": attrgetter("email"),
    "ratingSystem": attrgetter("rating_system"),
    "timeZone": attrgetter("time_zone"),
    "titleLanguagePreference": attrgetter("title_language"),
    "sfwFilter": attrgetter("sfw_filter"),
    "sfwFilterPreference": lambda account: "sfw" if account.sfw_filter else "nsfw_everywhere",
    "country": lambda _: None,
    "language": lambda _: None,
    "confirmed": lambda _: True,
    "status": lambda _: "registered",
}


def _of_kind(kind: str) -> Callable[[Entry, View], Media | None]:
    return lambda entry, view: _seen(entry, view) if entry.media.kind == kind else None


def _seen(entry: Entry, view: View) -> Media | None:
    return entry.media if view.sees_media(entry.media) else None


def _item(mapping: MediaMapping, view: View) -> Media | None:
    return mapping.media if view.sees_media(mapping.media) else None


def _mappings(media: Media, view: View) -> list[MediaMapping]:
    return list(view.store.mapped.get((media.kind, media.id), {}).values())


def _entries(account: Account, view: View) -> list[Entry]:
    return [entry for entry in account.entries.values() if view.sees_entry(entry)]


EMPTY = Relation(lambda _model, _view: [], many=True)
NOTHING = Relation(lambda _model, _view: None)
OF_MEDIA = {
    "mappings": Relation(_mappings, ("mappings",), many=True),
    **dict.fromkeys(("genres", "categories", "castings", "staff", "mediaRelationships"), EMPTY),
}
OF_ENTRY = {
    "user": Relation(lambda entry, view: view.store.accounts[entry.user_id], ("users",)),
    "anime": Relation(_of_kind("anime"), ("anime",)),
    "manga": Relation(_of_kind("manga"), ("manga",)),
    "media": Relation(_seen, ("anime", "manga")),
    **dict.fromkeys(("drama", "review", "mediaReaction", "unit", "nextUnit"), NOTHING),
}
MEDIA_FILTERS = frozenset({"id", "slug", "text", "subtype", "status"})
ENTRY_FILTERS = frozenset(
    {"id", "userId", "kind", "status", "since", "animeId", "mangaId", "dramaId", "mediaId", "mediaType"}
    | {"title", "following"}
)


def _media(kind: str, more: Mapping[str, Reader], *, filters: frozenset[str] = frozenset()) -> Resource:
    return Resource(kind, kind, {**MEDIA, **more}, OF_MEDIA, MEDIA_FILTERS | filters)


RESOURCES: Mapping[str, Resource] = {
    resource.type: resource
    for resource in (
        Resource(
            "libraryEntries",
            "library-entries",
            ENTRY,
            OF_ENTRY,
            ENTRY_FILTERS,
            top=MOST_ENTRIES,
            more_sorts=frozenset({"anime.titles.canonical", "manga.titles.canonical"}),
        ),
        _media(
            "anime",
            {
                "episodeCount": lambda media: media.total or None,
                "episodeLength": lambda _: None,
                "nsfw": attrgetter("nsfw"),
            },
            filters=frozenset({"season", "seasonYear"}),
        ),
        _media(
            "manga",
            {
                "chapterCount": lambda media: media.total or None,
                "volumeCount": lambda media: media.volumes or None,
                "nsfw": attrgetter("nsfw"),
            },
        ),
        Resource(
            "mappings",
            "mappings",
            {
                "createdAt": lambda _: BORN,
                "updatedAt": lambda _: BORN,
                "externalSite": attrgetter("site"),
                "externalId": attrgetter("external_id"),
            },
            {"item": Relation(_item, ("anime", "manga"))},
            frozenset({"id", "externalSite", "externalId"}),
        ),
        Resource(
            "users",
            "users",
            {"name": attrgetter("name"), "slug": attrgetter("slug"), **SELF},
            {"libraryEntries": Relation(_entries, ("libraryEntries",), many=True)},
            frozenset({"id", "self", "name", "slug"}),
            own=frozenset(SELF),
        ),
    )
}
BY_PATH: Mapping[str, Resource] = {resource.path: resource for resource in RESOURCES.values()}
