"""Wrong cores, one change each: single fields, conflicts, directions. See mutants.py."""

from __future__ import annotations

from tests.core.mutating import Mutant, change

MERGE, FIELDS = "syncing/core/merge.py", "syncing/core/fields.py"
ABSENCE = "syncing/core/absence.py"
COMPARE, POLICY = "syncing/core/compare.py", "syncing/core/policy.py"
CAPABILITY = "integrations/capability.py"

SCORES_AND_DAYS = (
    Mutant(
        "naive_rounding",
        "two scores agree only if one rounds to the other",
        change(
            COMPARE,
            "return low <= library_high and library_low <= high",
            "return capability.scale.mark(library) == side",
        ),
    ),
    Mutant(
        "score_rounds_to_none",
        "a low score becomes no score",
        change(
            CAPABILITY,
            "        if score <= 0:\n            return 0\n        for",
            "        if score <= self.marks[0] // 2:\n            return 0\n        for",
        ),
    ),
    Mutant(
        "exact_scale_rounds",
        "a service that stores any score is sent its marks only",
        change(CAPABILITY, "return score if self.exact else self.mark(score)", "return self.mark(score)"),
    ),
    Mutant(
        "between_marks_is_coarse",
        "a stored value between two marks stands for a whole mark",
        change(CAPABILITY, "            return (score, score)\n", "            score = self.mark(score)\n"),
    ),
    Mutant(
        "restating_votes",
        "a coarse value that says the same again overwrites the finer one",
        change(
            FIELDS,
            "    if restates(name, side, library, bench.rules.capability, bench.now.totals):\n",
            "    if False:\n",
        ),
    ),
    Mutant(
        "finer_not_kept",
        "on first contact the coarser of two agreeing values stays",
        change(FIELDS, "finer = is_finer(name, side, library, stamp, bench.rules.capability)", "finer = False"),
    ),
    Mutant(
        "coarser_kept",
        "the coarser of two agreeing values is the finer one",
        change(
            COMPARE,
            "return _width(capability.scale.slug, side) < _width(stamp.scale, library)\n    return field",
            "return _width(capability.scale.slug, side) > _width(stamp.scale, library)\n    return field",
        ),
    ),
    Mutant(
        "day_not_told",
        "a side that knows only the year is never told the day",
        change(FIELDS, "    if name not in DATE_FIELDS or bench.shows(name, side, library):\n", "    if True:\n"),
    ),
    Mutant(
        "shown_is_written",
        "a side is written although it shows the best it can",
        change(FIELDS, "    if bench.shows(name, side, library):\n        return KEEP\n", ""),
    ),
    Mutant(
        "fine_change_is_a_change",
        "a change too fine for the side counts as a change there",
        change(
            FIELDS,
            "    return not bench.shows(name, getattr(bench.known.seen, name), library)\n",
            "    return True\n",
        ),
    ),
    Mutant(
        "fine_changes_add_up",
        "changes too fine for the side one by one never reach it, however far they lead",
        change(
            FIELDS,
            "    return not bench.shows(name, getattr(bench.known.seen, name), library)\n",
            "    return False\n",
        ),
    ),
    Mutant(
        "totals_ignored",
        "a count that the server cuts to the total is sent again and again",
        change(CAPABILITY, "value = min(value, total) if total else value", "value = value"),
    ),
)

CONFLICTS = (
    Mutant(
        "empty_beats_value",
        "on first contact the empty side wins",
        change(FIELDS, "        return _send(bench, Reason.FILLED)", "        return _take(bench, Reason.FILLED)"),
    ),
    Mutant(
        "empty_library_beats_value",
        "on first contact the empty library wins",
        change(FIELDS, "        return _take(bench, Reason.FILLED)", "        return _send(bench, Reason.FILLED)"),
    ),
    Mutant(
        "stamps_not_moved",
        "a value taken keeps the time of the old one",
        change(MERGE, "        if this.stamp is not None:\n", "        if False:\n"),
    ),
    Mutant(
        "agreeing_keeps_old_time",
        "agreeing values keep the earlier time",
        change(FIELDS, "max(bench.now.updated_at, stamp.at)", "min(bench.now.updated_at, stamp.at)"),
    ),
    Mutant(
        "unknown_time_stays_unknown",
        "an edit whose service tells no time counts as old",
        change(FIELDS, "bench.rules.read_at if bench.memory is not None else 0.0", "0.0"),
    ),
    Mutant("oldest_wins", "newest means oldest", change(POLICY, "side_at > stamp.at", "side_at < stamp.at")),
    Mutant(
        "ties_to_the_side", "equal times go to the side", change(POLICY, "side_at > stamp.at", "side_at >= stamp.at")
    ),
    Mutant(
        "policies_swapped",
        "library means provider",
        change(POLICY, 'if policy == "library":', 'if policy == "provider_":'),
        change(POLICY, 'if policy == "provider":', 'if policy in ("provider", "library"):'),
    ),
    Mutant(
        "furthest_falls",
        "furthest takes the smaller count",
        change(POLICY, "PROVIDER if side > library", "PROVIDER if side < library"),
    ),
    Mutant(
        "latest_start",
        "furthest takes the later start",
        change(POLICY, "_day(side) < _day(library)", "_day(side) > _day(library)"),
    ),
    Mutant("ask_decides", "ask does not ask", change(POLICY, "        return ASK", "        return LIBRARY")),
    Mutant(
        "question_forgotten",
        "a question on first contact is asked once and then settled",
        change(MERGE, "return bench.projected(name, library), agreed\n", "return side, library\n"),
    ),
    Mutant(
        "question_half_kept",
        "a question is remembered as if the library had never moved",
        change(
            MERGE,
            "agreed = nothing if bench.shown(name, nothing) != bench.shown(name, library) else side",
            "agreed = library",
        ),
    ),
    Mutant(
        "known_question_forgotten",
        "a question about a known entry is asked once and then settled",
        change(
            MERGE, "return getattr(bench.known.seen, name), getattr(bench.known.agreed, name)", "return side, library"
        ),
    ),
    Mutant(
        "choice_ignored",
        "a person's word changes nothing",
        change(FIELDS, "chosen = bench.choices.get(name)", "chosen = None"),
    ),
    Mutant(
        "choice_swapped",
        "a person's word is heard the wrong way round",
        change(
            FIELDS,
            "return chosen, Reason.CHOSEN",
            "return (LIBRARY if chosen == PROVIDER else PROVIDER), Reason.CHOSEN",
        ),
    ),
)

DIRECTIONS = (
    Mutant(
        "import_only_writes",
        "an import-only connection is written",
        change(FIELDS, "    if not bench.rules.gives:\n        return Step(", "    if False:\n        return Step("),
    ),
    Mutant(
        "import_only_creates",
        "an import-only connection gets new entries",
        change(ABSENCE, "if not rules.gives or _would_publish(", "if _would_publish("),
    ),
    Mutant(
        "import_only_removes",
        "an import-only connection loses entries",
        change(MERGE, "if not rules.gives or not rules.capability.can_delete:", "if not rules.capability.can_delete:"),
    ),
    Mutant(
        "export_only_takes",
        "an export-only connection changes the library",
        change(FIELDS, "    if not bench.rules.takes:\n        return Step(", "    if False:\n        return Step("),
    ),
    Mutant(
        "export_only_imports",
        "an export-only connection adds to the library",
        change(MERGE, "if left_alone or not rules.takes:", "if left_alone:"),
    ),
    Mutant(
        "export_only_removes",
        "an export-only connection removes from the library",
        change(ABSENCE, "if not rules.takes or memory.missing == AWAY:", "if memory.missing == AWAY:"),
    ),
    Mutant(
        "export_only_loses_conflicts",
        "an export-only connection leaves a conflict to the side",
        change(FIELDS, "return LIBRARY, Reason.POLICY", "return PROVIDER, Reason.POLICY"),
    ),
    Mutant(
        "withheld_edit_forgotten",
        "an edit that was not taken is never taken",
        change(MERGE, "else getattr(bench.known.seen, name)\n        elif", "else side\n        elif"),
    ),
    Mutant(
        "withheld_value_forgotten",
        "a value that was not sent is never sent",
        change(
            MERGE,
            "agreed[name] = side if bench.is_first(name) else getattr(bench.known.agreed, name)",
            "agreed[name] = library",
        ),
    ),
)

OF_FIELDS = (*SCORES_AND_DAYS, *CONFLICTS, *DIRECTIONS)
