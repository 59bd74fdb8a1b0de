"""A person's own account."""

from __future__ import annotations

from django.contrib.auth import logout
from django.middleware.csrf import get_token
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import serializers
from accounts.api.authentication import session_of
from accounts.api.schema import example
from accounts.api.views import PersonView, PublicView
from accounts.models import User
from accounts.services.erasing import erase_person
from accounts.services.preferences import set_timezone

ALICE = {
    "id": "6b1b6a0e-5b0e-4b4a-8b0a-0e5b0e4b4a8b",
    "email": "alice@example.org",
    "timezone": "Europe/Berlin",
    "date_joined": "2026-11-21T15:04:05Z",
}


@extend_schema(tags=["account"])
class Account(PersonView):
    in_person = confirmed = frozenset({"DELETE"})

    @extend_schema(
        summary="Who is signed in", responses=serializers.AccountSerializer, examples=[example("Alice", ALICE)]
    )
    def get(self, request: Request) -> Response:
        return Response(self.show(serializers.AccountSerializer, self.person))

    @extend_schema(
        summary="Change preferences",
        request=serializers.AccountChangeSerializer,
        responses=serializers.AccountSerializer,
        examples=[example("Move to Japan", {"timezone": "Asia/Tokyo"}, request=True), example("Alice", ALICE)],
    )
    def patch(self, request: Request) -> Response:
        """The e-mail address is changed with its confirmation: /_allauth/browser/v1/account/email."""
        given = self.read(serializers.AccountChangeSerializer)
        if "timezone" in given:
            set_timezone(self.person, timezone=given["timezone"])
        return Response(self.show(serializers.AccountSerializer, self.person))

    @extend_schema(summary="Erase the account", parameters=[serializers.EraseSerializer], responses={204: None})
    def delete(self, request: Request) -> Response:
        """At once and for ever: the list, its history, settings, links and our access to the services, keys, sessions.
        The lists at the services stay as they are. All that is kept can be had before: `account/export`."""
        given = self.read_query(serializers.EraseSerializer)
        # One of its own: `self.person` is what the session goes by until it ends below.
        erase_person(User.objects.get(pk=self.person.pk), shared_access=given["shared_access"])
        if session_of(request) is None:
            logout(request._request)
        return Response(status=204)


@extend_schema(tags=["account"])
class Csrf(PublicView):
    @extend_schema(
        summary="Get a CSRF token",
        responses=serializers.CsrfSerializer,
        examples=[example("A token", {"token": "x" * 64})],
        auth=[],
    )
    def get(self, request: Request) -> Response:
        """For browsers, before the first change. Sets the CSRF cookie."""
        return Response({"token": get_token(request._request)})
