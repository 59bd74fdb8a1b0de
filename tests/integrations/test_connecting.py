from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from django.http import QueryDict
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from integrations import queries, signals
from integrations.errors import RateLimited
from integrations.models import Connection, ConnectionState, LinkAttempt, ProviderApp
from integrations.services import apps, connecting
from integrations.services.connecting import LinkError, OptionError
from tests.integrations.conftest import World
from tests.integrations.doubles import plain
from tests.integrations.test_oauth import find_in_traceback, make_jwt

pytestmark = pytest.mark.django_db

HERE = "session-of-alice"


def start(user: User, **options: Any) -> dict[str, str]:
    url = connecting.start_link(user, **{"provider": "toy", "session_key": HERE, **options})
    return {name: value for name, [value] in parse_qs(urlsplit(url).query).items()}


def finish(user: User, params: Any, **options: Any) -> Connection:
    return connecting.finish_link(user, **{"provider": "toy", "session_key": HERE, "params": params, **options})


def link(world: World, user: User, account: str, *, provider: str = "toy") -> Connection:
    """The whole way."""
    query = start(user, provider=provider)
    code = f"planted-code-{world.server.issued}"
    world.server.codes[code] = account
    return finish(user, {"code": code, "state": query["state"]}, provider=provider)


@contextmanager
def refuses(code: str) -> Iterator[pytest.ExceptionInfo[LinkError]]:
    with pytest.raises(LinkError) as caught:
        yield caught
    assert caught.value.code == code
    assert find_in_traceback("planted", caught.value) == []


@contextmanager
def hears(signal: Any) -> Iterator[list[dict[str, Any]]]:
    heard: list[dict[str, Any]] = []

    def take(**told: Any) -> None:
        heard.append(told)

    signal.connect(take)
    yield heard
    signal.disconnect(take)


# The way there -----------------------------------------------------------------------------------------------


def test_start_gives_the_address_and_keeps_only_hashes(world: World, alice: User) -> None:
    query = start(alice)
    attempt = LinkAttempt.objects.get()
    assert query["client_id"] == "toy-env-id"
    assert query["redirect_uri"] == attempt.redirect_uri == "https://enishi.test/integrations/toy/callback"
    assert attempt.state_hash == hashlib.sha256(query["state"].encode()).hexdigest()
    assert attempt.session_hash == hashlib.sha256(HERE.encode()).hexdigest()
    assert plain(attempt.verifier) == query["code_challenge"]
    assert len(query["state"]) >= 43
    assert (attempt.user, attempt.used_at, attempt.app) == (alice, None, None)
    assert timedelta(minutes=9) < attempt.expires_at - timezone.now() <= timedelta(minutes=10)
    stored = str(LinkAttempt.objects.values_list().get())
    assert query["state"] not in stored
    assert query["code_challenge"] not in stored
    assert world.server.calls == []


def test_a_browser_is_sent_to_the_sandbox_where_there_is_one(world: World, alice: User, settings: Settings) -> None:
    settings.SANDBOX_URL = "http://127.0.0.1:8800"
    url = connecting.start_link(alice, provider="toy", session_key=HERE)
    assert url.startswith("http://127.0.0.1:8800/toy.test/oauth/authorize?")


def test_an_allowed_redirect_may_be_asked_for(world: World, alice: User) -> None:
    assert start(alice, redirect_uri="https://enishi.test/other")["redirect_uri"] == "https://enishi.test/other"


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "https://evil.test/integrations/toy/callback",
        "https://enishi.test/integrations/toy/callback/",
        "https://enishi.test/integrations/toy/callback?next=//evil.test",
        "https://enishi.test/integrations/toy/callback@evil.test",
        "HTTPS://enishi.test/integrations/toy/callback",
        "javascript:alert(1)",
    ],
)
def test_a_foreign_redirect_is_refused(world: World, alice: User, uri: str) -> None:
    with refuses("foreign_redirect"):
        start(alice, redirect_uri=uri)
    assert LinkAttempt.objects.count() == 0


def test_a_provider_without_a_setting_comes_back_to_its_own_path(world: World, alice: User) -> None:
    assert start(alice, provider="yearly")["redirect_uri"] == "https://enishi.test/integrations/yearly/callback"


def test_what_cannot_be_started_is_refused(world: World, alice: User, settings: Settings) -> None:
    with refuses("unknown_provider"):
        start(alice, provider="kitsune")
    with refuses("no_session"):
        start(alice, session_key="")
    settings.PROVIDER_APPS = {}
    with refuses("no_app"):
        start(alice)
    settings.PROVIDERS = {"toy": {"enabled": False}}
    with refuses("provider_disabled"):
        start(alice)


def test_only_the_five_newest_attempts_stay_open(world: World, alice: User, bob: User) -> None:
    start(bob)
    first = start(alice)
    rest = [start(alice) for _ in range(5)]
    assert LinkAttempt.objects.filter(user=alice).count() == 5
    assert LinkAttempt.objects.filter(user=bob).count() == 1
    world.server.codes = {"one": "7", "two": "7"}
    with refuses("link_expired"):
        finish(alice, {"code": "one", "state": first["state"]})
    assert finish(alice, {"code": "two", "state": rest[0]["state"]}).account_id == "7"


# The way back ------------------------------------------------------------------------------------------------


def test_a_code_becomes_a_connection(world: World, alice: User) -> None:
    query = start(alice)
    world.server.codes["planted-code"] = "7"
    with hears(signals.connection_linked) as heard:
        connection = finish(alice, QueryDict(f"code=planted-code&state={query['state']}"))
    connection.refresh_from_db()
    assert (connection.user, connection.provider, connection.state) == (alice, "toy", ConnectionState.ACTIVE)
    assert (connection.account_id, connection.account_name) == ("7", "name-7")
    assert connection.account_url == "https://toy.test/name-7"
    assert connection.account_settings == {"score_format": "POINT_10"}
    assert plain(connection.access_token) == "planted-access-7-1"
    assert plain(connection.refresh_token) == "planted-refresh-7-1"
    assert (connection.token_version, connection.interval_minutes) == (1, 60)
    assert connection.linked_at is not None
    assert connection.token_due_at is not None
    assert [(told["connection"].pk, told["fresh"]) for told in heard] == [(connection.pk, True)]
    sent = world.server.token_calls[0]
    assert sent["code_verifier"] == query["code_challenge"]
    assert sent["redirect_uri"] == "https://enishi.test/integrations/toy/callback"
    assert (sent["client_id"], sent["client_secret"]) == ("toy-env-id", "planted-toy-env-secret")
    assert {klass for _, klass, _, _ in world.opened} == {"interactive"}


def test_a_state_works_once(world: World, alice: User) -> None:
    query = start(alice)
    world.server.codes = {"one": "7", "two": "7"}
    finish(alice, {"code": "one", "state": query["state"]})
    calls = len(world.server.calls)
    with refuses("link_expired"):
        finish(alice, {"code": "two", "state": query["state"]})
    assert len(world.server.calls) == calls


def test_a_state_belongs_to_a_person_a_session_and_a_provider(world: World, alice: User, bob: User) -> None:
    state = start(alice)["state"]
    world.server.codes["code"] = "7"
    params = {"code": "code", "state": state}
    for wrong in ({"session_key": "another"}, {"session_key": ""}, {"provider": "yearly"}):
        with refuses("link_expired"):
            finish(alice, params, **wrong)
    with refuses("link_expired"):
        finish(bob, params)
    with refuses("link_expired"):
        finish(alice, {**params, "state": state[:-1]})
    assert world.server.calls == []
    assert finish(alice, params).account_id == "7"


def test_a_state_ends_after_ten_minutes(world: World, alice: User) -> None:
    state = start(alice)["state"]
    LinkAttempt.objects.update(expires_at=timezone.now())
    with refuses("link_expired"):
        finish(alice, {"code": "code", "state": state})
    assert world.server.calls == []


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("code=a&state={state}&state={state}", "duplicate_parameter"),
        ("code=a", "missing_parameter"),
        ("code=a&state=", "missing_parameter"),
        ("code=a&state=" + "x" * 9000, "not_understood"),
        ("code=a&state=%00", "link_expired"),
    ],
)
def test_without_one_state_nothing_is_used_up(world: World, alice: User, query: str, code: str) -> None:
    state = start(alice)["state"]
    with refuses(code):
        finish(alice, QueryDict(query.format(state=state)))
    assert LinkAttempt.objects.get().used_at is None


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("state={state}", "missing_parameter"),
        ("state={state}&code=", "missing_parameter"),
        ("state={state}&code=a&code=b", "duplicate_parameter"),
        ("state={state}&code=a&code=a", "duplicate_parameter"),
        ("state={state}&code=a&error=access_denied", "surplus_parameter"),
        ("state={state}&code=a&access_token=b", "surplus_parameter"),
        ("state={state}&code=a&redirect_uri=https%3A%2F%2Fevil.test", "surplus_parameter"),
        ("state={state}&code=a&client_id=7", "surplus_parameter"),
        ("state={state}&code=" + "a" * 9000, "not_understood"),
        ("state={state}&code=a&iss=https%3A%2F%2Fevil.test", "wrong_issuer"),
        ("state={state}&error=access_denied", "denied"),
        ("state={state}&error=server_error", "unavailable"),
        ("state={state}&error=invalid_request&error_description=<b>planted</b>", "app_rejected"),
    ],
)
def test_any_other_fault_uses_the_attempt_up_and_calls_nobody(world: World, alice: User, query: str, code: str) -> None:
    state = start(alice)["state"]
    with refuses(code):
        finish(alice, QueryDict(query.format(state=state)))
    assert LinkAttempt.objects.get().used_at is not None
    assert world.server.calls == []
    with refuses("link_expired"):
        finish(alice, {"state": state, "code": "a"})


def test_what_oauth_does_not_know_is_ignored_and_the_right_issuer_is_fine(world: World, alice: User) -> None:
    state = start(alice)["state"]
    world.server.codes["a"] = "7"
    query = f"state={state}&code=a&iss=https%3A%2F%2Ftoy.test&utm_source=x&utm_source=y"
    assert finish(alice, QueryDict(query)).account_id == "7"


def test_values_that_are_no_text_are_refused(world: World, alice: User) -> None:
    state = start(alice)["state"]
    with refuses("not_understood"):
        finish(alice, {"state": 7})
    with refuses("not_understood"):
        finish(alice, {"state": state, "code": {"a": 1}})


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (httpx.Response(400, json={"error": "invalid_grant"}), "code_rejected"),
        (httpx.Response(401, json={"error": "invalid_client"}), "app_rejected"),
        (httpx.Response(400, json={"error": "what"}), "not_understood"),
        (httpx.Response(200, json={"token_type": "Bearer"}), "not_understood"),
        (httpx.Response(503, html="<p>maintenance"), "unavailable"),
        (httpx.Response(403, html="<p>blocked"), "unavailable"),
        (httpx.Response(429), "unavailable"),
        (httpx.ReadTimeout("slow"), "unavailable"),
        (httpx.ConnectError("refused"), "unavailable"),
    ],
)
def test_a_failed_exchange_is_told_and_stores_nothing(world: World, alice: User, answer: Any, code: str) -> None:
    state = start(alice)["state"]
    world.server.answers = [answer]
    with refuses(code):
        finish(alice, {"state": state, "code": "planted-code"})
    assert Connection.objects.count() == 0
    assert len(world.server.calls) == 1


@pytest.mark.parametrize("own", [True, False])
def test_a_wrong_app_is_told_to_whom_it_belongs(world: World, alice: User, own: bool) -> None:
    if own:
        apps.save_app(alice, provider="toy", client_id="mine", client_secret="planted-mine")
    state = start(alice)["state"]
    world.server.answers = [httpx.Response(401, json={"error": "invalid_client"})]
    with refuses("app_rejected") as caught:
        finish(alice, {"state": state, "code": "a"})
    assert ("your own app" in caught.value.message) is own


def test_an_account_that_cannot_be_named_is_not_linked(world: World, alice: User) -> None:
    for account in ({"id": "", "name": "x"}, {"id": "1" * 65, "name": "x"}):
        state = start(alice)["state"]
        token = httpx.Response(200, json={"access_token": "planted-access", "expires_in": 60})
        world.server.answers = [token, httpx.Response(200, json=account)]
        with refuses("not_understood"):
            finish(alice, {"state": state, "code": "a"})
    assert Connection.objects.count() == 0


def test_nothing_secret_is_logged(world: World, alice: User, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    query = start(alice)
    world.server.codes["planted-code"] = "7"
    finish(alice, {"code": "planted-code", "state": query["state"]})
    quiet = "".join(record.getMessage() for record in caplog.records if not record.name.startswith("django.db"))
    assert "planted" not in quiet
    assert query["state"] not in quiet


# Whose account it is -----------------------------------------------------------------------------------------


def test_an_account_belongs_to_one_person(world: World, alice: User, bob: User) -> None:
    link(world, alice, "7")
    with refuses("account_taken"):
        link(world, bob, "7")
    assert Connection.objects.get().user == alice
    assert link(world, bob, "8").account_id == "8"


def test_an_account_that_was_unlinked_may_go_to_another_person(world: World, alice: User, bob: User) -> None:
    link(world, alice, "7")
    connecting.unlink(alice, provider="toy")
    assert link(world, bob, "7").user == bob
    with refuses("account_taken"):
        link(world, alice, "7")


def test_linking_again_keeps_what_was_chosen(world: World, alice: User) -> None:
    first = link(world, alice, "7")
    connecting.set_options(alice, provider="toy", direction="import_only", interval_minutes=120)
    approved = timezone.now()
    Connection.objects.update(approved_at=approved, state=ConnectionState.NEEDS_LOGIN, message="x", message_code="y")
    with hears(signals.connection_linked) as heard:
        again = link(world, alice, "7")
    again.refresh_from_db()
    assert (again.pk, again.state, again.message, again.message_code) == (first.pk, ConnectionState.ACTIVE, "", "")
    assert (again.direction, again.interval_minutes, again.approved_at) == ("import_only", 120, approved)
    assert (again.token_version, plain(again.access_token)) == (2, "planted-access-7-2")
    assert [told["fresh"] for told in heard] == [False]


def test_another_account_is_a_fresh_start_and_is_said(world: World, alice: User) -> None:
    link(world, alice, "7")
    Connection.objects.update(approved_at=timezone.now(), last_synced_at=timezone.now())
    with hears(signals.connection_linked) as heard:
        again = link(world, alice, "8")
    again.refresh_from_db()
    assert (again.account_id, again.approved_at, again.last_synced_at) == ("8", None, None)
    assert again.message_code == "account_changed"
    assert "name-8" in again.message
    assert "name-7" in again.message
    assert [told["fresh"] for told in heard] == [True]


@pytest.mark.parametrize("state", list(ConnectionState))
def test_linking_again_makes_a_connection_active(world: World, alice: User, state: str) -> None:
    link(world, alice, "7")
    Connection.objects.update(state=state)
    assert link(world, alice, "7").state == ConnectionState.ACTIVE


def test_new_connections_start_as_the_operator_decided(world: World, alice: User, settings: Settings) -> None:
    settings.PROVIDERS = {"toy": {"interval": 240, "direction": "import_only"}}
    connection = link(world, alice, "7")
    assert (connection.interval_minutes, connection.direction) == (240, "import_only")


def test_a_connection_knows_the_app_it_was_made_with(world: World, alice: User, bob: User) -> None:
    own = apps.save_app(alice, provider="toy", client_id="mine", client_secret="planted-mine")
    assert start(alice)["client_id"] == "mine"
    assert link(world, alice, "7").app == own
    assert world.server.token_calls[0]["client_secret"] == "planted-mine"
    assert link(world, bob, "8").app is None


def test_an_app_that_went_away_takes_its_attempts_along(world: World, alice: User) -> None:
    apps.save_app(alice, provider="toy", client_id="mine", client_secret="planted-mine")
    state = start(alice)["state"]
    ProviderApp.objects.all().delete()
    with refuses("link_expired"):
        finish(alice, {"state": state, "code": "a"})


# Pasting a token ---------------------------------------------------------------------------------------------


def test_a_pasted_token_links(world: World, alice: User) -> None:
    token = make_jwt(exp=(timezone.now() + timedelta(days=365)).timestamp())
    world.server.people[token] = {"id": "9", "name": "nine"}
    connection = connecting.paste_token(alice, provider="yearly", token=f"\n {token} ")
    connection.refresh_from_db()
    assert (connection.account_id, plain(connection.access_token)) == ("9", token)
    assert (connection.refresh_token, connection.app) == (None, None)
    assert connection.token_expires_at is not None
    assert connection.token_due_at == connection.token_expires_at - timedelta(days=30)


def test_the_whole_address_may_be_pasted(world: World, alice: User) -> None:
    world.server.people["planted-token-of-nine"] = {"id": "9", "name": "nine"}
    address = "https://toy.test/pin#access_token=planted-token-of-nine&token_type=Bearer&expires_in=31536000"
    assert connecting.paste_token(alice, provider="yearly", token=address).account_id == "9"


@pytest.mark.parametrize(
    ("token", "calls"),
    [
        ("", 0),
        ("short", 0),
        ("two words that are long enough", 0),
        ("planted\nnewline-long-enough", 0),
        ("ünïcödé-long-enough-to-be-one", 0),
        ("x" * 20_000, 0),
        ("https://[broken#access_token", 0),
        (make_jwt(exp=1_600_000_000), 0),
        ("unknown-to-the-service", 1),
    ],
)
def test_a_bad_token_is_refused(world: World, alice: User, token: str, calls: int) -> None:
    with pytest.raises(LinkError) as caught:
        connecting.paste_token(alice, provider="yearly", token=token)
    assert caught.value.code == "bad_token"
    assert len(world.server.calls) == calls
    assert Connection.objects.count() == 0


def test_a_token_of_somebody_elses_account_is_refused(world: World, alice: User, bob: User) -> None:
    world.server.people["token-of-alice-9"] = {"id": "9", "name": "nine"}
    connecting.paste_token(alice, provider="yearly", token="token-of-alice-9")
    with refuses("account_taken"):
        connecting.paste_token(bob, provider="yearly", token="token-of-alice-9")


def test_where_tokens_are_refreshed_none_is_pasted(world: World, alice: User) -> None:
    with refuses("no_paste"):
        connecting.paste_token(alice, provider="toy", token="long-enough-to-be-a-token")


def test_a_spent_budget_is_told_in_a_sentence(world: World, alice: User) -> None:
    state = start(alice)["state"]
    world.limiter.refusal = RateLimited("the request budget is spent for another 16 s", retry_after=16)
    with refuses("unavailable") as caught:
        finish(alice, {"state": state, "code": "a"})
    expected = "The request budget is spent for another 16 s. Please try again in a few minutes."
    assert caught.value.message == expected


def test_an_outage_while_pasting_is_told(world: World, alice: User) -> None:
    world.server.answers = [httpx.Response(503)] * 3
    with refuses("unavailable"):
        connecting.paste_token(alice, provider="yearly", token="long-enough-to-be-a-token")


# Unlinking ---------------------------------------------------------------------------------------------------


def test_unlinking_forgets_the_tokens_and_keeps_the_row(world: World, alice: User, bob: User) -> None:
    link(world, alice, "7")
    link(world, bob, "8")
    start(alice)
    with hears(signals.connection_unlinked) as heard:
        connecting.unlink(alice, provider="toy")
        connecting.unlink(alice, provider="toy")
    row = Connection.objects.get(user=alice)
    assert (row.state, row.access_token, row.refresh_token) == (ConnectionState.UNLINKED, None, None)
    assert (row.token_expires_at, row.token_due_at, row.token_version) == (None, None, 2)
    assert (row.account_id, len(heard)) == ("7", 1)
    assert LinkAttempt.objects.filter(user=alice).count() == 0
    assert plain(Connection.objects.get(user=bob).access_token) == "planted-access-8-2"


def test_a_stranger_has_nothing_to_unlink(world: World, alice: User, charlie: User) -> None:
    link(world, alice, "7")
    for provider in ("toy", "kitsune"):
        with pytest.raises(Connection.DoesNotExist):
            connecting.unlink(charlie, provider=provider)


# Options and queries -----------------------------------------------------------------------------------------

ALL_OPTIONS: dict[str, Any] = {
    "direction": "export_only",
    "policy": "furthest",
    "removals": "no",
    "fields": ["progress", "status"],
    "kinds": ["anime"],
    "interval_minutes": 15,
    "asks_first": False,
}


def test_options_are_set_together(world: World, alice: User, bob: User) -> None:
    link(world, alice, "7")
    link(world, bob, "8")
    with hears(signals.connection_changed) as heard:
        connecting.set_options(alice, provider="toy", **ALL_OPTIONS)
        connecting.set_options(alice, provider="toy", **ALL_OPTIONS)
    row = Connection.objects.get(user=alice)
    assert {name: getattr(row, name) for name in ALL_OPTIONS} == {**ALL_OPTIONS, "fields": ["status", "progress"]}
    assert [told["names"] for told in heard] == [frozenset(ALL_OPTIONS)]
    assert Connection.objects.get(user=bob).direction == "bidirectional"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("direction", "sideways"),
        ("direction", None),
        ("policy", ["newest"]),
        ("removals", True),
        ("fields", "status"),
        ("fields", ["status", "password"]),
        ("fields", [["status"]]),
        ("kinds", ["anime", "novel"]),
        ("kinds", None),
        ("interval_minutes", 14),
        ("interval_minutes", 10_081),
        ("interval_minutes", "60"),
        ("interval_minutes", True),
        ("interval_minutes", 60.0),
        ("asks_first", 1),
        ("state", "active"),
        ("access_token", "x"),
        ("user_id", 7),
    ],
)
def test_a_bad_option_is_named_and_nothing_is_changed(world: World, alice: User, name: str, value: Any) -> None:
    link(world, alice, "7")
    with pytest.raises(OptionError) as caught:
        connecting.set_options(alice, provider="toy", **{"removals": "yes", name: value})
    assert (caught.value.code, list(caught.value.errors)) == ("bad_option", [name])
    assert isinstance(caught.value, ValueError)
    assert Connection.objects.get().removals == "ask"


def test_options_of_a_stranger_or_of_an_unlinked_connection_are_not_found(
    world: World, alice: User, charlie: User
) -> None:
    link(world, alice, "7")
    with pytest.raises(Connection.DoesNotExist):
        connecting.set_options(charlie, provider="toy", removals="no")
    connecting.unlink(alice, provider="toy")
    with pytest.raises(Connection.DoesNotExist):
        connecting.set_options(alice, provider="toy", removals="no")


def test_connections_are_reached_through_their_person(world: World, alice: User, bob: User, charlie: User) -> None:
    mine, theirs = link(world, alice, "7"), link(world, bob, "8")
    assert list(queries.connections_for_user(alice)) == [mine]
    assert queries.connection_for_user(bob, "toy") == theirs
    assert queries.connection_for_user_by_id(alice, mine.pk) == mine
    for user, pk in ((alice, theirs.pk), (charlie, mine.pk)):
        with pytest.raises(Connection.DoesNotExist):
            queries.connection_for_user_by_id(user, pk)
    for provider in ("toy", "kitsune", "anilist"):
        with pytest.raises(Connection.DoesNotExist):
            queries.connection_for_user(charlie, provider)
    connecting.unlink(alice, provider="toy")
    assert list(queries.connections_for_user(alice)) == []
    assert queries.connection_for_user(alice, "toy", with_unlinked=True) == mine
