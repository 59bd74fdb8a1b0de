"""Where a work of the person's library is on each service: looked at, corrected, left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core import signing
from django.http import HttpResponse
from django.shortcuts import redirect, render

from accounts.web.limits import limited
from accounts.web.pages import PersonRequest, person_form, person_page
from integrations.errors import ProviderError
from integrations.queries import connection_for_user, connections_for_user
from integrations.web.services import provider_or_404, service_name
from library.words import kind_words, quote_title
from syncing import queries
from syncing.services import choosing
from syncing.web import candidates
from syncing.web.unmatched import read_search

if TYPE_CHECKING:
    from integrations.models import Connection
    from library.models import Media

_SAYS = {
    "": "Not found there so far.",
    "off": "You keep it off this service.",
    "person": "You said so.",
    "title": "Found by its title, year and length.",
}


@person_page
def work_matches(request: PersonRequest, media_id: int) -> HttpResponse:
    """Services are few by nature: a query or two for each."""
    media = choosing.work_for_user(request.user, media_id)
    linked = list(connections_for_user(request.user))
    rows = [_present(request, connection, media) for connection in linked]
    context = {"media": media, "kind": kind_words(media.kind), "rows": rows}
    return render(request, "syncing/work_matches.html", context)


def _present(request: PersonRequest, connection: Connection, media: Media) -> dict[str, Any]:
    external_id, source = choosing.present_id(request.user, connection, media)
    return {
        "slug": connection.provider,
        "service": service_name(connection.provider),
        "by_shows": candidates.counts_by_shows(connection.provider),
        "id": external_id,
        "url": candidates.work_url(connection.provider, media.kind, external_id),
        "says": _SAYS.get(source, "By the services' own ids and the public id tables."),
    }


@person_form
@limited("sync")
def work_match(request: PersonRequest, media_id: int, slug: str) -> HttpResponse:
    """Search the service (`text`), say which one it is (`this`, a signed id), or keep it off (`off`)."""
    media = choosing.work_for_user(request.user, media_id)
    connection = connection_for_user(request.user, provider_or_404(slug).slug)
    salt = f"match:{request.user.pk}:{connection.pk}:{media.pk}"
    if request.POST.get("off") == "1":
        choosing.keep_off(request.user, connection, media=media)
        messages.success(
            request, f"{quote_title(str(media))} is kept off {service_name(connection.provider)} from now on."
        )
        return redirect("unmatched")
    if "this" in request.POST:
        return _choose(request, connection, media, salt=salt)
    found, trouble = [], ""
    text = read_search(request)
    if text:
        try:
            found = choosing.find_entries(connection, media, text)
        except ProviderError as error:
            trouble = error.message
    row = queries.unmatched_work_for_user(request.user, connection, media)
    likely = candidates.tell_row(row).candidates if row is not None and not text else ()
    shown = candidates.show_found(found, media.kind, slug=connection.provider) if text else likely
    context = {
        "media": media,
        "kind": kind_words(media.kind),
        "present": _present(request, connection, media),
        "text": text,
        "trouble": trouble,
        "found": [(each, signing.dumps(each.value, salt=salt)) for each in shown],
    }
    return render(request, "syncing/work_match.html", context)


def _choose(request: PersonRequest, connection: Connection, media: Media, *, salt: str) -> HttpResponse:
    """Only ids that the page offered: the signature says so."""
    try:
        external_id = str(signing.loads(request.POST["this"], salt=salt, max_age=3600))
    except signing.BadSignature:
        messages.error(request, "Please choose one of the answers.")
        return redirect("work_match", media_id=media.pk, slug=connection.provider)
    choosing.choose_entry(request.user, connection, media=media, external_id=external_id)
    messages.success(request, f"{quote_title(str(media))} is matched as you said, and synced with the next run.")
    return redirect("unmatched")
