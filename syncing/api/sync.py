"""Asking for syncs and previews."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.idempotency import idempotent
from accounts.api.problems import FieldError, Problem
from accounts.api.schema import example, problems
from accounts.api.views import PersonView
from integrations.queries import connection_for_user
from library.entry import Kind
from library.models import Media
from library.services.catalogue import media_by_external_ids
from syncing.api import serializers
from syncing.api.examples import QUEUED
from syncing.services import asking, choosing


@extend_schema(tags=["runs"])
class Sync(PersonView):
    scopes = {"POST": "sync"}

    @extend_schema(
        summary="Sync, or show what a sync would do",
        request=serializers.SyncSerializer,
        responses={202: serializers.SyncShape},
        examples=[
            example("All", {"integration_type": "all"}, request=True),
            example("A preview", {"integration_type": "mal", "dry_run": True}, request=True),
            example("One work", {"integration_type": "trakt", "external_id": "154587", "kind": "anime"}, request=True),
            example("Queued", {"runs": [QUEUED]}, status=202),
        ],
        extensions=problems(404, 409),
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """One run for each service, queued before everything that runs by the clock. Who asks twice while it waits gets
        the same run again. Watch it at `runs/{id}` or `runs/{id}/events`."""
        given = self.read(serializers.SyncSerializer)
        runs = asking.ask_for_runs(
            self.person,
            provider=given["integration_type"],
            full=given["force_full_sync"],
            preview=given["dry_run"],
            media=self._work(given),
        )
        return Response(self.show(serializers.SyncShape, {"runs": runs}), status=202)

    def _work(self, given: dict[str, Any]) -> Media | None:
        if given.get("media") is not None:
            return choosing.work_for_user(self.person, given["media"])
        external_id = given.get("external_id")
        if external_id is None:
            return None
        if given["integration_type"] == asking.ALL or "kind" not in given:
            wrong = [FieldError("external_id", "required", "Say integration_type and kind along with it.")]
            raise Problem("invalid", errors=wrong)
        connection = connection_for_user(self.person, given["integration_type"])
        known = media_by_external_ids(connection.provider, Kind(given["kind"]), [external_id])
        if external_id not in known:
            raise Problem("not_found", "No work here is known by this id. It may be under mappings/unmatched.")
        return choosing.work_for_user(self.person, known[external_id])
