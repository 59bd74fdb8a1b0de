from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.core import mail
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from integrations.crypto import Secret
from integrations.fields import Sealed
from integrations.models import Connection, ConnectionState, LinkAttempt, ProviderApp
from integrations.services import apps, devices
from tests.integrations.conftest import World
from tests.integrations.doubles import plain
from tests.integrations.test_connecting import link, start

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("world")]

MODELS = ("connection", "providerapp", "linkattempt", "devicelink")


@pytest.fixture
def operator(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("operator@example.org", "right horse battery staple"))
    return client


def page(client: Client, name: str, *args: Any, **query: Any) -> str:
    response = client.get(reverse(f"admin:integrations_{name}", args=args), query)
    assert response.status_code == 200
    return response.content.decode()


def post_app(client: Client, row: ProviderApp | None = None, **fields: Any) -> str:
    name, args = ("change", [row.pk]) if row else ("add", [])
    data = {"provider": "toy", "client_id": "mine", "new_secret": "", "user": "", **fields}
    response = client.post(reverse(f"admin:integrations_providerapp_{name}", args=args), data)
    return "" if response.status_code == 302 else response.content.decode()


def test_no_page_shows_a_secret(world: World, operator: Client, alice: User) -> None:
    own = apps.save_app(alice, provider="toy", client_id="mine", client_secret="planted-mine")
    connection = link(world, alice, "7")
    state = start(alice)["state"]
    attempt = LinkAttempt.objects.get(used_at=None)
    device = devices.start_device_link(alice, provider="showing")
    shown = "".join(page(operator, f"{model}_changelist") for model in MODELS)
    shown += page(operator, "connection_change", connection.pk)
    shown += page(operator, "providerapp_change", own.pk)
    shown += page(operator, "linkattempt_change", attempt.pk)
    shown += page(operator, "devicelink_change", device.pk)
    assert "https://auth.toy.test/activate" in shown
    for secret in ("planted", device.user_code, state, attempt.state_hash, attempt.session_hash):
        assert secret not in shown
    assert f"…{Secret(plain(connection.access_token)).fingerprint()}" in shown
    assert f"…{Secret(plain(own.client_secret)).fingerprint()}" in shown


def test_a_secret_that_does_not_open_breaks_no_page(world: World, operator: Client, alice: User) -> None:
    connection = link(world, alice, "7")
    Connection.objects.update(access_token=Sealed(b"\x01" + b"\x00" * 60))
    assert "cannot be opened" in page(operator, "connection_change", connection.pk)


def test_a_secret_goes_in_and_stays_until_the_client_id_changes(operator: Client) -> None:
    assert post_app(operator, new_secret=" planted-site\n") == ""
    row = ProviderApp.objects.get()
    assert (row.user, row.client_id, plain(row.client_secret)) == (None, "mine", "planted-site")
    assert post_app(operator, row) == ""
    row.refresh_from_db()
    assert plain(row.client_secret) == "planted-site"
    assert post_app(operator, row, new_secret="planted-new") == ""
    row.refresh_from_db()
    assert plain(row.client_secret) == "planted-new"
    assert "needs a client secret too" in post_app(operator, row, client_id="other")
    assert "planted" not in "".join(entry.change_message for entry in LogEntry.objects.all())


@pytest.mark.parametrize("wrong", [{"client_id": "two words"}, {"new_secret": "a b"}, {"provider": "kitsune"}, {}])
def test_an_app_that_cannot_work_is_refused(operator: Client, wrong: dict[str, Any]) -> None:
    shown = post_app(operator, **{"client_id": "mine", **wrong})
    assert re.search(r'class="errorlist', shown) is not None
    assert ProviderApp.objects.count() == 0


def test_there_is_one_app_site_wide_a_provider(operator: Client) -> None:
    post_app(operator, new_secret="planted-site")
    assert 'class="errorlist' in post_app(operator, client_id="second", new_secret="planted-second")
    assert ProviderApp.objects.count() == 1


def act(client: Client, action: str, *rows: Connection) -> None:
    data = {"action": action, "_selected_action": [str(row.pk) for row in rows]}
    assert client.post(reverse("admin:integrations_connection_changelist"), data).status_code == 302


@pytest.mark.django_db(transaction=True)
def test_operators_pause_resume_and_ask_for_a_login(world: World, operator: Client, alice: User, bob: User) -> None:
    rows = [link(world, alice, "7"), link(world, bob, "8")]
    states = Connection.objects.order_by("account_id").values_list("state", flat=True)
    act(operator, "pause", *rows)
    assert list(states.all()) == [ConnectionState.PAUSED, ConnectionState.PAUSED]
    act(operator, "resume", rows[0])
    assert list(states.all()) == [ConnectionState.ACTIVE, ConnectionState.PAUSED]
    act(operator, "ask_for_login", rows[1])
    assert list(states.all()) == [ConnectionState.ACTIVE, ConnectionState.NEEDS_LOGIN]
    assert [sent.to for sent in mail.outbox] == [["bob@example.org"]]


def test_links_are_neither_made_nor_edited_here(world: World, operator: Client, alice: User) -> None:
    connection = link(world, alice, "7")
    for model in ("connection", "linkattempt"):
        assert operator.get(reverse(f"admin:integrations_{model}_add")).status_code == 403
    form = re.sub(r"csrfmiddlewaretoken", "", page(operator, "connection_change", connection.pk))
    assert re.findall(r'name="(state|direction|account_id|access_token|user)"', form) == []


@pytest.mark.parametrize("model", MODELS)
def test_lists_cost_the_same_for_one_row_and_for_three(
    world: World, operator: Client, model: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    costs = []
    for name in ("one", "two", "three"):
        user = User.objects.create_user(f"{name}@example.org", "x")
        apps.save_app(user, provider="toy", client_id=name, client_secret="planted-secret")
        link(world, user, name)
        with django_assert_max_num_queries(12) as counted:
            page(operator, f"{model}_changelist", q="example")
        costs.append(len(counted))
    assert costs[0] == costs[2]
