"""The services' catalogues: searched, by season, in fashion, and one title in full."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.schema import example, problems
from accounts.api.views import PersonView
from integrations.api import catalogue_shapes as shapes
from integrations.providers import registry
from integrations.services import browsing, titles
from integrations.services.browsing import Found
from integrations.services.titles import Seen
from library.entry import Kind


class CatalogueView(PersonView):
    limits = {"GET": "search"}

    def answer(self, found: Found) -> Response:
        page = {
            "provider": found.provider,
            "asked_at": datetime.fromtimestamp(found.asked_at, UTC),
            "stale": found.is_stale,
            "has_more": found.page.has_more,
            "results": [shape_of(seen) for seen in titles.see(self.person, found)],
        }
        return Response(self.show(shapes.PageShape, page))


@extend_schema(tags=["catalogue"])
class Search(CatalogueView):
    @extend_schema(
        summary="Search a service's catalogue",
        parameters=[shapes.SearchSerializer],
        responses=shapes.PageShape,
        examples=[example("One", shapes.PAGE)],
        extensions=problems(404, 409),
    )
    def get(self, request: Request) -> Response:
        """The likeliest first. Nobody's token is used, and what one person looked for is there for all: it costs a
        request only when nobody asked the same for a while. Works that lists here have: `media`."""
        given = self.read_query(shapes.SearchSerializer)
        return self.answer(browsing.search(Kind(given.pop("kind")), given.pop("text"), **given))


@extend_schema(tags=["catalogue"])
class Seasonal(CatalogueView):
    @extend_schema(
        summary="List the anime of a season",
        parameters=[shapes.SeasonSerializer],
        responses=shapes.PageShape,
        examples=[example("One", {**shapes.PAGE, "has_more": True})],
        extensions=problems(404, 409),
    )
    def get(self, request: Request) -> Response:
        """The most popular first."""
        given = self.read_query(shapes.SeasonSerializer)
        return self.answer(browsing.season(given.pop("year"), given.pop("season"), **given))


@extend_schema(tags=["catalogue"])
class Trending(CatalogueView):
    @extend_schema(
        summary="List what people look at now",
        parameters=[shapes.TrendingSerializer],
        responses=shapes.PageShape,
        examples=[example("One", shapes.PAGE)],
        extensions=problems(404, 409),
    )
    def get(self, request: Request) -> Response:
        """One page; the service decides how many."""
        given = self.read_query(shapes.TrendingSerializer)
        return self.answer(browsing.trending(Kind(given.pop("kind")), **given))


@extend_schema(tags=["catalogue"])
class Title(CatalogueView):
    @extend_schema(
        summary="Show a title of a catalogue",
        parameters=[shapes.DetailsSerializer],
        responses=shapes.TitleShape,
        examples=[example("Mushishi", shapes.MUSHISHI)],
        extensions=problems(409),
    )
    def get(self, request: Request, *, provider: str, kind: str, external_id: str) -> Response:
        """With the whole synopsis. 404 where there is none, and for adult works unless `adult` is true."""
        given = self.read_query(shapes.DetailsSerializer)
        found = titles.find_title(provider, kind, external_id, **given)
        (seen,) = titles.see(self.person, found)
        return Response(self.show(shapes.TitleShape, shape_of(seen)))


def shape_of(seen: Seen) -> dict[str, Any]:
    facts = seen.title.facts
    return {
        "provider": seen.provider,
        "external_id": facts.external_id,
        "kind": str(facts.kind),
        "url": seen.title.url or registry.get(seen.provider).media_url(facts.kind, facts.external_id),
        "title": facts.titles[0] if facts.titles else "",
        "titles": list(facts.titles),
        "format": facts.format,
        "year": facts.year,
        "total": facts.total,
        "volumes": facts.volumes,
        "is_adult": facts.is_adult,
        "cover_url": seen.title.cover_url,
        "synopsis": seen.title.synopsis,
        "airing": seen.title.airing,
        "started_on": str(seen.title.started_on),
        "season": seen.title.season,
        "season_year": seen.title.season_year,
        "average_score": seen.title.average_score,
        "popularity": seen.title.popularity,
        "genres": list(seen.title.genres),
        "ids": dict(facts.cross_ids),
        "media": seen.media_id,
        "on_list": seen.on_list,
    }
