"""A person's list: read, and added to."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.idempotency import idempotent
from accounts.api.problems import FieldError, Problem
from accounts.api.schema import example, problems
from accounts.api.views import PagedView
from library import queries
from library.api import serializers
from library.api.entry import etag_of_entry
from library.api.examples import ENTRY
from library.api.filters import EntryFilter
from library.models import ListEntry, Media
from library.services import editing


@extend_schema(tags=["library"])
class Entries(PagedView):
    filterset_class = EntryFilter
    queryset = ListEntry.objects.none()

    @extend_schema(
        summary="List entries",
        responses=serializers.EntrySerializer(many=True),
        examples=[example("One", ENTRY)],
    )
    def get(self, request: Request) -> Response:
        """With `since_revision` only what moved since: `library/revision` tells the present one. What was removed is
        not listed; it is among the changes."""
        rows = self.filter_queryset(queries.entries_for_user(self.person))
        return self.answer_page(rows, serializers.EntrySerializer)

    @extend_schema(
        summary="Put a work on the list",
        request=serializers.NewEntrySerializer,
        responses={201: serializers.EntrySerializer},
        examples=[
            example("Planned", {"media": 57, "status": "planned"}, request=True),
            example("Made", {**ENTRY, "status": "planned"}, status=201),
        ],
        extensions=problems(409),
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """It travels to the person's services within seconds."""
        given = self.read(serializers.NewEntrySerializer)
        media_id = given.pop("media")
        try:
            editing.create_entry(self.person, media_id=media_id, values=given)
        except Media.DoesNotExist:
            raise Problem("invalid", errors=[FieldError("media", "not_found", "There is no such work.")]) from None
        row = queries.entry_for_user(self.person, media_id=media_id)
        headers = {"ETag": etag_of_entry(row), "Location": f"/api/v1/library/{media_id}"}
        return Response(self.show(serializers.EntrySerializer, row), status=201, headers=headers)
