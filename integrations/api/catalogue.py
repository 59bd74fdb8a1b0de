"""The services' catalogues: searched, by season, in fashion, and one title in full."""

from __future__ import annotations

from datetime import UTC, datetime

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.schema import example, problems
from accounts.api.views import PersonView
from integrations.api import catalogue_shapes as shapes
from integrations.api.catalogue_titles import shapes_of
from integrations.api.serializers import KINDS
from integrations.services import browsing
from integrations.services.browsing import Found
from library.entry import Kind
from library.models import Media

LONGEST_ID = 64


class CatalogueView(PersonView):
    limits = {"GET": "search"}

    def answer(self, found: Found) -> Response:
        page = {
            "provider": found.provider,
            "asked_at": datetime.fromtimestamp(found.asked_at, UTC),
            "stale": found.is_stale,
            "has_more": found.page.has_more,
            "results": shapes_of(self.person, found),
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
        found = find_title(provider, kind, external_id, **given)
        return Response(self.show(shapes.TitleShape, shapes_of(self.person, found)[0]))


def find_title(provider: str, kind: str, external_id: str, *, adult: bool) -> Found:
    """A page of this one title. Raises Media.DoesNotExist where there is none, LinkError, ProviderError."""
    if kind not in KINDS or len(external_id) > LONGEST_ID:
        raise Media.DoesNotExist
    found = browsing.details(provider, Kind(kind), external_id, adult=adult)
    if not found.page.titles:
        raise Media.DoesNotExist
    return found
