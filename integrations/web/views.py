"""Services: the list of them, one connection and its settings, an app of one's own. How to link: `ways`."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from accounts.web.limits import limited
from accounts.web.pages import PersonRequest, person_action, person_form, person_page
from integrations import queries
from integrations.services import apps, connecting
from integrations.web.forms import AppForm, OptionsForm
from integrations.web.services import linkable_providers, provider_or_404
from integrations.web.showing import linked_connection, show_service


@person_page
def connections(request: PersonRequest) -> HttpResponse:
    mine = {connection.provider: connection for connection in queries.connections_for_user(request.user)}
    offered = linkable_providers(mine)
    cards = [{"provider": provider, "connection": mine.get(provider.slug)} for provider in offered]
    return render(request, "integrations/connections.html", {"cards": cards})


@person_form
@limited("change")
def connection(request: PersonRequest, slug: str) -> HttpResponse:
    """One service. Linked: its settings. Not linked: how to link it."""
    provider = provider_or_404(slug)
    mine = linked_connection(request, provider)
    if mine is None:
        return show_service(request, provider)
    form = OptionsForm(request.POST if request.method == "POST" else None, connection=mine, provider=provider)
    if request.method == "POST" and form.is_valid():
        try:
            connecting.set_options(request.user, provider=provider.slug, **form.options())
        except connecting.OptionError as error:
            form.tell(error.errors)
        else:
            messages.success(request, f"Settings for {provider.name} are saved.")
            return redirect("connection", slug=provider.slug)
    return show_service(request, provider, connection=mine, options=form)


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
    return show_service(request, provider, connection=linked_connection(request, provider), app=form)


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
