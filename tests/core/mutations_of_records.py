"""Wrong cores, one change each: sides that keep records, and entries whose absence says nothing. See mutants.py."""

from __future__ import annotations

from tests.core.mutating import Mutant, change

MERGE, FIELDS, COMPARE = "syncing/core/merge.py", "syncing/core/fields.py", "syncing/core/compare.py"
ABSENCE, PLAN = "syncing/core/absence.py", "syncing/core/plan.py"

OF_RECORDS = (
    Mutant(
        "records_are_values",
        "a record is merged like any other value",
        change(FIELDS, "if name in bench.rules.capability.rises:", "if False:"),
    ),
    Mutant(
        "old_plays_count_in_a_repeat",
        "what was watched long ago is the progress of a repeat",
        change(FIELDS, " and bench.canonical.entry.status is not Status.REPEATING:", ":"),
    ),
    Mutant(
        "old_records_raise_again",
        "a record that did not move undoes a person's step back",
        change(FIELDS, "if side_moved and is_further(name, side, library)", "if is_further(name, side, library)"),
    ),
    Mutant(
        "taken_plays_sent_again",
        "plays that somebody took off the record are sent again",
        change(FIELDS, "if not first and library == getattr(bench.known.agreed, name):", "if False:"),
    ),
    Mutant(
        "short_record_is_whole",
        "what a record had no room for counts as brought",
        change(MERGE, "if getattr(echo, name) < getattr(agreed, name)", "if False"),
    ),
    Mutant(
        "no_room_is_settled",
        "what a record has no room for yet is forgotten by the next run",
        change(FIELDS, "if name in COUNT_FIELDS and library > side:", "if False:"),
    ),
    Mutant(
        "never_taken_up_again",
        "what was dropped there stays dropped, whatever the library says later",
        change(FIELDS, " or (side is Status.DROPPED and wanted is not side)", ""),
    ),
    Mutant(
        "paused_is_overtaken",
        "a status that a person chose gives way to a record",
        change(COMPARE, "value in _RANKS and than in _RANKS and _RANKS[value] > _RANKS[than]", "value is not than"),
    ),
    Mutant(
        "completed_is_dropped",
        "what was completed can be dropped by a record",
        change(COMPARE, "return than in _DROPPABLE", "return than is not value"),
    ),
    Mutant(
        "traceless_created",
        "an entry of which nothing would be kept is created again and again",
        change(ABSENCE, "if not leaves_trace(shown, rules.capability):", "if False:"),
    ),
    Mutant(
        "unseen_is_written_over",
        "an entry that a list hides is created beside itself",
        change(ABSENCE, " or memory is None or rules.capability.can_delete:", " or memory is None:"),
    ),
    Mutant(
        "unseen_is_recreated",
        "what is off the record is put there again although nothing moved",
        change(
            ABSENCE,
            "if shown.progress <= brought.progress and (shown.progress or shown.status is brought.status):",
            "if False:",
        ),
    ),
    Mutant(
        "unseen_never_moves",
        "what the library moves on after the record was emptied never gets there",
        change(
            ABSENCE,
            "if shown.progress <= brought.progress and (shown.progress or shown.status is brought.status):",
            "if True:",
        ),
    ),
    Mutant(
        "unseen_is_recreated_by_a_score",
        "a score puts back the plays that their owner took off",
        change(
            ABSENCE,
            "if shown.progress <= brought.progress and (shown.progress or shown.status is brought.status):",
            "if shown == brought:",
        ),
    ),
    Mutant(
        "unsent_progress_is_short",
        "plays that were taken off are missed by a write of another field",
        change(MERGE, "capability.rises & sent, room=room))", "capability.rises, room=room))"),
    ),
    Mutant(
        "any_shortfall_is_due",
        "what a record can only show as less is sent again and again",
        change(MERGE, " and 0 < room < getattr(agreed, name)", ""),
    ),
    Mutant(
        "taken_plays_sent_without_room",
        "plays that somebody took off are sent again while there is no room for more",
        change(FIELDS, "if behind and not again:", "if behind:"),
    ),
    Mutant(
        "untold_is_empty",
        "what a side cannot tell counts as taken away",
        change(PLAN, "if not remote.now.untold or track is None", "if True or track is None"),
    ),
    Mutant(
        "hidden_is_missing",
        "an entry that is hidden counts as missing",
        change(PLAN, "    if key in table.hidden:\n", "    if False:\n"),
    ),
    Mutant(
        "hidden_is_remembered",
        "a list of which all is hidden looks emptied",
        change(PLAN, "        and key not in table.hidden\n", ""),
    ),
)
