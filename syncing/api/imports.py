"""A person's list taken in from a file."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.idempotency import idempotent
from accounts.api.problems import Problem
from accounts.api.schema import example, problems
from accounts.api.views import PersonView
from accounts.transfers import is_too_large
from library.files import opening, reading
from syncing.api import serializers
from syncing.api.details import with_details
from syncing.api.examples import IMPORT
from syncing.services import importing


@extend_schema(tags=["files"])
class Imports(PersonView):
    limits = {"POST": "files"}
    parser_classes = (MultiPartParser,)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        # Before anything looks into the body, the check of a CSRF token too.
        if is_too_large(request._request, opening.MAX_FILE):
            raise Problem("too_large", f"A list file is up to {opening.MAX_FILE // 2**20} MB.")
        super().initial(request, *args, **kwargs)

    @extend_schema(
        summary="Import a list",
        request={"multipart/form-data": serializers.ImportSerializer},
        responses={201: serializers.RunDetailSerializer},
        examples=[example("Looked at", IMPORT, status=201)],
        extensions=problems(422),
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """A plan that changes nothing yet, and takes the place of one that still waits: read `runs/{id}/changes`, then
        `approve` or `discard` it within a week; what was done can be undone. Nothing is ever removed by an import."""
        given = self.read(serializers.ImportSerializer)
        run = importing.preview_import(self.person, reading.read_list(given["file"].file), policy=given["policy"])
        shown = self.show(serializers.RunDetailSerializer, with_details(self.person, run))
        return Response(shown, status=201, headers={"Location": f"/api/v1/runs/{run.pk}"})
