"""Linking services: the list of them, one connection and its settings, the way there and back."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from accounts.web.limits import limited
from accounts.web.pages import PersonRequest, person_action, person_form, person_page
from integrations import queries
from integrations.models import Connection
from integrations.providers.base import Provider
from integrations.services import apps, connecting
from integrations.web.forms import AppForm, OptionsForm, TokenForm
from integrations.web.services import linkable_providers, linked_words, provider_or_404


@person_page
def connections(request: PersonRequest) -> HttpResponse:
    mine = {connection.provider: connection for connection in queries.connections_for_user(request.user)}
    offered = linkable_providers(mine)
    cards = [{"provider": provider, "connection": mine.get(provider.slug)} for provider in offered]
    return render(request, "integrations/connections.html", {"cards": cards})


def _connection(request: PersonRequest, provider: Provider) -> Connection | None:
    """The person's linked connection, or None."""
    try:
        return queries.connection_for_user(request.user, provider.slug)
    except Connection.DoesNotExist:
        return None


@person_form
@limited("change")
def connection(request: PersonRequest, slug: str) -> HttpResponse:
    """One service. Linked: its settings. Not linked: how to link it."""
    provider = provider_or_404(slug)
    mine = _connection(request, provider)
    if mine is None:
        return _show(request, provider)
    form = OptionsForm(request.POST if request.method == "POST" else None, connection=mine, provider=provider)
    if request.method == "POST" and form.is_valid():
        try:
            connecting.set_options(request.user, provider=provider.slug, **form.options())
        except connecting.OptionError as error:
            form.tell(error.errors)
        else:
            messages.success(request, f"Settings for {provider.name} are saved.")
            return redirect("connection", slug=provider.slug)
    return _show(request, provider, connection=mine, options=form)


def _show(
    request: PersonRequest,
    provider: Provider,
    *,
    connection: Connection | None = None,
    options: OptionsForm | None = None,
    app: AppForm | None = None,
    token: TokenForm | None = None,
) -> HttpResponse:
    """The page of one service, with whichever of its forms was just posted."""
    if connection is not None and options is None:
        options = OptionsForm(connection=connection, provider=provider)
    context = {
        "provider": provider,
        "connection": connection,
        "options": options,
        "app_form": app or AppForm(provider=provider),
        "token_form": token or TokenForm(),
        # Where a refresh token exists, a pasted access token would die within the hour or the month.
        "redirect_uri": connecting.redirect_uris(provider.slug)[0],
        "own_app": queries.app_for_user(request.user, provider.slug),
        "can_paste": not provider.oauth.refreshes,
    }
    status = 400 if any(form is not None and form.errors for form in (app, token)) else 200
    return render(request, "integrations/connection.html", context, status=status)


@person_action
@limited("link")
def connect(request: PersonRequest, slug: str) -> HttpResponse:
    """Sends the person on to the service. Our CSP must name its host as a form's target (project.security)."""
    provider = provider_or_404(slug)
    if request.session.session_key is None:
        request.session.create()
    try:
        url = connecting.start_link(request.user, provider=provider.slug, session_key=str(request.session.session_key))
    except connecting.LinkError as error:
        messages.error(request, error.message)
        return redirect("connection", slug=provider.slug)
    response = redirect(url)
    response.status_code = 303
    response["Cache-Control"] = "no-store, private"
    response["Referrer-Policy"] = "no-referrer"
    return response


@person_form
@limited("change")
def unlink(request: PersonRequest, slug: str) -> HttpResponse:
    """Asks on GET, unlinks on POST."""
    provider = provider_or_404(slug)
    mine = queries.connection_for_user(request.user, provider.slug)
    if request.method != "POST":
        return render(request, "integrations/unlink.html", {"provider": provider, "connection": mine})
    connecting.unlink(request.user, provider=provider.slug)
    messages.success(request, f"{provider.name} is unlinked. Both lists stay as they are.")
    return redirect("connections")


@person_action
@limited("change")
def save_app(request: PersonRequest, slug: str) -> HttpResponse:
    provider = provider_or_404(slug)
    form = AppForm(request.POST, provider=provider)
    if form.is_valid():
        try:
            apps.save_app(request.user, provider=provider.slug, **form.cleaned_data)
        except connecting.LinkError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, f"Your own {provider.name} app is stored. Now link {provider.name} with it.")
            return redirect("connection", slug=provider.slug)
    return _show(request, provider, connection=_connection(request, provider), app=form)


@person_action
@limited("change")
def remove_app(request: PersonRequest, slug: str) -> HttpResponse:
    provider = provider_or_404(slug)
    try:
        apps.remove_app(request.user, provider=provider.slug)
    except connecting.LinkError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, f"Your own {provider.name} app is forgotten.")
    return redirect("connection", slug=provider.slug)


@person_action
@limited("link")
def paste_token(request: PersonRequest, slug: str) -> HttpResponse:
    provider = provider_or_404(slug)
    form = TokenForm(request.POST)
    if form.is_valid():
        try:
            linked = connecting.paste_token(request.user, provider=provider.slug, token=form.cleaned_data["token"])
        except connecting.LinkError as error:
            form.add_error("token", error.message)
        else:
            messages.success(request, linked_words(provider, linked))
            return redirect("home")
    return _show(request, provider, connection=_connection(request, provider), token=form)
