"""A URL conf with endpoints that do nothing but show the conventions, beside the real ones."""

from __future__ import annotations

import threading
from typing import Any

from django.db import OperationalError, transaction
from django.urls import path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.etags import answer_versioned, etag_of, locked
from accounts.api.idempotency import idempotent
from accounts.api.problems import Problem, explains
from accounts.api.views import PagedView, PersonView
from accounts.models import AccessKey, User
from project.urls import handler400, handler500
from project.urls import urlpatterns as real_urlpatterns

__all__ = ["handler400", "handler500"]


class RoomError(Exception):
    pass


@explains(RoomError)
def explain(error: RoomError) -> Problem:
    return Problem("conflict", str(error))


class Inner(serializers.Serializer[Any]):
    score = serializers.IntegerField(max_value=100)
    private = serializers.BooleanField(required=False, allow_null=True)
    weight = serializers.FloatField(required=False)
    tags = serializers.ListField(child=serializers.CharField(), required=False)
    more = serializers.DictField(child=serializers.IntegerField(), required=False)


class Body(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=5)
    entries = Inner(many=True, required=False)


class KeyRow(serializers.ModelSerializer[AccessKey]):
    class Meta:
        model = AccessKey
        fields = ("name",)


class Echo(PersonView):
    def post(self, request: Request) -> Response:
        return Response(self.read(Body))


class Raises(PersonView):
    def get(self, request: Request, kind: str) -> Response:
        errors: dict[str, Exception] = {
            "room": RoomError("Both at once."),
            "missing": User.DoesNotExist(),
            "fault": RuntimeError("planted"),
            "away": OperationalError("planted"),
        }
        raise errors[kind]


class Rows(PagedView):
    def get(self, request: Request) -> Response:
        order = request.query_params.get("sort", "name").split(",")
        return self.answer_page(AccessKey.objects.filter(user=self.person).order_by(*order), KeyRow)


class Versioned(PersonView):
    """The person's own time zone, as something that has a version."""

    if_match = {"PUT": "required", "PATCH": "optional"}
    made = 0

    def get(self, request: Request) -> Response:
        return answer_versioned(request, etag_of(self.person.timezone), self._make)

    def _make(self) -> dict[str, str]:
        Versioned.made += 1
        return {"timezone": self.person.timezone}

    def put(self, request: Request) -> Response:
        expected = self.expectation()
        with locked(User.objects.all(), pk=self.person.pk) as row:
            expected.check(etag_of(row.timezone))
            body: Any = request.data
            row.timezone = body["timezone"]
            row.save(update_fields=["timezone"])
        return Response({"timezone": row.timezone}, headers={"ETag": etag_of(row.timezone)})

    patch = put


class Work(PersonView):
    """Counts how often it was done. `pause`: set by a test to hold the first one in the middle."""

    scopes = {"POST": "sync"}
    done: list[str] = []
    entered = threading.Event()
    pause: threading.Event | None = None

    @idempotent
    def post(self, request: Request) -> Response:
        body: Any = request.data
        if body.get("fail"):
            raise Problem("conflict", "Not now.")
        if Work.pause is not None:
            Work.entered.set()
            assert Work.pause.wait(20)
        with transaction.atomic():
            Work.done.append(body["name"])
        return Response({"number": len(Work.done)}, status=202, headers={"Location": "/api/v1/runs/1"})


urlpatterns = [
    path("api/v1/trial/echo", Echo.as_view()),
    path("api/v1/trial/raise/<slug:kind>", Raises.as_view()),
    path("api/v1/trial/rows", Rows.as_view()),
    path("api/v1/trial/versioned", Versioned.as_view()),
    path("api/v1/trial/work", Work.as_view()),
    *real_urlpatterns,
]
