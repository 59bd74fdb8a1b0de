"""The library: look for something, change it, take it off the list."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from accounts.web.limits import limited
from accounts.web.pages import PersonRequest, page_of, person_form, person_page
from library import queries
from library.entry import FIELDS, InvalidEntry, Kind, Status
from library.models import ListEntry
from library.services import editing
from library.web import listing
from library.web.forms import EntryForm
from library.words import kind_words, quote_title, status_words, value_words


@person_page
def library(request: PersonRequest) -> HttpResponse:
    chosen = {name: request.GET.get(name, "") for name in ("kind", "status", "text")}
    page = page_of(request, listing.find_entries(request.user, **chosen))
    context = {
        "page": page,
        "rows": [_row(row) for row in page],
        "chosen": chosen,
        "is_filtered": any(chosen.values()),
        "counts": listing.count_entries(request.user),
        "kinds": [(str(kind), kind_words(kind)) for kind in Kind],
        "statuses": _status_choices(chosen["kind"]),
    }
    return render(request, "library/library.html", context)


def _status_choices(kind: str) -> list[tuple[str, str]]:
    """Both words where no kind is chosen: "Watching / Reading"."""
    if kind in tuple(Kind):
        return [(str(status), status_words(kind, status)) for status in Status]
    words = [(str(status), [status_words(each, status) for each in Kind]) for status in Status]
    return [(status, " / ".join(dict.fromkeys(both))) for status, both in words]


def _row(row: ListEntry) -> dict[str, Any]:
    media, total = row.media, row.media.total
    return {
        "media": media,
        "kind": kind_words(media.kind),
        "status": status_words(media.kind, row.status),
        "status_slug": row.status,
        "progress": f"{row.progress} of {total or '?'}",
        "share": min(100, round(100 * row.progress / total)) if total else None,
        "score": value_words("score", row.score, kind=media.kind) if row.score else "",
        "private": row.private,
    }


@person_form
@limited("change")
def entry(request: PersonRequest, media_id: int) -> HttpResponse:
    row = queries.entry_for_user(request.user, media_id=media_id)
    form = EntryForm(request.POST if request.method == "POST" else None, row=row)
    if request.method == "POST" and form.is_valid() and _save(request, form, media_id):
        return redirect("library")
    context = {"form": form, "row": row, "kind": kind_words(row.media.kind)}
    return render(request, "library/entry.html", context)


def _save(request: PersonRequest, form: EntryForm, media_id: int) -> bool:
    changes = form.changes()
    if not changes:
        messages.info(request, "Nothing was changed.")
        return True
    try:
        editing.edit_entry(request.user, media_id=media_id, changes=changes)
    except InvalidEntry as error:
        form.add_error(error.field if error.field in FIELDS and error.field in form.fields else None, error.message)
        return False
    messages.success(request, "Saved. Your services get it with their next sync.")
    return True


@person_form
@limited("change")
def remove(request: PersonRequest, media_id: int) -> HttpResponse:
    """Asks on GET, removes on POST."""
    row = queries.entry_for_user(request.user, media_id=media_id)
    if request.method != "POST":
        return render(request, "library/remove.html", {"row": row})
    editing.remove_entry(request.user, media_id=media_id)
    messages.success(request, f"{quote_title(str(row.media))} was taken off your library.")
    return redirect("library")
