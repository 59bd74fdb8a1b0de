"""The shapes of Kitsu's JSON:API answers, as msgspec Structs. Source: providers/kitsu.md 5, 6, read 2026-11-21."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

Number = int | float


class Ref(msgspec.Struct):
    type: str
    id: str


class One(msgspec.Struct):
    """data: None = not visible to us. The key comes with every relationship that was included."""

    data: Ref | None


class Many(msgspec.Struct):
    """No data: the relationship was not included."""

    data: list[Ref] = []


class State(msgspec.Struct, rename="camel"):
    """What both ways of asking say of an entry. status: in lower case by REST, in upper case by GraphQL."""

    status: str | None
    progress: Number | None
    volumes_owned: Number | None
    reconsuming: bool | None
    reconsume_count: Number | None
    notes: str | None
    private: bool | None
    started_at: str | None
    finished_at: str | None
    updated_at: str | None


class Attributes(State, rename="camel", kw_only=True):
    rating_twenty: Number | None


class AnimeLinks(msgspec.Struct, rename={"media": "anime"}):
    media: One
    user: One


class MangaLinks(msgspec.Struct, rename={"media": "manga"}):
    media: One
    user: One


class AnimeRow(msgspec.Struct):
    id: str
    attributes: Attributes
    relationships: AnimeLinks


class MangaRow(msgspec.Struct):
    id: str
    attributes: Attributes
    relationships: MangaLinks


Row = AnimeRow | MangaRow


class AnimeRowLinks(msgspec.Struct):
    """All that is looked at of a row that could not be understood."""

    relationships: AnimeLinks


class MangaRowLinks(msgspec.Struct):
    relationships: MangaLinks


RowLinks = AnimeRowLinks | MangaRowLinks


class RowId(msgspec.Struct):
    id: str


class _MediaLinks(msgspec.Struct):
    mappings: Many | None = None


class AnimeFacts(
    msgspec.Struct,
    rename={"canonical_title": "canonicalTitle", "start_date": "startDate", "total": "episodeCount"},
):
    canonical_title: str | None
    titles: dict[str, str | None] | None
    subtype: str | None
    start_date: str | None
    nsfw: bool | None
    total: Number | None

    @property
    def volumes(self) -> Number | None:
        return None


class MangaFacts(
    msgspec.Struct,
    rename={
        "canonical_title": "canonicalTitle",
        "start_date": "startDate",
        "total": "chapterCount",
        "volumes": "volumeCount",
        "age_rating": "ageRating",
    },
):
    canonical_title: str | None
    titles: dict[str, str | None] | None
    subtype: str | None
    start_date: str | None
    age_rating: str | None
    total: Number | None
    volumes: Number | None

    @property
    def nsfw(self) -> bool:
        return self.age_rating == "R18"


class Anime(msgspec.Struct, tag_field="type", tag="anime"):
    id: str
    attributes: AnimeFacts
    relationships: _MediaLinks | None = None


class Manga(msgspec.Struct, tag_field="type", tag="manga"):
    id: str
    attributes: MangaFacts
    relationships: _MediaLinks | None = None


Media = Anime | Manga


class _Mapped(msgspec.Struct, rename="camel"):
    external_site: str
    external_id: str


class Mapping(msgspec.Struct, tag_field="type", tag="mappings"):
    id: str
    attributes: _Mapped


class _SelfFacts(msgspec.Struct, rename="camel"):
    """rating_system and sfw_filter are told to the owner of the account only: they prove that we are logged in."""

    name: str
    slug: str | None = None
    rating_system: str | UnsetType | None = UNSET
    sfw_filter: bool | UnsetType | None = UNSET


class User(msgspec.Struct, tag_field="type", tag="users"):
    id: str
    attributes: _SelfFacts

    @property
    def is_self(self) -> bool:
        return self.attributes.rating_system is not UNSET and self.attributes.sfw_filter is not UNSET


Included = Anime | Manga | Mapping | User


class _Count(msgspec.Struct):
    count: int


class _Links(msgspec.Struct):
    next: str | None = None


class UserPage(msgspec.Struct):
    data: list[User]


class ListPage(msgspec.Struct):
    data: list[msgspec.Raw]
    meta: _Count
    links: _Links
    included: list[msgspec.Raw] = []


class _Touched(msgspec.Struct, rename="camel"):
    updated_at: str | None


class Newest(msgspec.Struct):
    id: str
    attributes: _Touched


class MarkPage(msgspec.Struct):
    data: list[Newest]
    meta: _Count
    included: list[msgspec.Raw] = []


class EntryIdLinks(msgspec.Struct):
    user: One
    anime: One | None = None
    manga: One | None = None


class EntryId(msgspec.Struct):
    id: str
    relationships: EntryIdLinks


class EntryIdPage(msgspec.Struct):
    data: list[EntryId]
    included: list[msgspec.Raw] = []


class MediaPage(msgspec.Struct):
    data: list[msgspec.Raw]
    included: list[msgspec.Raw] = []


class Poster(msgspec.Struct):
    """Sizes that a work lacks are left out or null."""

    small: str | None = None
    medium: str | None = None
    original: str | None = None


class ShownAttributes(msgspec.Struct, rename="camel"):
    """What Kitsu's pages show of a work besides what lists need of it."""

    synopsis: str | None
    average_rating: str | Number | None
    user_count: Number | None
    status: str | None
    poster_image: Poster | None
    start_date: str | None


class ShownMedia(msgspec.Struct):
    attributes: ShownAttributes


class BrowsePage(msgspec.Struct):
    """`links` is absent from the trends, which are one page."""

    data: list[msgspec.Raw]
    links: _Links | None = None
    included: list[msgspec.Raw] = []


class _Item(msgspec.Struct):
    item: One


class ItemMapping(msgspec.Struct):
    attributes: _Mapped
    relationships: _Item


class MappingPage(msgspec.Struct):
    data: list[ItemMapping]
    links: _Links
    included: list[msgspec.Raw] = []


def read_all(raws: Sequence[msgspec.Raw], shape: Any) -> list[Any]:
    """Those of `raws` that are of this shape; what is of another one is left out."""
    found = []
    decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(shape)
    for raw in raws:
        try:
            found.append(decoder.decode(raw))
        except msgspec.MsgspecError:
            continue
    return found
