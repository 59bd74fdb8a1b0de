"""Something of a person in every table that can hold it, and the walk that finds these tables."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils import timezone

from accounts.models import IdempotentAnswer, User
from accounts.services.keys import create_key
from integrations.models import Connection, DeviceLink, LinkAttempt, Play, ProviderApp
from library.models import EpisodeRange, ExternalId
from notices.events import Event
from notices.models import Channel, Notice
from syncing.models import Parked
from tests.web import rows

Model = type[models.Model]
ACCESS, APP_SECRET, DEVICE, VERIFIER = "planted-access", "planted-app-secret", "planted-device", "planted-verifier"
HOOK = "https://hook.test/planted-hook"
SECRETS = (ACCESS, "planted-refresh", APP_SECRET, DEVICE, VERIFIER, "planted-totp", HOOK, "planted-sign")


def personal_models() -> dict[Model, tuple[str, ...]]:
    """{model: ways to its person}: every table from which a chain of foreign keys leads to a User, that of the users
    themselves among them ("pk")."""
    ways: dict[Model, tuple[str, ...]] = {User: ("pk",)}
    grown = True
    while grown:
        grown = False
        for model in apps.get_models(include_auto_created=True):
            found = tuple(
                field.name if field.related_model is User else f"{field.name}__{way}"
                for field in model._meta.concrete_fields
                if field.is_relation and field.related_model in ways and field.related_model is not model
                for way in (ways[field.related_model] if field.related_model is not User else ("",))
            )
            if found and model not in ways:
                ways[model], grown = found, True
    return ways


def count_rows(user_id: Any) -> dict[str, int]:
    """{model: rows that lead to the person}."""
    return {
        model._meta.label: model._default_manager.filter(**{ways[0]: user_id}).count()
        for model, ways in personal_models().items()
    }


def find_text(*texts: str) -> list[str]:
    """Where in the whole database one of these stands: "library.ListEntry 7"."""
    found = []
    for model in apps.get_models(include_auto_created=True):
        for row in model._default_manager.values():
            if any(text in str(row) for text in texts):
                found.append(f"{model._meta.label} {row.get('id', '')}")
    return found


def make_everything(user: User, provider: str = "anilist") -> dict[str, Any]:
    """A row in each of `personal_models`; its secrets are SECRETS."""
    made = rows.make_all(user, provider=provider)
    _make_sign_ins(user)
    _make_links(user, made["connection"])
    EpisodeRange.objects.create(
        site="anilist",
        site_id="1",
        source="person",
        user=user,
        target_kind="show",
        target_site="tmdb",
        target_id="2",
        numbering="position",
        first_seen_at=timezone.now(),
    )
    rows.make_change(made["run"], made["entry"].media, undoes=made["change"])
    channel = Channel.objects.create(user=user, way="webhook", address=HOOK, secret="planted-sign", shown="hook.test")
    Notice.objects.create(user=user, channel=channel, event=Event.choices[0][0], key="1", subject="s", text="t")
    number = str(made["entry"].media_id)
    known = {"provider": "myanimelist", "kind": "anime", "external_id": number, "source": "anilist"}
    ExternalId.objects.create(media=made["entry"].media, **known)
    return made


def _make_sign_ins(user: User) -> None:
    address = EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    EmailConfirmation.objects.create(email_address=address, key=f"key-{user.pk}", sent=timezone.now())
    create_key(user, name="phone", scopes=["read"])
    IdempotentAnswer.objects.create(user=user, key="k", fingerprint=b"f", body={"email": user.email})
    Authenticator.objects.create(user=user, type="totp", data={"secret": "planted-totp"})
    user.groups.add(Group.objects.get_or_create(name="helpers")[0])
    user.user_permissions.add(Permission.objects.order_by("pk")[0])
    people = ContentType.objects.get_for_model(User)
    LogEntry.objects.create(
        user=user, content_type=people, object_id=str(user.pk), object_repr=user.email, action_flag=CHANGE
    )


def _make_links(user: User, connection: Connection) -> None:
    soon, provider = timezone.now() + timedelta(hours=1), connection.provider
    app = ProviderApp.objects.create(user=user, provider=provider, client_id="her-app", client_secret=APP_SECRET)
    connection.access_token, connection.refresh_token, connection.app = ACCESS, "planted-refresh", app
    connection.save()
    DeviceLink.objects.create(
        user=user,
        provider="trakt",
        device_code=DEVICE,
        user_code="ABCD",
        verification_url="https://trakt.tv/activate",
        next_poll_at=soon,
        expires_at=soon,
    )
    LinkAttempt.objects.create(
        user=user,
        provider=provider,
        state_hash=str(user.pk),
        session_hash="s",
        verifier=VERIFIER,
        redirect_uri="https://enishi.test/back",
        expires_at=soon,
    )
    Play.objects.create(user=user, connection=connection, account_id="1", item="movie:1", sent_at=timezone.now())
    Parked.objects.create(user=user, connection=connection, kind="anime", remote_id="3", wanted="digest")
