"""A person's list as a file: given out, and taken in as a run that waits for their yes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from accounts.transfers import download, is_too_large
from accounts.web.limits import limited
from accounts.web.pages import PersonRequest, person_action, person_page
from library.entry import Kind
from library.files import opening, reading
from library.files.model import FileRefused, Format
from syncing.services import exporting, importing, importing_applying
from syncing.web.file_forms import ExportForm, ImportForm


@person_page
def your_data(request: PersonRequest) -> HttpResponse:
    return _show(request, ExportForm(), ImportForm())


def _show(request: HttpRequest, export_form: ExportForm, import_form: ImportForm, *, status: int = 200) -> HttpResponse:
    context = {"export_form": export_form, "import_form": import_form}
    return render(request, "syncing/your_data.html", context, status=status)


@person_action
@limited("files")
def export_list(request: PersonRequest) -> HttpResponse:
    form = ExportForm(request.POST)
    if not form.is_valid():
        return _show(request, form, ImportForm(), status=400)
    chosen = Format(form.cleaned_data["file_format"])
    kind = Kind(form.cleaned_data["kind"]) if form.cleaned_data["kind"] else None
    with_private = chosen is not Format.MAL_XML or form.cleaned_data["with_private"]
    file = exporting.list_file(request.user, file_format=chosen, kind=kind, with_private=with_private)
    return give(file.pieces, content_type=file.content_type, name=file.name, ending=file.ending)


def give(pieces: Iterable[bytes], *, content_type: str, name: str, ending: str) -> HttpResponse:
    # What our views answer with, and all that is done with it from here on.
    return cast("HttpResponse", download(pieces, content_type=content_type, name=name, ending=ending))


@csrf_exempt
def import_list(request: HttpRequest) -> HttpResponse:
    """What is too large is refused by its announced size, before any of it is read, the form's token too."""
    if is_too_large(request, opening.MAX_FILE):
        return render(request, "413.html", {"megabytes": opening.MAX_FILE // 2**20}, status=413)
    return _import_list(request)


@csrf_protect
@person_action
@limited("files")
def _import_list(request: PersonRequest) -> HttpResponse:
    form = ImportForm(request.POST, request.FILES)
    if not form.is_valid():
        return _show(request, ExportForm(), form, status=400)
    given: Any = form.cleaned_data["file"]
    try:
        found = reading.read_list(given.file)
    except FileRefused as error:
        form.add_error("file", str(error))
        return _show(request, ExportForm(), form, status=400)
    run = importing.preview_import(request.user, found, policy=form.cleaned_data["policy"])
    return redirect("run", run_id=run.pk)


@person_action
@limited("files")
def approve_import(request: PersonRequest, run_id: UUID) -> HttpResponse:
    try:
        run = importing_applying.approve_import(request.user, run_id=run_id)
    except importing_applying.CannotApprove as error:
        messages.error(request, str(error))
        return redirect("run", run_id=run_id)
    messages.success(request, "Done. Your services get it with their next sync, which starts soon.")
    return redirect("run", run_id=run.pk)


@person_action
@limited("change")
def discard_import(request: PersonRequest, run_id: UUID) -> HttpResponse:
    importing.discard_import(request.user, run_id=run_id)
    messages.success(request, "The import is discarded. Nothing was changed.")
    return redirect("your_data")
