"""Works that this Enishi knows: nobody's, and everybody's who is signed in."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.schema import example
from accounts.api.views import PagedView, PersonView
from library import queries
from library.api import serializers
from library.api.examples import MEDIA
from library.api.filters import MediaFilter
from library.models import Media


@extend_schema(tags=["media"])
class Works(PagedView):
    filterset_class = MediaFilter
    queryset = Media.objects.none()

    @extend_schema(
        summary="Find works",
        responses=serializers.MediaSerializer(many=True),
        examples=[example("One", MEDIA)],
    )
    def get(self, request: Request) -> Response:
        """Among those that some list here, or an id table, has named. What the services have besides: `catalogue`."""
        return self.answer_page(self.filter_queryset(queries.works()), serializers.MediaSerializer)


@extend_schema(tags=["media"])
class Work(PersonView):
    @extend_schema(summary="Show a work", responses=serializers.MediaSerializer, examples=[example("Mushishi", MEDIA)])
    def get(self, request: Request, media_id: int) -> Response:
        return Response(self.show(serializers.MediaSerializer, queries.works().get(pk=media_id)))
