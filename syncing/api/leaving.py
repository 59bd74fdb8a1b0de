"""All that is kept of a person."""

from __future__ import annotations

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.negotiation import AsItIs
from accounts.api.schema import example
from accounts.api.views import SessionView
from accounts.transfers import download
from syncing.api import serializers
from syncing.api.examples import EVERYTHING
from syncing.services import belongings, exporting


@extend_schema(tags=["account"])
class AccountExport(SessionView):
    limits = {"POST": "files"}
    confirmed = frozenset({"POST"})
    content_negotiation_class = AsItIs

    @extend_schema(
        summary="What an export of the account holds",
        responses=serializers.EverythingShape,
        examples=[example("In short", EVERYTHING)],
    )
    def get(self, request: Request) -> Response:
        tables = [{"file": table.file, "about": table.about} for table in belongings.TABLES]
        left_out = [{"what": label, "why": why} for label, why in belongings.NOT_EXPORTED.items()]
        return Response(self.show(serializers.EverythingShape, {"tables": tables, "left_out": left_out}))

    @extend_schema(
        summary="Export the account", request=None, responses={(200, "application/zip"): OpenApiTypes.BINARY}
    )
    def post(self, request: Request) -> StreamingHttpResponse:
        """All that is kept of the person, as a ZIP with a README. No password, key or token is in it."""
        pieces = exporting.export_account(self.person)
        return download(pieces, content_type="application/zip", name="enishi-account", ending="zip")
