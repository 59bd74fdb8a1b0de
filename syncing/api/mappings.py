"""Which work is which at a service: what a person says of it, and what is known publicly."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.schema import example, problems
from accounts.api.views import PagedView, PersonView
from integrations.queries import connection_for_user, connections_for_user
from library.models import PersonMatch
from library.services import matches
from syncing.api import mapping_shapes as shapes
from syncing.services import choosing


@extend_schema(tags=["mappings"])
class Mappings(PagedView):
    queryset = PersonMatch.objects.none()

    @extend_schema(
        summary="List what one said oneself",
        responses=shapes.MatchSerializer(many=True),
        examples=[example("A work", shapes.MATCH)],
    )
    def get(self, request: Request) -> Response:
        """Newest first. Each wins over all tables, for this person alone."""
        return self.answer_page(matches.matches_of(self.person), shapes.MatchSerializer)


@extend_schema(tags=["mappings"])
class Mapping(PersonView):
    @extend_schema(summary="Take back what one said", responses={204: None})
    def delete(self, request: Request, match_id: int) -> Response:
        """The next run matches as if it had never been said."""
        choosing.take_back(self.person, match_id=match_id)
        return Response(status=204)


@extend_schema(tags=["mappings"])
class Places(PersonView):
    @extend_schema(
        summary="Where a work is",
        responses=shapes.PlacesShape,
        examples=[example("On two services", shapes.PLACES)],
    )
    def get(self, request: Request, media_id: int) -> Response:
        """`linked`: its id at each linked service, and who says so. `known`: the public pairs, whoever has it."""
        media = choosing.work_for_user(self.person, media_id)
        linked = {
            row.provider: choosing.present_id(self.person, row, media) for row in connections_for_user(self.person)
        }
        known = media.external_ids.order_by("provider", "external_id")
        return Response(self.show(shapes.PlacesShape, shapes.places_of(linked, known)))


@extend_schema(tags=["mappings"])
class Place(PersonView):
    @extend_schema(
        summary="Say where a work is",
        request=shapes.PlaceSerializer,
        responses={204: None},
        examples=[example("It is this one", {"external_id": "457"}, request=True)],
        extensions=problems(409),
    )
    def put(self, request: Request, media_id: int, provider: str) -> Response:
        media = choosing.work_for_user(self.person, media_id)
        connection = connection_for_user(self.person, provider)
        external_id = self.read(shapes.PlaceSerializer)["external_id"]
        choosing.choose_entry(self.person, connection, media=media, external_id=external_id)
        return Response(status=204)

    @extend_schema(summary="Keep a work off a service", responses={204: None})
    def delete(self, request: Request, media_id: int, provider: str) -> Response:
        """The list there stays as it is. To take it back: `mappings/{id}`."""
        media = choosing.work_for_user(self.person, media_id)
        choosing.keep_off(self.person, connection_for_user(self.person, provider), media=media)
        return Response(status=204)
