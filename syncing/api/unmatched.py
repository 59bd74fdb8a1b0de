"""What has no counterpart at a service: what it might be, and a person's word on what it is."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import filters
from accounts.api.idempotency import idempotent
from accounts.api.problems import FieldError, Problem
from accounts.api.schema import example, problems
from accounts.api.views import PagedView, PersonView
from integrations.errors import ProviderError
from integrations.services.refusals import explain_failure
from library.models import Media
from syncing import queries
from syncing.api import mapping_shapes as shapes
from syncing.models import Unmatched
from syncing.services import choosing


class UnmatchedFilter(filters.Filters):
    provider = filters.CharFilter(field_name="connection__provider", max_length=32)
    kind = filters.ChoiceFilter(choices=(("anime", "anime"), ("manga", "manga")))
    reason = filters.CharFilter(max_length=32)

    class Meta:
        model = Unmatched
        fields = ()


@extend_schema(tags=["mappings"])
class UnmatchedRows(PagedView):
    filterset_class = UnmatchedFilter
    queryset = Unmatched.objects.none()

    @extend_schema(
        summary="List what has no counterpart",
        responses=shapes.UnmatchedSerializer(many=True),
        examples=[example("An entry", shapes.UNMATCHED)],
    )
    def get(self, request: Request) -> Response:
        """Entries of a service whose work is not known, and works of the library that a service does not seem to have,
        each with what it might be."""
        rows = self.filter_queryset(queries.unmatched_for_user(self.person))
        return self.answer_page(rows, shapes.UnmatchedSerializer)


@extend_schema(tags=["mappings"])
class OneUnmatched(PersonView):
    @extend_schema(
        summary="Show what has no counterpart",
        responses=shapes.UnmatchedSerializer,
        examples=[example("An entry", shapes.UNMATCHED)],
    )
    def get(self, request: Request, row_id: int) -> Response:
        row = queries.unmatched_row_for_user(self.person, row_id)
        return Response(self.show(shapes.UnmatchedSerializer, row))

    @extend_schema(
        summary="Say what it is",
        request=shapes.ChoiceSerializer,
        responses={204: None},
        examples=[
            example("This work", {"choice": "this", "media": 57}, request=True),
            example("Leave it alone", {"choice": "alone"}, request=True),
        ],
    )
    @idempotent
    def post(self, request: Request, row_id: int) -> Response:
        """`this`: the entry is that work (`media`), or the work is that entry (`external_id`, one of the candidates or
        of a search). `own`: the entry is a work of its own. `alone`: it is not synced. The next run starts soon."""
        row = queries.unmatched_row_for_user(self.person, row_id)
        given = self.read(shapes.ChoiceSerializer)
        if given["choice"] == "alone":
            choosing.leave_alone(self.person, row)
        elif given["choice"] == "own":
            if row.media_id is not None:
                raise _wrong("choice", "This is a work of the library already; only an entry can be one of its own.")
            choosing.choose_own_work(self.person, row)
        elif row.media is not None:
            external_id = _needed(given, "external_id")
            choosing.choose_entry(self.person, row.connection, media=row.media, external_id=external_id)
        else:
            self._choose_work(row, _needed(given, "media"))
        return Response(status=204)

    def _choose_work(self, row: Unmatched, media_id: int) -> None:
        try:
            choosing.choose_work(self.person, row, media_id=media_id)
        except Media.DoesNotExist:
            raise _wrong("media", "There is no such work of this kind.") from None


def _needed(given: dict[str, Any], name: str) -> Any:
    if given.get(name) in (None, ""):
        raise Problem("invalid", errors=[FieldError(name, "required", "This is needed to say which one it is.")])
    return given[name]


def _wrong(field: str, text: str) -> Problem:
    return Problem("invalid", errors=[FieldError(field, "invalid", text)])


@extend_schema(tags=["mappings"])
class UnmatchedSearch(PersonView):
    limits = {"GET": "search"}

    @extend_schema(
        summary="Search for what it might be",
        parameters=[OpenApiParameter("text", str, required=True)],
        responses=shapes.CandidateShape(many=True),
        examples=[example("Two", [shapes.CANDIDATE])],
        extensions=problems(409, 422),
    )
    def get(self, request: Request, row_id: int) -> Response:
        """For an entry: among the works here. For a work: at the service, which costs one request there."""
        row = queries.unmatched_row_for_user(self.person, row_id)
        text = " ".join(request.query_params.get("text", "").replace("\x00", "").split())[: shapes.LONGEST_SEARCH]
        if not text:
            raise _wrong("text", "Say what to search for.")
        if row.media is None:
            found = choosing.find_works(row, text)
        else:
            try:
                found = choosing.find_entries(row.connection, row.media, text)
            except ProviderError as error:
                raise explain_failure(error) from error
        return Response(shapes.CandidateShape([each.to_json() for each in found], many=True).data)
