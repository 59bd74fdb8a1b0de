"""Headers that tell a browser what our pages may do. Django 5.2 has no Content-Security-Policy of its own."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from integrations.providers import registry

NOTHING_ELSE = "accelerometer=(), camera=(), geolocation=(), gyroscope=(), microphone=(), payment=(), usb=()"


class SecurityHeadersMiddleware:
    """A view that needs another policy sets the header itself, and is left alone."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", content_policy(settings.SANDBOX_URL))
        response.headers.setdefault("Permissions-Policy", NOTHING_ELSE)
        return response


@cache
def content_policy(sandbox_url: str = "") -> str:
    """No inline script or style, nothing from elsewhere, no frames."""
    directives = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "font-src": "'self'",
        "connect-src": "'self'",
        "manifest-src": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
        # Browsers check a form's redirects as well: "Connect" answers with a redirect to the service.
        "form-action": " ".join(["'self'", *_login_origins(sandbox_url)]),
    }
    return "; ".join(f"{name} {value}" for name, value in directives.items())


def _login_origins(sandbox_url: str) -> list[str]:
    known = [registry.get(slug).oauth.authorize_url for slug in registry.slugs()]
    # A service without a sign-in page is no form's target.
    pages = [sandbox_url] if sandbox_url else filter(None, known)
    return sorted({f"{parts.scheme}://{parts.netloc}" for parts in map(urlsplit, pages)})
