"""What refusals of this room mean to a program."""

from __future__ import annotations

from accounts.api.problems import FieldError, Problem, declare, explains
from library.files.model import FileRefused
from library.services.exporting import CannotExport
from syncing.services.answering import NothingToAnswer
from syncing.services.asking import CannotSync
from syncing.services.importing_applying import CannotApprove
from syncing.services.recognising import Unsure
from syncing.services.reviewing import BadChoice
from syncing.services.undo_library import CannotUndo

declare(
    {
        "cannot_sync": (409, "This cannot be synced now"),
        "cannot_undo": (409, "This cannot be undone"),
        "unsure": (409, "It may be a work that is here already"),
        "nothing_to_answer": (409, "There is nothing to say yes or no to"),
        "cannot_approve": (409, "This plan is not to be done any more"),
        "bad_file": (422, "This is no list that can be read"),
    }
)


@explains(CannotSync)
def explain_sync(error: CannotSync) -> Problem:
    return Problem("cannot_sync", str(error))


@explains(Unsure)
def explain_unsure(error: Unsure) -> Problem:
    errors = [
        FieldError("media", "candidate", f"{each.media_id}: {each.facts.titles[0] if each.facts.titles else ''}")
        for each in error.candidates
        if each.media_id is not None
    ]
    return Problem("unsure", f"{error} Each of `errors` names one, its id first.", errors=errors)


@explains(CannotUndo)
def explain_undo(error: CannotUndo) -> Problem:
    return Problem("cannot_undo", str(error))


@explains(NothingToAnswer)
def explain_nothing(error: NothingToAnswer) -> Problem:
    return Problem("nothing_to_answer", str(error))


@explains(CannotApprove)
def explain_approval(error: CannotApprove) -> Problem:
    return Problem("cannot_approve", str(error))


@explains(FileRefused)
def explain_file(error: FileRefused) -> Problem:
    return Problem("too_large" if error.code == "too_large" else "bad_file", str(error))


@explains(CannotExport)
def explain_export(error: CannotExport) -> Problem:
    return Problem("invalid", errors=[FieldError("kind", "required", str(error))])


@explains(BadChoice)
def explain_choice(error: BadChoice) -> Problem:
    return Problem("invalid", errors=[FieldError("choice", "invalid_choice", f"{error}.")])
