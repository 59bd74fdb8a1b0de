"""A person's settings at the services, and apps of their own: the paths and names of the first clients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.views.decorators.debug import sensitive_variables
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.schema import example, problems
from accounts.api.views import PersonView
from integrations import queries
from integrations.api import serializers, shapes
from integrations.api.examples import CHANGE, SERVICE, SETTINGS
from integrations.models import Connection, Removals
from integrations.providers import registry
from integrations.services import apps, connecting, pausing

SettingsShape = {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/ServiceShape"}}


@extend_schema(tags=["integrations"])
class Settings(PersonView):
    @extend_schema(
        summary="All services",
        responses={(200, "application/json"): SettingsShape},
        examples=[example("One linked", SETTINGS)],
    )
    def get(self, request: Request) -> Response:
        """By slug: what is offered here and what the person has linked, with its settings. Never a secret."""
        found = shapes.settings_for_user(self.person)
        return Response({slug: self.show(serializers.ServiceShape, one) for slug, one in found.items()})


@extend_schema(tags=["integrations"])
class Setup(PersonView):
    limits = {"POST": "link"}

    @extend_schema(
        summary="Enter an app of one's own",
        request=serializers.SetupSerializer,
        responses=serializers.ServiceShape,
        examples=[
            example(
                "An app", {"integration_type": "anilist", "client_id": "12345", "client_secret": "…"}, request=True
            ),
            example("Stored", SERVICE),
        ],
        extensions=problems(404, 409, 422),
    )
    @sensitive_variables()
    def post(self, request: Request) -> Response:
        """New links use it instead of the site's. An empty secret keeps the one that is stored for the same id."""
        given = self.read(serializers.SetupSerializer)
        row = apps.save_app(
            self.person,
            provider=given["integration_type"],
            client_id=given["client_id"],
            client_secret=given.get("client_secret"),
        )
        return Response(self.show(serializers.ServiceShape, shapes.settings_of(self.person, row.provider)))


@extend_schema(tags=["integrations"])
class OwnApp(PersonView):
    @extend_schema(summary="Forget the app of one's own", responses={204: None}, extensions=problems(409))
    def delete(self, request: Request, provider: str) -> Response:
        apps.remove_app(self.person, provider=provider)
        return Response(status=204)


@extend_schema(tags=["integrations"])
class Service(PersonView):
    @extend_schema(
        summary="One service",
        responses=serializers.ServiceShape,
        examples=[example("Linked", SERVICE)],
        extensions=problems(409),
    )
    def get(self, request: Request, provider: str) -> Response:
        return self._answer(provider)

    @extend_schema(
        summary="Change settings",
        operation_id="integrations_change",
        request=serializers.ChangeSerializer,
        responses=serializers.ServiceShape,
        examples=[example("Less", CHANGE, request=True), example("Changed", SERVICE)],
        extensions=problems(409),
    )
    def put(self, request: Request, provider: str) -> Response:
        """What is not named stays as it is, here as with PATCH."""
        return self._change(provider)

    @extend_schema(
        summary="Change some settings",
        operation_id="integrations_change_some",
        request=serializers.ChangeSerializer,
        responses=serializers.ServiceShape,
        examples=[example("Less", CHANGE, request=True), example("Changed", SERVICE)],
        extensions=problems(409),
    )
    def patch(self, request: Request, provider: str) -> Response:
        return self._change(provider)

    @extend_schema(summary="Unlink", responses={204: None})
    def delete(self, request: Request, provider: str) -> Response:
        """Forgets the tokens; both lists stay as they are, and so do the journal and the settings."""
        connecting.unlink(self.person, provider=provider)
        return Response(status=204)

    def _change(self, provider: str) -> Response:
        given = self.read(serializers.ChangeSerializer)
        paused = {False: True, True: False, None: None}[given.pop("sync_enabled", None)]
        with transaction.atomic():
            # Locked before it is read: a switch stands for some of `fields`, and two may be moved at once.
            row = queries.lock_connection_for_user(self.person, provider)
            row = connecting.set_options(self.person, provider=row.provider, **options_of(given, row))
            if paused is not None:
                pausing.set_paused(row.pk, paused=paused)
        return self._answer(provider)

    def _answer(self, provider: str) -> Response:
        return Response(self.show(serializers.ServiceShape, shapes.settings_of(self.person, provider)))


def options_of(given: Mapping[str, Any], row: Connection) -> dict[str, Any]:
    """What `set_options` takes. The switches move their fields among those that are chosen, `fields` given or not."""
    values = {name: value for name, value in given.items() if not name.startswith("sync_")}
    if "auto_sync" in values:
        values["automatic"] = values.pop("auto_sync")
    if "sync_removals" in given and "removals" not in values:
        on = row.removals if row.removals != Removals.NO else Removals.ASK
        values["removals"] = str(on if given["sync_removals"] else Removals.NO)
    switched = {name: given[name] for name in shapes.SWITCHES if name in given}
    if switched:
        values["fields"] = _switch(switched, row, chosen=values.get("fields", row.fields))
    return values


def _switch(switched: Mapping[str, bool], row: Connection, *, chosen: list[str]) -> list[str]:
    """[] = all: stored so, a field that the service learns to hold later is synced too."""
    held = shapes.held_fields(registry.get(row.provider), row)
    names = set(chosen or held)
    for switch, on in switched.items():
        names = names | set(shapes.SWITCHES[switch]) if on else names - set(shapes.SWITCHES[switch])
    kept = [name for name in held if name in names]
    return [] if kept == held else kept
