"""What was found in a service's catalogue, put on the list."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.idempotency import idempotent
from accounts.api.schema import example, problems
from accounts.api.views import PersonView
from integrations.services.titles import find_title
from library import queries
from library.api.entry import etag_of_entry
from library.api.examples import ENTRY
from library.api.serializers import EntrySerializer, NewValuesSerializer
from library.services import editing
from syncing.services import recognising


@extend_schema(tags=["catalogue"])
class CatalogueEntry(PersonView):
    limits = {"POST": "search"}

    @extend_schema(
        summary="Put a title of a catalogue on the list",
        request=NewValuesSerializer,
        responses={201: EntrySerializer},
        examples=[
            example("Planned", {"status": "planned"}, request=True),
            example("Made", {**ENTRY, "status": "planned"}, status=201),
        ],
        extensions=problems(409),
    )
    @idempotent
    def post(self, request: Request, *, provider: str, kind: str, external_id: str) -> Response:
        """For what nobody here had before; where `media` is known, POST /library does the same. 409 `unsure`: it looks
        like works that are here already, which `errors` names; put one of those on the list instead."""
        given = self.read(NewValuesSerializer)
        found = find_title(provider, kind, external_id, adult=True)
        media_id = recognising.work_of(self.person, found.provider, found.page.titles[0].facts)
        editing.create_entry(self.person, media_id=media_id, values=given)
        row = queries.entry_for_user(self.person, media_id=media_id)
        headers = {"ETag": etag_of_entry(row), "Location": f"/api/v1/library/{media_id}"}
        return Response(self.show(EntrySerializer, row), status=201, headers=headers)
