"""Planted secrets are looked for in all that people, operators and the broker may see. There must be none."""

from __future__ import annotations

import base64
import json
import logging
import traceback
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings as django_settings
from django.contrib import admin
from django.core import mail
from django.db.models import Model
from django.forms.models import model_to_dict
from django.test import Client
from django.urls import reverse
from redis import Redis

from accounts.models import User
from integrations.crypto import Secret
from integrations.errors import ProviderError
from integrations.models import Connection, ProviderApp
from integrations.sandbox.server import Running
from integrations.services.sessions import open_session
from library.services.editing import edit_entry
from syncing.models import Schedule
from syncing.services import applying, dispatching, endings, scheduling
from tests.e2e.conftest import Link, sync
from tests.e2e.lists import (
    ANILIST,
    MAL,
    SIDES,
    break_,
    edit,
    let_limits_pass,
    listed,
    media_of,
    mend,
    never_sleep,
    settle,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.e2e]

PLANTED = ("plantedAccess", "plantedRefresh", "plantedClientSecret")
"""In every planted secret one of these. None has the shape of a token, so no pattern takes it out of a log."""
FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "rate_limit"},
    {"kind": "error"},
    {"kind": "html", "status": 200},
    {"kind": "html", "status": 403},
    {"kind": "cut"},
    {"kind": "reset"},
    {"kind": "expired_token"},
)


@pytest.fixture
def errors(monkeypatch: pytest.MonkeyPatch) -> list[BaseException]:
    """Each error of a service that ended a run."""
    seen: list[BaseException] = []
    ending_of = endings.ending_of

    def remember(error: ProviderError, *, name: str) -> endings.Ending:
        seen.append(error)
        return ending_of(error, name=name)

    monkeypatch.setattr(endings, "ending_of", remember)
    return seen


def plant(sandbox: Running, connection: Connection, *, number: int) -> None:
    """The service gives this connection the planted tokens from now on."""
    grants = sandbox.state.fakes[connection.provider].grants
    (old, *_) = [token for token in grants.by_access.values() if str(token.account_id) == connection.account_id]
    access, refresh = f"plantedAccess{connection.provider}{number}", f"plantedRefresh{connection.provider}{number}"
    token = replace(old, access=access, refresh=refresh, revoked=False, refresh_revoked=False)
    grants.by_access[access] = grants.by_refresh[refresh] = token
    connection.access_token, connection.refresh_token = Secret(access), Secret(refresh)
    connection.state, connection.message, connection.message_code = "active", "", ""
    connection.save()
    Schedule.objects.update(is_on=True)


def own_app(user: User, sandbox: Running) -> ProviderApp:
    app = {"client_id": "own-app", "client_secret": "plantedClientSecret", "redirect_uri": "https://localhost/"}
    sandbox.control("POST", f"{MAL}/apps", app)
    return ProviderApp.objects.create(
        user=user, provider=MAL, client_id="own-app", client_secret=Secret("plantedClientSecret")
    )


def live_through_all(sandbox: Running, connections: list[Connection], redis: Redis, patch: pytest.MonkeyPatch) -> None:
    """Good runs, each fault while reading and while writing, dead sign-ins, and a failure of our own."""
    user = connections[0].user
    for number, fault in enumerate(({}, *FAULTS, {"kind": "revoked_token"})):
        for connection in connections:
            plant(sandbox, connection, number=number)
            edit_entry(user, media_id=media_of(1), changes={"progress": 1 + number})
            edit(sandbox, connection.provider, 6, progress=1 + number)
            if fault:
                break_(sandbox, connection.provider, times=None, skip=number % 2, **fault)
            sync(connection)
            mend(sandbox, connection.provider)
            let_limits_pass(redis)
    with patch.context() as context:
        context.setattr(applying, "apply_library", fail)
        for connection in connections:
            plant(sandbox, connection, number=100)
            edit_entry(user, media_id=media_of(1), changes={"progress": 20})
            assert sync(connection).error_code == "internal"


def fail(*args: Any) -> None:
    raise RuntimeError(f"something of ours broke with {args!r}")


def test_no_secret_is_anywhere(
    sandbox: Running,
    link: Link,
    alice: User,
    redis_client: Redis,
    caplog: pytest.LogCaptureFixture,
    errors: list[BaseException],
    monkeypatch: pytest.MonkeyPatch,
    client: Client,
) -> None:
    never_sleep(monkeypatch)
    caplog.set_level(logging.DEBUG)
    connections = [link(alice, side, [listed(side, 1), listed(side, 6)]) for side in SIDES]
    Connection.objects.filter(provider=MAL).update(app=own_app(alice, sandbox))
    connections = list(Connection.objects.select_related("app", "user"))
    settle(connections, rounds=1)
    live_through_all(sandbox, connections, redis_client, monkeypatch)
    Schedule.objects.update(is_on=True, not_before=None)
    scheduling.look_again(connections[0].pk)
    assert dispatching.start_due() >= 1
    found: dict[str, str] = {}
    places = {
        "log": caplog.text,
        "errors": "\n".join(show_error(error) for error in errors),
        "rows": "\n".join(show_rows()),
        "mail": "\n".join(f"{message.subject} {message.body} {message.to}" for message in mail.outbox),
        "redis": "\n".join(show_redis(redis_client)),
        **show_admin(client),
        **show_pages(client, alice),
    }
    for place, text in places.items():
        assert text, f"nothing was looked at in {place}"
        for secret in all_secrets(sandbox):
            if secret in text:
                found[place] = text[max(0, text.index(secret) - 80) :][:200]
    assert found == {}
    # What was looked at is what was meant: many errors, a message for a worker, and every page.
    assert len({type(error).__name__ for error in errors}) >= 4
    assert "syncing.sync_connection" in places["redis"]
    assert "something of ours broke" in places["log"]
    assert len([place for place in places if place.startswith("/admin/")]) >= 30


def all_secrets(sandbox: Running) -> Iterator[str]:
    yield from PLANTED
    yield from ("sandbox-secret", django_settings.SECRET_KEY, django_settings.TOKEN_KEYS.partition(":")[2])
    for fake in sandbox.state.fakes.values():
        yield from fake.grants.by_access
        yield from (token for token in fake.grants.by_refresh if token)


def show_error(error: BaseException) -> str:
    chain = [error, error.__cause__, error.__context__]
    told = [f"{one!r} {one} {one.args!r} {vars(one)!r}" for one in chain if one is not None]
    return "\n".join([*told, *traceback.format_exception(error)])


def show_rows() -> Iterator[str]:
    """Every row of ours, as its text, its repr, its form and what an incautious dump would print."""
    for model in apps.get_models():
        if model._meta.app_label in ("accounts", "library", "integrations", "syncing"):
            for row in model._default_manager.all():
                yield f"{row} {row!r} {vars(row)!r} {model_to_dict(row)!r}"


def show_redis(redis: Redis) -> Iterator[str]:
    """All keys and values, with the bodies of Celery's messages unpacked."""
    for key in redis.scan_iter():
        kind = redis.type(key)
        readers: dict[bytes, Any] = {
            b"string": lambda name: [redis.get(name)],
            b"list": lambda name: redis.lrange(name, 0, -1),
            b"set": redis.smembers,
            b"hash": lambda name: list(redis.hgetall(name).items()),  # type: ignore[union-attr]
            b"zset": lambda name: redis.zrange(name, 0, -1),
        }
        for value in readers[kind](key):  # type: ignore[index]
            yield f"{key!r} {value!r}"
            if kind == b"list":
                message = json.loads(value)
                yield f"{message} {base64.b64decode(message['body'])!r}"


def show_admin(client: Client) -> dict[str, str]:
    """Each list, each page for adding, and the pages of up to three rows of each model."""
    operator = User.objects.create_superuser("operator@example.org", "a password for nobody")
    client.force_login(operator, backend="django.contrib.auth.backends.ModelBackend")
    pages = {}
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        paths = [reverse(f"{name}_changelist"), reverse(f"{name}_add")]
        paths += [reverse(f"{name}_{page}", args=[row.pk]) for row in newest(model) for page in ("change", "history")]
        for path in paths:
            answer = client.get(path)
            assert answer.status_code in (200, 403), path
            pages[path] = answer.content.decode()
    return pages


def newest(model: type[Model]) -> list[Any]:
    return list(model._default_manager.order_by("-pk")[:3])


def show_pages(client: Client, user: User) -> dict[str, str]:
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    paths = ["/", "/library/", "/connections/", "/runs/", "/reviews/", "/unmatched/"]
    return {path: client.get(path, follow=True).content.decode() for path in paths}


@pytest.mark.parametrize("provider", [ANILIST, MAL])
def test_what_holds_a_token_prints_none(sandbox: Running, link: Link, alice: User, provider: str) -> None:
    connection = link(alice, provider)
    plant(sandbox, connection, number=1)
    connection = Connection.objects.get(pk=connection.pk)
    session = open_session(connection)
    told = f"{session!r} {vars(session)!r} {connection!r} {vars(connection)!r} {connection.access_token!r}"
    assert "planted" not in told
    # Though it is there, and is what goes out.
    assert connection.access_token == Secret(f"plantedAccess{provider}1")
