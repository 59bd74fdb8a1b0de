"""A person's own account and access keys."""

from __future__ import annotations

import uuid

from django.middleware.csrf import get_token
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import serializers
from accounts.api.paging import CursorPaging
from accounts.api.schema import example
from accounts.api.views import PersonView, PublicView, SessionView
from accounts.queries import keys_for_user
from accounts.services.keys import create_key, revoke_key
from accounts.services.preferences import set_timezone

ALICE = {
    "id": "6b1b6a0e-5b0e-4b4a-8b0a-0e5b0e4b4a8b",
    "email": "alice@example.org",
    "timezone": "Europe/Berlin",
    "date_joined": "2026-11-21T15:04:05Z",
}
KEY = {
    "id": "0d2a8a0e-6a3e-4c4f-9d52-a3b1f0a5e6c7",
    "name": "Home server",
    "prefix": "enishi_k3x9ab2c",
    "scopes": ["read", "sync"],
    "created_at": "2026-11-26T12:00:00Z",
    "expires_at": None,
    "last_used_at": None,
}


@extend_schema(tags=["account"])
class Account(PersonView):
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


@extend_schema(tags=["account"])
class Keys(SessionView):
    confirmed = frozenset({"POST"})
    pagination_class = CursorPaging

    @extend_schema(
        summary="List access keys",
        responses=serializers.KeySerializer(many=True),
        examples=[example("One key", KEY)],
    )
    def get(self, request: Request) -> Response:
        page = self.paginate_queryset(keys_for_user(self.person))
        return self.get_paginated_response(serializers.KeySerializer(page, many=True).data)

    @extend_schema(
        summary="Make an access key",
        request=serializers.NewKeySerializer,
        responses={201: serializers.MadeKeySerializer},
        examples=[
            example("For a script", {"name": "Home server", "scopes": ["read", "sync"]}, request=True),
            example("Made", {**KEY, "key": f"{KEY['prefix']}_{'x' * 43}"}, status=201),
        ],
    )
    def post(self, request: Request) -> Response:
        """The answer is the only place where the key is ever shown."""
        made = create_key(self.person, **self.read(serializers.NewKeySerializer))
        made.row.key = made.key  # type: ignore[attr-defined]
        return Response(self.show(serializers.MadeKeySerializer, made.row), status=201)


@extend_schema(tags=["account"])
class Key(SessionView):
    @extend_schema(summary="Revoke an access key", responses={204: None})
    def delete(self, request: Request, key_id: uuid.UUID) -> Response:
        """It stops to work at once."""
        revoke_key(self.person, key_id=key_id)
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
