"""The way back from a service: GET /integrations/<provider>/callback.

Nothing here is shown that came with the address, nothing is loaded from elsewhere, and the address itself, which
holds a code, is neither kept nor passed on (reliability.md 5.1, RFC 9700).
"""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from integrations.providers.base import Provider
from integrations.services import connecting
from integrations.web.services import linked_words, provider_or_404


@require_GET
def callback(request: HttpRequest, slug: str) -> HttpResponse:
    """303 to a fixed page when the account is linked, otherwise a page that says why not and how to go on."""
    response = _answer(request, provider_or_404(slug))
    response["Cache-Control"] = "no-store, private"
    response["Referrer-Policy"] = "no-referrer"
    return response


def _answer(request: HttpRequest, provider: Provider) -> HttpResponse:
    if not request.user.is_authenticated:
        # Not the usual redirect with `next`: the code would travel on in an address, and the link is bound to the
        # session that began it anyway.
        messages.info(request, f"You were signed out on the way. Sign in and link {provider.name} again.")
        query = urlencode({"next": resolve_url("connections")})
        return _see_other(f"{resolve_url(settings.LOGIN_URL)}?{query}")
    try:
        connection = connecting.finish_link(
            request.user,
            provider=provider.slug,
            session_key=str(request.session.session_key),
            params=request.GET,
        )
    except connecting.LinkError as error:
        context = {"provider": provider, "message": error.message}
        status = 503 if error.code == "unavailable" else 400
        return render(request, "integrations/not_linked.html", context, status=status)
    messages.success(request, linked_words(provider, connection))
    return _see_other(resolve_url("home"))


def _see_other(url: str) -> HttpResponse:
    response = redirect(url)
    response.status_code = 303
    return response
