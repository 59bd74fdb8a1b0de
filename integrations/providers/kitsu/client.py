"""Kitsu's JSON:API (REST): what is asked and the shape of what comes back. Source: providers/kitsu.md 3, 5, 6, 10, 11.

Keys we ask for are required though they may be null: "not returned" must never pass for "empty". Rows and what they
include stay raw at first, so that a broken one costs only itself.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from integrations.http import Session
from integrations.providers.kitsu.judging import SLUG
from integrations.providers.kitsu.shapes import (
    BrowsePage,
    EntryIdPage,
    ListPage,
    MappingPage,
    MarkPage,
    MediaPage,
    UserPage,
)
from library.entry import Kind

API = "https://kitsu.app/api/edge"
PER_PAGE = 20
"""The most rows of any resource but the list."""
LIST_PAGE = 500

_USER = "name,slug,ratingSystem,sfwFilter"
_STATE = (
    "status,progress,volumesOwned,reconsuming,reconsumeCount,notes,private,startedAt,finishedAt,updatedAt,ratingTwenty"
)
# Manga have no flag for adult works, and an unknown field is refused.
_FACTS: Mapping[Kind, str] = {
    Kind.ANIME: "canonicalTitle,titles,subtype,episodeCount,startDate,nsfw",
    Kind.MANGA: "canonicalTitle,titles,subtype,chapterCount,volumeCount,startDate,ageRating",
}
_SHOWN = "synopsis,averageRating,userCount,status,posterImage"
_MAPPING = "externalSite,externalId"


def fetch_self(session: Session) -> UserPage:
    """One row, or none when Kitsu does not know the token and takes us for anybody."""
    params = {"filter[self]": "true", "fields[users]": _USER}
    return session.send("GET", f"{API}/users", params=params, repeatable=True).decode(UserPage, provider=SLUG)


def fetch_list(session: Session, kind: Kind, *, offset: int, limit: int, repeatable: bool) -> ListPage:
    """Entries in the order of their ids, with works, mappings and their owner. The next page is asked for by offset:
    a `next` address is not followed, whatever host it names."""
    params = {
        "filter[userId]": session.account_id,
        "filter[kind]": str(kind),
        "include": f"user,{kind},{kind}.mappings",
        "fields[libraryEntries]": f"{_STATE},user,{kind}",
        "fields[users]": _USER,
        f"fields[{kind}]": f"{_FACTS[kind]},mappings",
        "fields[mappings]": _MAPPING,
        "sort": "id",
        "page[limit]": str(limit),
        "page[offset]": str(offset),
    }
    answer = session.send("GET", f"{API}/library-entries", params=params, repeatable=repeatable)
    return answer.decode(ListPage, provider=SLUG)


def fetch_newest(session: Session, kinds: Collection[Kind]) -> MarkPage:
    """The entry that was saved last, and how many there are. Of all kinds, unless only one is wanted."""
    params = {
        "filter[userId]": session.account_id,
        "include": "user",
        "fields[libraryEntries]": "updatedAt,user",
        "fields[users]": _USER,
        "sort": "-updatedAt",
        "page[limit]": "1",
    }
    if len(kinds) == 1:
        params["filter[kind]"] = str(next(iter(kinds)))
    answer = session.send("GET", f"{API}/library-entries", params=params, repeatable=True)
    return answer.decode(MarkPage, provider=SLUG)


def find_entries(session: Session, kind: Kind, media_ids: Sequence[int]) -> EntryIdPage:
    """The entries of at most PER_PAGE works, by the kind's own filter: `media_id` mixes anime and manga."""
    params = {
        "filter[userId]": session.account_id,
        f"filter[{kind}Id]": _comma(media_ids),
        "include": f"user,{kind}",
        "fields[libraryEntries]": f"user,{kind}",
        "fields[users]": _USER,
        f"fields[{kind}]": "slug",
        "page[limit]": str(LIST_PAGE),
    }
    answer = session.send("GET", f"{API}/library-entries", params=params, repeatable=True)
    return answer.decode(EntryIdPage, provider=SLUG)


def fetch_media(session: Session, kind: Kind, ids: Sequence[int]) -> MediaPage:
    """Those of at most PER_PAGE works that exist and are visible to this person."""
    return _fetch_media(session, kind, {"filter[id]": _comma(ids), "page[limit]": str(PER_PAGE)})


def search_media(session: Session, kind: Kind, *, text: str, limit: int) -> MediaPage:
    # A comma would be read as a list of values.
    return _fetch_media(session, kind, {"filter[text]": text.replace(",", " "), "page[limit]": str(limit)})


def _fetch_media(session: Session, kind: Kind, params: Mapping[str, str]) -> MediaPage:
    asked = {
        **params,
        "include": "mappings",
        f"fields[{kind}]": f"{_FACTS[kind]},mappings",
        "fields[mappings]": _MAPPING,
    }
    answer = session.send("GET", f"{API}/{kind}", params=asked, repeatable=True)
    return answer.decode(MediaPage, provider=SLUG)


def browse_media(session: Session, kind: Kind, params: Mapping[str, str], *, offset: int) -> BrowsePage:
    """As Kitsu's own pages show works, with nobody's token. params: filters and sort."""
    pages = {"page[limit]": str(PER_PAGE), "page[offset]": str(offset)}
    asked = {
        **params,
        **pages,
        "include": "mappings",
        f"fields[{kind}]": f"{_FACTS[kind]},{_SHOWN},mappings",
        "fields[mappings]": _MAPPING,
    }
    answer = session.send("GET", f"{API}/{kind}", params=asked, repeatable=True)
    return answer.decode(BrowsePage, provider=SLUG)


def browse_trending(session: Session, kind: Kind) -> BrowsePage:
    """Kitsu decides how many, and there is one page of them."""
    params = {f"fields[{kind}]": f"{_FACTS[kind]},{_SHOWN}"}
    answer = session.send("GET", f"{API}/trending/{kind}", params=params, repeatable=True)
    return answer.decode(BrowsePage, provider=SLUG)


def fetch_mappings(session: Session, kind: Kind, ids: Sequence[int], *, site: str, offset: int) -> MappingPage:
    """What carries one of at most PER_PAGE ids of `site`, e.g. "anilist/anime", with its facts."""
    params = {
        "filter[externalSite]": site,
        "filter[externalId]": _comma(ids),
        "include": "item",
        "fields[mappings]": f"{_MAPPING},item",
        f"fields[{kind}]": _FACTS[kind],
        "page[limit]": str(PER_PAGE),
        "page[offset]": str(offset),
    }
    answer = session.send("GET", f"{API}/mappings", params=params, repeatable=True)
    return answer.decode(MappingPage, provider=SLUG)


def _comma(ids: Sequence[int]) -> str:
    return ",".join(map(str, ids))
