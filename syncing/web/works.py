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
        "source": source,
        "says": _SAYS.get(source, "By the services' own ids and the public id tables."),
    }


@person_form
def work_match(request: PersonRequest, media_id: int, slug: str) -> HttpResponse:
    """Search the service (`text`), say which one it is (`this`, a signed id), or keep it off (`off`).

    Searching costs a request at the service, deciding does not: they have limits of their own.
    """
    decides = request.POST.get("off") == "1" or "this" in request.POST
    return (_decide if decides else _look)(request, media_id, slug)


def _salt(request: PersonRequest, connection: Connection, media: Media) -> str:
    return f"match:{request.user.pk}:{connection.pk}:{media.pk}"


@limited("sync")
def _look(request: PersonRequest, media_id: int, slug: str) -> HttpResponse:
    media = choosing.work_for_user(request.user, media_id)
    connection = connection_for_user(request.user, provider_or_404(slug).slug)
    present = _present(request, connection, media)
    found, trouble = [], ""
    text = "" if present["by_shows"] else read_search(request)
    if text:
        try:
            found = choosing.find_entries(connection, media, text)
        except ProviderError as error:
            trouble = error.message
    row = queries.unmatched_work_for_user(request.user, connection, media)
    likely = candidates.tell_row(row).candidates if row is not None and not text else ()
    shown = candidates.show_found(found, media.kind, slug=connection.provider) if text else likely
    salt = _salt(request, connection, media)
    context = {
        "media": media,
        "kind": kind_words(media.kind),
        "present": present,
        "text": text,
        "trouble": trouble,
        "found": [(each, signing.dumps(each.value, salt=salt)) for each in shown],
    }
    return render(request, "syncing/work_match.html", context)


@limited("change")
def _decide(request: PersonRequest, media_id: int, slug: str) -> HttpResponse:
    media = choosing.work_for_user(request.user, media_id)
    connection = connection_for_user(request.user, provider_or_404(slug).slug)
    service, title = service_name(connection.provider), quote_title(str(media))
    waited = queries.unmatched_work_for_user(request.user, connection, media) is not None
    if request.POST.get("off") == "1":
        choosing.keep_off(request.user, connection, media=media)
        messages.success(request, f"{title} is kept off {service} from now on. Your list there stays as it is.")
    else:
        try:
            # Only ids that the page offered: the signature says so.
            value = signing.loads(request.POST["this"], salt=_salt(request, connection, media), max_age=3600)
        except signing.BadSignature:
            messages.error(request, "Please choose one of the answers.")
            return redirect("work_match", media_id=media.pk, slug=connection.provider)
        before = choosing.work_before(request.user, connection, media=media, external_id=str(value))
        choosing.choose_entry(request.user, connection, media=media, external_id=str(value))
        said = f"{title} is matched as you said, and synced with the next run."
        if before is not None:
            said += f" Until now it was {quote_title(str(before))}, which stays on your list; remove it there if it"
            said += " is not yours."
        messages.success(request, said)
    # Back to where they came from.
    return redirect("unmatched") if waited else redirect("work_matches", media_id=media.pk)
