"""The journal: what was done, or would have been, one change a row."""

from __future__ import annotations

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import filters
from accounts.api.idempotency import idempotent
from accounts.api.schema import example, problems
from accounts.api.views import PagedView, PersonView
from syncing import queries
from syncing.api import serializers
from syncing.api.examples import CHANGE, QUEUED
from syncing.models import Change, ChangeState
from syncing.services import undoing


class ChangeFilter(filters.Filters):
    side = filters.CharFilter(max_length=32, label="library, or a provider.")
    source = filters.CharFilter(max_length=32)
    action = filters.MultipleChoiceFilter(choices=[(name, name) for name in serializers.ACTIONS])
    state = filters.MultipleChoiceFilter(choices=ChangeState.choices)
    kind = filters.ChoiceFilter(choices=(("anime", "anime"), ("manga", "manga")))
    media = filters.IdFilter(field_name="media_id")
    since = filters.MomentFilter(field_name="created_at", lookup_expr="gte")
    until = filters.MomentFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = Change
        fields = ()


@extend_schema(tags=["changes"])
class Changes(PagedView):
    filterset_class = ChangeFilter
    queryset = Change.objects.none()

    @extend_schema(
        summary="List changes, the latest first",
        responses=serializers.ChangeSerializer(many=True),
        examples=[example("A score", CHANGE)],
    )
    def get(self, request: Request) -> Response:
        """The journal: everything that was done, or would have been, here and on the services. With `media`: the
        history of one work, and why each value is what it is."""
        return self.answer_page(
            self.filter_queryset(queries.changes_for_user(self.person)), serializers.ChangeSerializer
        )


@extend_schema(tags=["runs"])
class RunChanges(PagedView):
    filterset_class = ChangeFilter
    queryset = Change.objects.none()

    @extend_schema(
        summary="List the changes of a run",
        responses=serializers.ChangeSerializer(many=True),
        examples=[example("A score", CHANGE)],
    )
    def get(self, request: Request, run_id: uuid.UUID) -> Response:
        """Of a preview: what would be done. In the order they were planned."""
        run = queries.run_for_user(self.person, run_id)
        rows = self.filter_queryset(queries.changes_for_run(self.person, run))
        return self.answer_page(rows, serializers.ChangeSerializer)


@extend_schema(tags=["changes"])
class OneChange(PersonView):
    @extend_schema(
        summary="Show a change", responses=serializers.ChangeSerializer, examples=[example("A score", CHANGE)]
    )
    def get(self, request: Request, change_id: int) -> Response:
        row = queries.changes_for_user(self.person).get(pk=change_id)
        return Response(self.show(serializers.ChangeSerializer, row))


@extend_schema(tags=["changes"])
class UndoChange(PersonView):
    scopes = {"POST": "sync"}

    @extend_schema(
        summary="Undo a change",
        request=None,
        responses={202: serializers.RunSerializer, 204: None},
        examples=[example("Queued", QUEUED, status=202)],
        extensions=problems(409),
    )
    @idempotent
    def post(self, request: Request, change_id: int) -> Response:
        """202 with the run that will do it; 204 where it is done already: an edit of one's own in the library."""
        run = undoing.undo_change(self.person, change_id=change_id)
        return Response(status=204) if run is None else Response(self.show(serializers.RunSerializer, run), status=202)
