"""Linking an account: sent to the service and back, by a code to type in, by name and password, by a token."""

from __future__ import annotations

from typing import Any

from django.views.decorators.debug import sensitive_variables
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.problems import Problem
from accounts.api.schema import example, problems
from accounts.api.views import PersonView
from integrations import queries
from integrations.api import serializers, shapes
from integrations.api.examples import AUTHORIZED, CONNECTS, DEVICE, SERVICE
from integrations.models import Connection, DeviceLink
from integrations.services import devices, linking_from_apps, pasting, providers, signing_in


@extend_schema(tags=["integrations"])
class Authorize(PersonView):
    limits = {"POST": "link"}

    @extend_schema(
        summary="Begin a link at the service's page",
        request=serializers.AuthorizeSerializer,
        responses={201: serializers.AuthorizedShape},
        examples=[
            example("Ended here", {}, request=True),
            example("Ended by the program", {"redirect_uri": AUTHORIZED["redirect_uri"]}, request=True),
            example("Begun", AUTHORIZED, status=201),
        ],
        extensions=problems(409),
    )
    def post(self, request: Request, provider: str) -> Response:
        """Open `url` in a browser. With the default address the browser must be signed in here as the same person, and
        the link is ended there; with another one send what comes back there to `connect`, with `state`."""
        given = self.read(serializers.AuthorizeSerializer)
        begun = linking_from_apps.start_link_from_app(
            self.person, provider=provider, redirect_uri=given.get("redirect_uri")
        )
        return Response(self.show(serializers.AuthorizedShape, begun), status=201)


@extend_schema(tags=["integrations"])
class Connect(PersonView):
    limits = {"POST": "link"}

    @extend_schema(
        summary="Link an account",
        request=serializers.ConnectSerializer,
        responses=serializers.ServiceShape,
        examples=[*CONNECTS, example("Linked", SERVICE)],
        extensions=problems(409, 422),
    )
    @sensitive_variables()
    def post(self, request: Request, provider: str) -> Response:
        """By what the service sent back, by name and password (used once, never stored), or by a token. `settings` says
        under `ways` what a service takes. The first sync waits for a yes to its preview."""
        given = self.read(serializers.ConnectSerializer)
        row = self._link(provider, given)
        return Response(self.show(serializers.ServiceShape, shapes.settings_of(self.person, row.provider)))

    @sensitive_variables()
    def _link(self, provider: str, given: dict[str, Any]) -> Connection:
        way = serializers.CONNECT_WAYS[frozenset(given)]
        code = given.get("authorization_code", "")
        if way == "begun":
            return linking_from_apps.finish_link_from_app(
                self.person, provider=provider, code=code, state=given["state"]
            )
        if way == "code":
            return linking_from_apps.link_with_code(
                self.person,
                provider=provider,
                code=code,
                redirect_uri=given["redirect_uri"],
                code_verifier=given.get("code_verifier"),
            )
        if way == "password":
            return signing_in.link_with_password(self.person, provider=provider, **given)
        return pasting.paste_token(self.person, provider=provider, token=given["access_token"])


@extend_schema(tags=["integrations"])
class Device(PersonView):
    limits = {"POST": "link"}

    @extend_schema(
        summary="Begin a link by code",
        request=None,
        responses={201: serializers.DeviceShape},
        examples=[example("A code", DEVICE, status=201)],
        extensions=problems(409),
    )
    def post(self, request: Request, provider: str) -> Response:
        """Show code and address to the person, then GET this address until `state` is no longer pending."""
        link = devices.start_device_link(self.person, provider=provider)
        return Response(self.show(serializers.DeviceShape, _device(link)), status=201)

    @extend_schema(
        summary="How a link by code stands",
        responses=serializers.DeviceShape,
        examples=[example("Waiting", DEVICE)],
        extensions=problems(409),
    )
    def get(self, request: Request, provider: str) -> Response:
        """Of the newest one. Asks nobody: our workers ask the service."""
        slug = providers.provider_for(provider).slug
        link = queries.device_link_for_user(self.person, slug)
        if link is None:
            raise Problem("not_found", "No link by code was begun.")
        return Response(self.show(serializers.DeviceShape, _device(link)))


def _device(link: DeviceLink) -> dict[str, Any]:
    return {
        "state": link.state,
        "message": link.message,
        "user_code": link.user_code,
        "verification_url": devices.page_of(link),
        "poll_seconds": link.poll_seconds,
        "expires_at": link.expires_at,
    }
