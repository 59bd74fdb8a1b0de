"""Wrong cores, one change each: whole lists, guards, undo. See mutants.py."""

from __future__ import annotations

from tests.core.mutating import Mutant, change

PLAN, GUARD, UNDO = "syncing/core/plan.py", "syncing/core/guard.py", "syncing/core/undo.py"

PLANS = (
    Mutant(
        "cut_read_deletes",
        "absences on a read cut short count",
        change(PLAN, "if key in present or track.kind not in table.complete or", "if key in present or"),
    ),
    Mutant(
        "cut_read_creates",
        "what a read cut short did not bring is created",
        change(PLAN, "canonical.removed or kind not in table.complete:", "canonical.removed:"),
    ),
    Mutant(
        "unclear_is_removed",
        "an entry that could not be understood counts as absent",
        change(PLAN, " or track.memory is None or key in table.unclear:", " or track.memory is None:"),
    ),
    Mutant(
        "unclear_is_no_place",
        "a media is created over an entry that could not be understood",
        change(PLAN, " | set(table.unclear), draft=draft)", ", draft=draft)"),
    ),
    Mutant(
        "unclear_is_remembered",
        "entries that could not be understood make a list look shorter than it is",
        change(PLAN, "        and key not in table.unclear\n", ""),
    ),
    Mutant(
        "fault_forgotten",
        "an entry on which the merge failed is nobody's business",
        change(PLAN, "census, tuple(draft.faults))", "census)"),
    ),
    Mutant(
        "other_id_is_a_removal",
        "the same work under another id counts as removed",
        change(PLAN, "        if track.media_id in on_side:\n", "        if False:\n"),
    ),
    Mutant(
        "written_over_another",
        "a media is created over the entry of another",
        change(PLAN, "if remote_id is None or (kind, remote_id) in taken:", "if remote_id is None:"),
    ),
    Mutant(
        "two_on_one_id",
        "two media are created on one id",
        change(PLAN, "        taken.add((kind, remote_id))\n", ""),
    ),
    Mutant(
        "empty_track_in_the_way",
        "a track without a memory keeps its media from the side for ever",
        change(PLAN, "if key not in present and track.memory is not None}", "if key not in present}"),
    ),
    Mutant(
        "tombstones_created",
        "what was removed in the library is created on the side",
        change(PLAN, "if media_id in on_side or canonical.removed or", "if media_id in on_side or"),
        change(
            "syncing/core/absence.py",
            "    if canonical is None or canonical.removed:\n        return Verdict(canonical=canonical)\n",
            "    if canonical is None:\n        return Verdict(canonical=canonical)\n",
        ),
    ),
    Mutant(
        "memory_of_another_media",
        "an entry matched anew is compared with what we remember of another work",
        change(
            PLAN,
            "if track is not None and track.media_id == remote.media_id else None",
            "if track is not None else None",
        ),
    ),
    Mutant(
        "settled_twice",
        "a list without changes is stored anew on every run",
        change(
            PLAN,
            "        if fresh != track:\n            draft.settled[",
            "        if True:\n            draft.settled[",
        ),
    ),
    Mutant(
        "handle_not_learnt",
        "a new handle of a known entry is not remembered",
        change(PLAN, " and track.entry_id == remote.entry_id:", ":"),
    ),
    Mutant(
        "unsynced_rewrites",
        "edits of fields that are not synced look like a rewritten list",
        change(
            PLAN,
            "return not rules.capability.fields.isdisjoint(track.memory.seen.changed(remote.now.entry))",
            "return True",
        ),
    ),
    Mutant(
        "away_is_missing",
        "entries that we took away count as missing",
        change(PLAN, "missing += _is_news(memory, rules)", "missing += 1"),
    ),
    Mutant(
        "unknown_ids_hidden",
        "media without an id there are dropped silently",
        change(PLAN, "            unroutable.append((kind, media_id))\n", ""),
    ),
    Mutant(
        "waiting_removal_forgotten",
        "a removal that waits for a word starts counting anew",
        change(PLAN, "        return item.verdict.waiting\n", "        return None\n"),
    ),
    Mutant(
        "stamps_not_stored",
        "a run that only learns times and precision stores nothing",
        change(
            PLAN,
            "return verdict.is_quiet and not verdict.stamped and not verdict.conflicts",
            "return verdict.is_quiet and not verdict.conflicts",
        ),
    ),
    Mutant(
        "questions_not_asked",
        "a question that moves nothing else is never asked",
        change(
            PLAN,
            "return verdict.is_quiet and not verdict.stamped and not verdict.conflicts",
            "return verdict.is_quiet and not verdict.stamped",
        ),
    ),
)

GUARDS = (
    Mutant(
        "emptied_passes",
        "a list suddenly empty is believed",
        change(GUARD, "if census.remembered and not census.read:", "if False:"),
    ),
    Mutant(
        "never_full_is_emptied",
        "a list that was always empty stops the run",
        change(GUARD, "if census.remembered and not census.read:", "if not census.read:"),
    ),
    Mutant(
        "sentinels_ignored",
        "three old entries all gone are believed",
        change(GUARD, "len(watch.sentinels) >= 3 and", "len(watch.sentinels) > 3 and"),
    ),
    Mutant(
        "one_sentinel_is_not_enough",
        "the sentinels stop the run although one is there",
        change(GUARD, "watch.sentinels_present == 0", "watch.sentinels_present <= 1"),
    ),
    Mutant(
        "shrunk_off_by_one",
        "a list may not lack exactly its tenth",
        change(GUARD, "census.missing > max(", "census.missing >= max("),
    ),
    Mutant(
        "shrunk_small_lists",
        "small lists may shrink to nothing",
        change(GUARD, "SHRUNK_AT_LEAST = 5", "SHRUNK_AT_LEAST = 6"),
    ),
    Mutant(
        "shrunk_large_lists",
        "large lists may shrink by more than a tenth",
        change(
            GUARD,
            "max(SHRUNK_AT_LEAST, SHRUNK_SHARE * census.remembered)",
            "SHRUNK_AT_LEAST + SHRUNK_SHARE * census.remembered",
        ),
    ),
    Mutant(
        "shrunk_removes",
        "a shrunken list removes all the same",
        change(GUARD, "if watch.first or shrunk or", "if watch.first or"),
    ),
    Mutant(
        "shrunk_counts_absences",
        "the absences of a shrunken list are counted",
        change(GUARD, "    if Topic.SHRUNK in stopped:\n", "    if False:\n"),
    ),
    Mutant(
        "rewritten_off_by_one",
        "exactly half of a list may not be rewritten",
        change(GUARD, "census.rewritten > REWRITTEN_SHARE", "census.rewritten >= REWRITTEN_SHARE"),
    ),
    Mutant(
        "rewritten_small_lists",
        "an evening's work stops a small list",
        change(GUARD, "census.rewritten >= REWRITTEN_AT_LEAST and ", ""),
    ),
    Mutant(
        "stopped_settles",
        "a stopped run remembers what it saw",
        change(
            GUARD,
            "return Guarded(Plan(census=plan.census), stopped)",
            "return Guarded(Plan(settled=plan.settled, census=plan.census), stopped)",
        ),
    ),
    Mutant(
        "approval_ignored", "an approval lets nothing through", change(GUARD, "if topic not in watch.approved)", ")")
    ),
    Mutant(
        "first_plan_deletes",
        "the first plan of a connection deletes",
        change(GUARD, "if watch.first or shrunk or", "if shrunk or"),
    ),
    Mutant(
        "removals_unasked",
        "removals do not wait for a yes",
        change(GUARD, 'return watch.removals == "ask" and', "return False and"),
    ),
    Mutant(
        "removals_no_is_ask",
        "removals that are switched off can be allowed",
        change(GUARD, ' or watch.removals == "no":', ":"),
        change(GUARD, 'return watch.removals == "ask" and', 'return watch.removals != "yes" and'),
    ),
    Mutant(
        "removals_uncapped",
        "a run removes as much as it likes",
        change(GUARD, "*removals[:REMOVALS_A_RUN]", "*removals"),
    ),
    Mutant(
        "removals_off_by_one",
        "a run removes one more than it may",
        change(GUARD, "*removals[:REMOVALS_A_RUN]", "*removals[: REMOVALS_A_RUN + 1]"),
    ),
    Mutant(
        "removals_first",
        "removals come before everything else",
        change(GUARD, "items=(*others, *removals[:REMOVALS_A_RUN])", "items=(*removals[:REMOVALS_A_RUN], *others)"),
    ),
    Mutant(
        "drop_off_by_one",
        "a fall of exactly ten passes",
        change(GUARD, "move.before - move.after >= DROP_AT_LEAST", "move.before - move.after > DROP_AT_LEAST"),
    ),
    Mutant(
        "drop_to_half",
        "a fall to exactly half waits",
        change(GUARD, "move.after < DROP_SHARE * move.before", "move.after <= DROP_SHARE * move.before"),
    ),
    Mutant(
        "drop_of_a_new_start",
        "a new start counts as a fall",
        change(GUARD, "in (Status.REPEATING, Status.PLANNED):", "in ():"),
    ),
    Mutant(
        "drop_by_own_hand",
        "a person's own fall waits for their yes",
        change(GUARD, "        if move.reason not in _KNOWINGLY\n", ""),
    ),
    Mutant(
        "flip_flop_off_by_one",
        "a fourth write within the hour passes",
        change(
            GUARD, "watch.lately.get(item.key, 0) >= WRITES_AN_HOUR", "watch.lately.get(item.key, 0) > WRITES_AN_HOUR"
        ),
    ),
    Mutant(
        "flip_flop_blind",
        "a benched entry is not even read",
        change(GUARD, "return item.verdict.to_side is not Action.NONE and watch", "return watch"),
    ),
)

UNDOS = (
    Mutant(
        "undo_overwrites",
        "undo overwrites what was edited since",
        change(
            UNDO,
            "untouched = [name for name, value in after.items() if getattr(present, name) == value]",
            "untouched = list(after)",
        ),
    ),
    Mutant(
        "undo_removes_edited",
        "undo removes an entry that was edited since",
        change(UNDO, "    if touched:\n", "    if False:\n"),
    ),
    Mutant(
        "undo_replaces",
        "undo of a removal replaces what is there again",
        change(UNDO, "    if present is not None:\n        return Undo(left=tuple(before))\n", ""),
    ),
    Mutant(
        "undo_forgets_notes",
        "undo of a removal brings back only what the journal names",
        change(UNDO, "entry = last.with_(**before)", "entry = Entry(**before)"),
    ),
    Mutant(
        "undo_hides_edits",
        "undo on a service takes pending edits for settled",
        change(UNDO, "    if memory is None or held is None:\n", "    if True:\n"),
    ),
    Mutant(
        "undo_is_sent_again",
        "a value put back on a service is overwritten by the next run",
        change(
            UNDO,
            "        replace(memory.agreed, **{name: getattr(library, name) for name in names}),\n",
            "        replace(memory.agreed, **{move.field: move.after for move in back.moves}),\n",
        ),
    ),
    Mutant(
        "undone_creation_is_missing",
        "an undone creation removes the entry from the library",
        change(UNDO, "return Memory(held or library, library, AWAY)", "return Memory(held or library, library)"),
    ),
)

OF_PLAN = (*PLANS, *GUARDS, *UNDOS)
