"""Every route there is, the admin's and allauth's too: headers on it, and no way in without the right person."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import URLPattern, URLResolver, get_resolver, path
from django.urls.converters import get_converters

from accounts.models import User
from project.urls import urlpatterns as real_urlpatterns
from tests.web import rows

SAMPLES = {
    "slug": "anilist",
    "uuid": "6b1b6a0e-5b0e-4b4a-8b0a-0e5b0e4b4a8b",
    "row": "1",
    "int": "1",
    "str": "1",
    "path": "x",
}
PUBLIC = (
    # The schema and the documents are the same for everybody; a CSRF token is needed to sign in.
    "/api/v1/schema",
    "/api/v1/docs",
    "/api/v1/csrf",
    "/healthz",
    "/readyz",
    "/alarmz",
    "/",
    "/integrations/anilist/callback",
    "/admin/login/",
    "/admin/logout/",
    "/admin/jsi18n/",
)
# In these tests nobody answers on the way out.
MAY_BE_AWAY = ("/readyz", "/api/v1/catalogue/trending", "/api/v1/catalogue/anilist/anilist/anilist")

pytestmark = pytest.mark.usefixtures("no_service")


def all_paths() -> list[str]:
    return sorted(set(_walk(get_resolver("project.urls"), "/")))


def _walk(resolver: URLResolver, before: str) -> Iterator[str]:
    for part in resolver.url_patterns:
        text = before + _fill(part.pattern)
        if isinstance(part, URLPattern):
            yield text
        else:
            yield from _walk(part, text)


def _fill(pattern: Any) -> str:
    text = str(pattern)
    for name, converter in pattern.converters.items():
        kind = next(key for key, known in get_converters().items() if type(known) is type(converter))
        text = text.replace(f"<{kind}:{name}>", SAMPLES[kind]).replace(f"<{name}>", SAMPLES[kind])
    return text.lstrip("^").replace("\\Z", "").replace("$", "")


PLAIN = [text for text in all_paths() if "(?P" not in text]


def test_the_sweep_sees_all_rooms() -> None:
    assert len(PLAIN) >= 100
    for start in ("/accounts/", "/admin/integrations/", "/connections/", "/library/", "/runs/", "/reviews/"):
        assert any(text.startswith(start) for text in PLAIN), start


def test_every_answer_carries_the_headers(alice: User, alice_client: Client, root_client: Client) -> None:
    rows.make_all(alice)
    for client in (Client(), alice_client, root_client):
        for text in PLAIN:
            answer = client.get(text)
            assert answer.status_code < 500 or text in MAY_BE_AWAY, text
            assert "default-src 'none'" in answer["Content-Security-Policy"], text
            assert "'unsafe" not in answer["Content-Security-Policy"], text
            assert (answer["X-Content-Type-Options"], answer["X-Frame-Options"]) == ("nosniff", "DENY"), text
            assert not answer.has_header("Access-Control-Allow-Origin"), text


def test_what_a_person_sees_is_never_kept(alice: User, alice_client: Client, root_client: Client) -> None:
    rows.make_all(alice)
    for client in (alice_client, root_client):
        for text in PLAIN:
            # The admin's texts for scripts and the schema are the same for everybody.
            if text not in ("/admin/jsi18n/", "/api/v1/schema"):
                assert "no-store" in client.get(text)["Cache-Control"], text


def test_a_stranger_gets_nowhere(alice: User, client: Client) -> None:
    rows.make_all(alice)
    for text in PLAIN:
        # Below /_allauth/ one signs in: it tells strangers how (tests/api/test_ways_in.py).
        if text in PUBLIC or text.startswith(("/accounts/", "/_allauth/")):
            continue
        for answer in (client.get(text), client.post(text)):
            assert answer.status_code in ((401, 404) if text.startswith("/api/") else (302, 404, 405)), text
            if answer.status_code == 302:
                assert answer["Location"].startswith(("/accounts/login/?", "/admin/login/?")), text


def test_an_ordinary_person_gets_nothing_of_the_admin(alice: User, charlie_client: Client) -> None:
    rows.make_all(alice)
    for text in PLAIN:
        if text.startswith("/admin/") and text not in PUBLIC:
            answer = charlie_client.get(text)
            assert answer.status_code in (302, 403, 404), text
            assert b"alice@example.org" not in answer.content


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("planted-in-a-failure " + request.GET["token"])


urlpatterns = [*real_urlpatterns, path("broken/", broken)]


@override_settings(ROOT_URLCONF="tests.security.test_pages")
def test_a_failure_of_ours_tells_nothing(client: Client, db: None, caplog: pytest.LogCaptureFixture) -> None:
    client.raise_request_exception = False
    answer = client.get("/broken/", {"token": "x"})
    assert answer.status_code == 500
    assert b"planted" not in answer.content
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert b"Traceback" not in answer.content
