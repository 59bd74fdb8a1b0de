"""One entry of a person's list: read, changed, taken off, with no edit lost to another."""

from __future__ import annotations

from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.etags import answer_versioned, etag_of
from accounts.api.schema import example
from accounts.api.views import PersonView
from library import queries
from library.api import serializers
from library.api.examples import ENTRY
from library.entry import FIELDS, InvalidEntry
from library.models import ListEntry
from library.services import editing
from library.services.storing import lock_library


def etag_of_entry(row: ListEntry) -> str:
    return etag_of("entry", row.pk, row.revision)


@extend_schema(tags=["library"])
class OneEntry(PersonView):
    if_match = {"PATCH": "required", "PUT": "required", "DELETE": "optional"}
    etagged = True

    @extend_schema(
        summary="Show an entry", responses=serializers.EntrySerializer, examples=[example("Mushishi", ENTRY)]
    )
    def get(self, request: Request, media_id: int) -> Response:
        """`media_id`: the work's. Why each value is what it is: `changes?media=…`."""
        row = queries.entry_for_user(self.person, media_id=media_id)
        return answer_versioned(request, etag_of_entry(row), lambda: self.show(serializers.EntrySerializer, row))

    @extend_schema(
        summary="Change fields of an entry",
        operation_id="library_change_some",
        request=serializers.EntryChangeSerializer,
        responses=serializers.EntrySerializer,
        examples=[example("A score", {"score": 85}, request=True), example("Changed", ENTRY)],
    )
    def patch(self, request: Request, media_id: int) -> Response:
        """What is not named stays as it is."""
        return self._change(media_id, whole=False)

    @extend_schema(
        summary="Change a whole entry",
        operation_id="library_change",
        request=serializers.EntryChangeSerializer,
        responses=serializers.EntrySerializer,
        examples=[
            example("All of it", {name: ENTRY[name] for name in ENTRY if name in FIELDS}, request=True),
            example("Changed", ENTRY),
        ],
    )
    def put(self, request: Request, media_id: int) -> Response:
        """What is not named is emptied; the status is needed."""
        return self._change(media_id, whole=True)

    @extend_schema(summary="Take an entry off the list", responses={204: None})
    def delete(self, request: Request, media_id: int) -> Response:
        """The removal waits for the yes that each service asks for, and can be undone."""
        expected = self.expectation()
        with transaction.atomic():
            lock_library(self.person.pk)
            expected.check(etag_of_entry(queries.entry_for_user(self.person, media_id=media_id)))
            editing.remove_entry(self.person, media_id=media_id)
        return Response(status=204)

    def _change(self, media_id: int, *, whole: bool) -> Response:
        expected, changes = self.expectation(), self.read(serializers.EntryChangeSerializer)
        if whole and "status" not in changes:
            raise InvalidEntry("status", "is required")
        if whole:
            changes = {**editing.EMPTY_JSON, **changes}
        with transaction.atomic():
            lock_library(self.person.pk)
            expected.check(etag_of_entry(queries.entry_for_user(self.person, media_id=media_id)))
            editing.edit_entry(self.person, media_id=media_id, changes=changes)
            row = queries.entry_for_user(self.person, media_id=media_id)
        return Response(self.show(serializers.EntrySerializer, row), headers={"ETag": etag_of_entry(row)})
