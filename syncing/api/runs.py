"""A person's runs: what each did, and how far one is."""

from __future__ import annotations

import uuid

from django.db.models import QuerySet
from django.http import HttpResponse, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import filters
from accounts.api.negotiation import AsItIs
from accounts.api.schema import example, problems
from accounts.api.views import PagedView, PersonView
from syncing import queries
from syncing.api import details, events, serializers
from syncing.api.examples import RUN, RUN_DETAIL
from syncing.models import RunState, SyncRun


class RunFilter(filters.Filters):
    provider = filters.CharFilter(max_length=32)
    state = filters.MultipleChoiceFilter(choices=RunState.choices)
    purpose = filters.MultipleChoiceFilter(choices=[(name, name) for name in serializers.PURPOSES])
    since = filters.MomentFilter(field_name="started_at", lookup_expr="gte")
    until = filters.MomentFilter(field_name="started_at", lookup_expr="lt")
    with_changes = filters.BooleanFilter(method="keep_busy", label="Only those that changed something.")

    class Meta:
        model = SyncRun
        fields = ()

    def keep_busy(self, rows: QuerySet[SyncRun], name: str, value: bool) -> QuerySet[SyncRun]:
        return rows.exclude(writes=0, library_changes=0, failed=0) if value else rows


@extend_schema(tags=["runs"])
class Runs(PagedView):
    filterset_class = RunFilter
    queryset = SyncRun.objects.none()

    @extend_schema(
        summary="List runs, the latest first",
        responses=serializers.RunSerializer(many=True),
        examples=[example("One", RUN)],
    )
    def get(self, request: Request) -> Response:
        """Runs without changes are folded: `checks` says how many one row stands for."""
        return self.answer_page(self.filter_queryset(queries.runs_for_user(self.person)), serializers.RunSerializer)


@extend_schema(tags=["runs"])
class Run(PersonView):
    @extend_schema(
        summary="Show a run", responses=serializers.RunDetailSerializer, examples=[example("Done", RUN_DETAIL)]
    )
    def get(self, request: Request, run_id: uuid.UUID) -> Response:
        run = queries.run_for_user(self.person, run_id)
        return Response(self.show(serializers.RunDetailSerializer, details.with_details(self.person, run)))


@extend_schema(tags=["runs"])
class RunEvents(PersonView):
    content_negotiation_class = AsItIs

    @extend_schema(
        summary="Watch a run",
        responses={(200, "text/event-stream"): OpenApiTypes.OBJECT},
        extensions=problems(409),
    )
    def get(self, request: Request, run_id: uuid.UUID) -> HttpResponse | StreamingHttpResponse:
        """Server-sent events: `run` with the run as JSON whenever it moved, then `end`. A stream lasts half a minute at
        most; a browser's EventSource comes back by itself. Who cannot stream asks `runs/{id}` every few seconds."""
        queries.run_for_user(self.person, run_id)
        if request.method == "HEAD":
            return HttpResponse(content_type=events.TYPE)
        return events.stream(self.person, run_id)
