"""A person's list as a whole: many changes at once, how long it is, and how far it has moved."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.idempotency import idempotent
from accounts.api.problems import FieldError, Problem
from accounts.api.schema import example
from accounts.api.views import PersonView
from library import queries
from library.api import serializers
from library.api.examples import MANY
from library.services import bulk


@extend_schema(tags=["library"])
class ManyEntries(PersonView):
    @extend_schema(
        summary="Change many entries",
        request=serializers.ManySerializer,
        responses=serializers.ManyShape,
        examples=[
            example("Three", MANY, request=True),
            example("Done", {"created": 1, "changed": 1, "removed": 1, "revision": 915}),
        ],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Up to 200 at once, all or nothing. A work that is not on the list is put there, and then needs a status."""
        entries = self.read(serializers.ManySerializer)["entries"]
        try:
            done = bulk.change_many(self.person, entries)
        except bulk.BadRow as error:
            field = f"entries.{error.at}.{error.field}"
            raise Problem("invalid", errors=[FieldError(field, "invalid", error.message)]) from error
        return Response(self.show(serializers.ManyShape, done))


@extend_schema(tags=["library"])
class Counts(PersonView):
    @extend_schema(
        summary="Count entries by kind",
        responses=serializers.CountsShape,
        examples=[example("Both", {"anime": 312, "manga": 40})],
    )
    def get(self, request: Request) -> Response:
        return Response(queries.count_entries(self.person))


@extend_schema(tags=["library"])
class Revision(PersonView):
    @extend_schema(
        summary="The library's revision",
        responses=serializers.RevisionShape,
        examples=[example("Now", {"revision": 915})],
    )
    def get(self, request: Request) -> Response:
        """It grows with every change, whoever made it."""
        return Response({"revision": queries.revision_of(self.person.pk)})
