"""A person's word on a run: yes or no to what it would do, and putting back what it did."""

from __future__ import annotations

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.idempotency import idempotent
from accounts.api.schema import example, problems
from accounts.api.views import PersonView
from syncing.api import serializers
from syncing.api.examples import PREVIEW, QUEUED
from syncing.services import answering, undoing


@extend_schema(tags=["runs"])
class UndoRun(PersonView):
    scopes = {"POST": "sync"}

    @extend_schema(
        summary="Undo a run",
        request=None,
        responses={202: serializers.RunSerializer},
        examples=[example("Queued", QUEUED, status=202)],
        extensions=problems(409),
    )
    @idempotent
    def post(self, request: Request, run_id: uuid.UUID) -> Response:
        """Puts back what nobody touched since, where it happened. An undo can be undone."""
        run = undoing.undo_run(self.person, run_id=run_id)
        return Response(self.show(serializers.RunSerializer, run), status=202)


@extend_schema(tags=["runs"])
class ApproveRun(PersonView):
    scopes = {"POST": "sync"}

    @extend_schema(
        summary="Say yes to a plan",
        request=None,
        responses={202: serializers.RunSerializer},
        examples=[example("Approved", PREVIEW, status=202)],
        extensions=problems(409),
    )
    @idempotent
    def post(self, request: Request, run_id: uuid.UUID) -> Response:
        """A first plan, a preview or an import. An import is done at once, the others by a run that starts soon."""
        run = answering.approve_plan(self.person, run_id=run_id)
        return Response(self.show(serializers.RunSerializer, run), status=202)


@extend_schema(tags=["runs"])
class DiscardRun(PersonView):
    scopes = {"POST": "sync"}

    @extend_schema(
        summary="Say no to a plan",
        request=None,
        responses=serializers.RunSerializer,
        examples=[example("Discarded", {**PREVIEW, "state": "abandoned", "message": "You discarded it."})],
        extensions=problems(409),
    )
    @idempotent
    def post(self, request: Request, run_id: uuid.UUID) -> Response:
        """Nothing is done. After a first plan the service stays linked and rests until the person lets it go on."""
        run = answering.discard_plan(self.person, run_id=run_id)
        return Response(self.show(serializers.RunSerializer, run))
