"""The ways to link an account: the service's sign-in page, a code to type in there, a password, a pasted token."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from accounts.web.limits import limited
from accounts.web.pages import PersonRequest, person_action, person_form
from integrations import queries
from integrations.models import DeviceState
from integrations.providers.base import Provider
from integrations.services import connecting, devices, signing_in
from integrations.web.forms import SignInForm, TokenForm
from integrations.web.services import linked_words, provider_or_404
from integrations.web.showing import linked_connection, show_service


@person_action
@limited("link")
def connect(request: PersonRequest, slug: str) -> HttpResponse:
    """Sends the person on to the service. Our CSP must name its host as a form's target (project.security)."""
    provider = provider_or_404(slug)
    if "code" not in provider.oauth.grants:
        return redirect("connection", slug=provider.slug)
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


@sensitive_post_parameters("username", "password")
@sensitive_variables("form")
@person_action
@limited("link")
def sign_in(request: PersonRequest, slug: str) -> HttpResponse:
    """Name and password of the service: used once, in this request, and kept nowhere."""
    provider = provider_or_404(slug)
    form = SignInForm(request.POST, provider=provider)
    if form.is_valid():
        try:
            linked = signing_in.link_with_password(request.user, provider=provider.slug, **form.cleaned_data)
        except connecting.LinkError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, linked_words(provider, linked))
            return redirect("home")
    return show_service(request, provider, connection=linked_connection(request, provider), sign_in=form)


@person_form
@limited("link")
def device_link(request: PersonRequest, slug: str) -> HttpResponse:
    """POST gets a code, GET shows it and how far its link has come. The page asks us, and a task the service."""
    provider = provider_or_404(slug)
    if "device" not in provider.oauth.grants:
        raise Http404
    if request.method == "POST":
        try:
            devices.start_device_link(request.user, provider=provider.slug)
        except connecting.LinkError as error:
            messages.error(request, error.message)
            return redirect("connection", slug=provider.slug)
        return redirect("device_link", slug=provider.slug)
    return render(request, "integrations/device.html", _device_context(request, provider))


def _device_context(request: PersonRequest, provider: Provider) -> dict[str, Any]:
    """Of the newest link; `is_open` is False too when the code has run out and no task has said so yet."""
    link = queries.device_link_for_user(request.user, provider.slug)
    context: dict[str, Any] = {"provider": provider, "link": link}
    if link is None:
        return context
    url = devices.page_of(link)
    if link.state == DeviceState.LINKED:
        context["linked"] = linked_connection(request, provider)
    is_open = link.state == DeviceState.PENDING and link.expires_at > timezone.now()
    return {**context, "is_open": is_open, "url": url, "address": url.partition("://")[2]}


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
    return show_service(request, provider, connection=linked_connection(request, provider), token=form)
