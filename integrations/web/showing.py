"""The page of one service, with whichever of its forms was just posted."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render

from accounts.web.pages import PersonRequest
from integrations import queries
from integrations.models import Connection
from integrations.providers.base import Provider
from integrations.services import providers
from integrations.web.forms import AppForm, OptionsForm, SignInForm, TokenForm


def linked_connection(request: PersonRequest, provider: Provider) -> Connection | None:
    """The person's linked connection, or None."""
    try:
        return queries.connection_for_user(request.user, provider.slug)
    except Connection.DoesNotExist:
        return None


def show_service(
    request: PersonRequest,
    provider: Provider,
    *,
    connection: Connection | None = None,
    options: OptionsForm | None = None,
    app: AppForm | None = None,
    token: TokenForm | None = None,
    sign_in: SignInForm | None = None,
) -> HttpResponse:
    """Linked: its settings. Not linked, or in need of a new sign-in: how to link it."""
    if connection is not None and options is None:
        options = OptionsForm(connection=connection, provider=provider)
    context = {
        "provider": provider,
        "connection": connection,
        "options": options,
        "app_form": app or AppForm(provider=provider),
        "token_form": token or TokenForm(),
        "sign_in_form": sign_in or SignInForm(provider=provider),
        "redirect_uri": providers.redirect_uris(provider.slug)[0],
        "own_app": queries.app_for_user(request.user, provider.slug),
        # Where a refresh token exists, a pasted access token would die within the hour or the month.
        "can_paste": not provider.oauth.refreshes,
    }
    status = 400 if any(form is not None and form.errors for form in (app, token, sign_in)) else 200
    return render(request, "integrations/connection.html", context, status=status)
