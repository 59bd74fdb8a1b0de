"""Wrong cores, one change each: the rules of a single entry. See mutants.py."""

from __future__ import annotations

from tests.core.mutating import Mutant, change

MERGE, FIELDS = "syncing/core/merge.py", "syncing/core/fields.py"
ABSENCE = "syncing/core/absence.py"

MEMORY = (
    Mutant(
        "state_instead_of_memory",
        "every run compares as if it were the first",
        change(FIELDS, "    if bench.is_first(name):\n", "    if True:\n"),
    ),
    Mutant(
        "only_seen",
        "one snapshot: what the server echoed stands for what we brought",
        change(FIELDS, "agreed = getattr(bench.known.agreed, name)\n", "agreed = getattr(bench.known.seen, name)\n"),
    ),
    Mutant(
        "only_agreed",
        "one snapshot: what we brought stands for what the server echoed",
        change(
            FIELDS,
            "side_moved = side != getattr(bench.known.seen, name)",
            "side_moved = side != bench.projected(name, getattr(bench.known.agreed, name))",
        ),
    ),
    Mutant(
        "seen_is_sent",
        "after a write we remember what we sent, not what came back",
        change(
            MERGE,
            "getattr(echo if name in ours else memory.seen, name)",
            "getattr(memory.agreed if name in ours else memory.seen, name)",
        ),
    ),
    Mutant(
        "created_is_sent",
        "after a creation we remember what we sent, not what came back",
        change(MERGE, "return replace(memory, seen=echo)", "return memory"),
    ),
    Mutant(
        "echo_not_remembered",
        "after a write we still remember the value from before",
        change(MERGE, "getattr(echo if name in ours else memory.seen, name)", "getattr(memory.seen, name)"),
    ),
    Mutant(
        "alters_ignored",
        "what the server changes by itself on a save looks like an edit",
        change(MERGE, "ours = sent | {name for name in altered", "ours = sent | {name for name in () and altered"),
    ),
    Mutant(
        "echo_swallows_edits",
        "an edit made between our read and our write is taken for our own",
        change(MERGE, "if name in ours else", "if True else"),
    ),
    Mutant(
        "alters_swallow_questions",
        "a write of one field forgets the open question about another that the server may alter",
        change(MERGE, "if getattr(memory.seen, name) == getattr(now, name)}", "}"),
    ),
    Mutant(
        "missing_not_reset",
        "absences long ago still count when the entry is there again",
        change(MERGE, "memory=memory if not memory.missing else replace(memory, missing=0)", "memory=memory"),
    ),
    Mutant(
        "unsynced_change_looks_new",
        "the short cut looks at the side only",
        change(MERGE, "now.entry == memory.seen and canonical.entry == memory.agreed", "now.entry == memory.seen"),
    ),
    Mutant(
        "fresh_cut_short",
        "the short cut skips a field that was switched on later",
        change(MERGE, "memory is not None and not rules.fresh and", "memory is not None and"),
    ),
    Mutant(
        "fresh_ignored",
        "a field that was switched on later counts as known",
        change(FIELDS, "self.memory is None or name in self.rules.fresh", "self.memory is None"),
    ),
    Mutant(
        "lost_write_not_recalled",
        "our own write whose answer was lost is taken for a person's edit",
        change(MERGE, "return replace(memory, seen=seen, agreed=replace(memory.agreed, **arrived))", "return memory"),
    ),
    Mutant(
        "altered_by_lost_write",
        "what the server changes by itself looks like an edit where the answer was lost",
        change(
            MERGE, "seen = replace(memory.seen, **{**altered, **arrived})", "seen = replace(memory.seen, **arrived)"
        ),
    ),
    Mutant(
        "every_write_alters",
        "an edit of the person next to a write of a note is taken for the server's doing",
        change(MERGE, "if not (COURSE.intersection(sent) or", "if not (True or"),
    ),
    Mutant(
        "a_note_never_alters",
        "what the server makes of a full count when a note is saved looks like an edit",
        change(MERGE, "or (completed and shown.progress == was.progress)", ""),
    ),
    Mutant(
        "counts_alter_freely",
        "episodes that the person watched meanwhile are taken for the server's doing",
        change(MERGE, "(frozenset() if completed else COUNT_FIELDS - capability.rises)", "frozenset()"),
    ),
    Mutant(
        "half_created_recalled",
        "an entry the person made is taken for our lost creation",
        change(MERGE, "if len(arrived) < len(sent):", "if not arrived:"),
    ),
)

REMOVALS = (
    Mutant(
        "delete_beats_library_edit",
        "a removal on the side wins over an edit in the library",
        change(ABSENCE, "if rules.gives and canonical.entry != memory.agreed:", "if False:"),
    ),
    Mutant(
        "delete_beats_fine_edit",
        "a removal wins over an edit that this side is too coarse to show",
        change(
            ABSENCE,
            "if rules.gives and canonical.entry != memory.agreed:",
            "if rules.gives and canonical.entry.with_(score=memory.agreed.score) != memory.agreed:",
        ),
    ),
    Mutant(
        "delete_beats_side_edit",
        "a removal in the library wins over an edit on the side",
        change(MERGE, "if touched and rules.takes:", "if touched and rules.takes and memory is None:"),
    ),
    Mutant(
        "absence_without_history_deletes",
        "what was never there counts as removed",
        change(
            ABSENCE,
            "        return _create_there(canonical, rules, Reason.NEW_IN_LIBRARY)",
            "        memory = Memory(canonical.entry, canonical.entry)",
        ),
    ),
    Mutant(
        "one_miss_deletes",
        "the library forgets an entry on the first read that lacks it",
        change(ABSENCE, "if missed.missing < rules.misses:", "if False:"),
    ),
    Mutant(
        "one_miss_too_many",
        "a removal waits for one read more than agreed",
        change(ABSENCE, "if missed.missing < rules.misses:", "if missed.missing <= rules.misses:"),
    ),
    Mutant(
        "own_lost_write_resurrected",
        "our own write whose answer was lost brings a removed title back",
        change(
            MERGE,
            "!= getattr(projected, name) for name in fields)",
            "!= getattr(projected, name) for name in fields) or True",
        ),
    ),
    Mutant(
        "nothing_comes_back",
        "a title that a person adds again after its removal is removed again",
        change(MERGE, "!= getattr(projected, name) for name in fields)", "!= getattr(projected, name) for name in ())"),
    ),
    Mutant(
        "undone_import_returns",
        "an import that was undone is imported again",
        change(MERGE, "left_alone = memory is not None and now.entry == memory.seen", "left_alone = False"),
    ),
    Mutant(
        "away_counts_as_removed",
        "an entry that we took away on a person's word is removed from the library",
        change(ABSENCE, "if not rules.takes or memory.missing == AWAY:", "if not rules.takes:"),
    ),
    Mutant(
        "cannot_delete_ignored",
        "a service that cannot delete is asked to",
        change(MERGE, " or not rules.capability.can_delete:", ":"),
    ),
    Mutant(
        "pending_forgotten_on_return",
        "an entry that comes back forgets what was still to be brought to the side",
        change(MERGE, "agreed, reason = replace(memory.agreed, **edited), ", "agreed, reason = row.entry, "),
    ),
    Mutant(
        "return_is_coarse",
        "an entry that comes back takes the side's coarse values for all fields",
        change(MERGE, "row = Canonical(replace(canonical.entry, **edited),", "row = Canonical(now.entry,"),
    ),
    Mutant(
        "return_restamps_all",
        "an entry that comes back loses who gave its other fields, when and how finely",
        change(MERGE, "restamp(canonical.stamps, edited, stamp))", '{"*": stamp})'),
    ),
    Mutant(
        "private_published",
        "a private entry is created where nobody can hide it",
        change(
            ABSENCE, "if not rules.gives or _would_publish(canonical.entry, rules.capability):", "if not rules.gives:"
        ),
    ),
    Mutant(
        "unsynced_imported",
        "fields that are not synced are imported with a new entry",
        change(MERGE, "    if not hidden:\n", "    if True:\n"),
    ),
)

OF_MERGE = (*MEMORY, *REMOVALS)
