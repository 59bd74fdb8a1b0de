"""What every answer tells the browser."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from project.security import SecurityHeadersMiddleware, content_policy


def test_headers_are_on_every_answer(client: Client, db: None) -> None:
    for path in ("/healthz", "/accounts/login/", "/no-such-page/"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert "geolocation=()" in headers["Permissions-Policy"]


def test_nothing_inline_and_nothing_from_elsewhere() -> None:
    policy = content_policy()
    assert "unsafe" not in policy
    assert "*" not in policy
    assert "frame-ancestors 'none'" in policy


def test_the_way_to_a_service_is_open() -> None:
    """Browsers hold redirects of a form to form-action: without these "Connect" would end on a blank page."""
    hosts = "https://anilist.co https://auth.trakt.tv https://myanimelist.net"
    assert content_policy().endswith(f"form-action 'self' {hosts}")
    assert content_policy("http://127.0.0.1:8800").endswith("form-action 'self' http://127.0.0.1:8800")


def test_a_view_may_be_stricter(rf: RequestFactory) -> None:
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(headers={"Content-Security-Policy": "sandbox"})

    answer = SecurityHeadersMiddleware(view)(rf.get("/"))
    assert answer["Content-Security-Policy"] == "sandbox"


def test_pages_carry_nothing_inline(client: Client, db: None) -> None:
    """The policy would block it, and the page would break silently."""
    for path in ("/", "/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"):
        page = client.get(path, follow=True).content.decode()
        assert " style=" not in page
        assert "<style" not in page
        assert "onclick=" not in page
        assert "<script>" not in page
