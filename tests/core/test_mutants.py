"""A few wrong cores on every full run; all of them with `python -m tests.core.mutants` (see README.md)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.core.mutants import EXAMPLES, MUTANTS, PROPERTIES, ROOT, choose, copy_tree, run_tests
from tests.core.mutating import Mutant, StaleMutant, apply, change

FEW = (
    ("only_seen", "test_holding.py::test_a_field_in_question_stays_untouched_while_the_others_flow"),
    ("delete_beats_library_edit", "test_properties.py::test_an_edit_is_never_lost_to_a_delete_elsewhere"),
    (
        "naive_rounding",
        "test_properties.py::test_linking_services_that_agree_up_to_rounding_keeps_the_finer_score_and_writes_nothing",
    ),
    ("cut_read_deletes", "test_faults.py::test_reads_cut_short_remove_nothing"),
    ("shrunk_off_by_one", "test_guard.py::test_a_shrunken_list_removes_nothing_and_lets_the_rest_flow"),
)


def test_every_mutant_fits_the_code_and_has_its_own_name() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)
    for mutant in MUTANTS:
        for one in mutant.changes:
            assert (ROOT / one.file).read_text(encoding="utf-8").count(one.old) == 1, (mutant.name, one.old)
            assert one.old != one.new


def test_a_mutant_that_no_longer_fits_is_refused(tmp_path: Path) -> None:
    copy_tree(tmp_path)
    with pytest.raises(StaleMutant, match="found 0 times"):
        apply(Mutant("stale", "", change("library/entry.py", "no such line", "")), tmp_path)


def test_every_test_of_the_core_is_run_against_the_mutants() -> None:
    here = {f"tests/core/{path.name}" for path in Path(__file__).parent.glob("test_*.py")}
    assert here - {"tests/core/test_mutants.py"} == {file for file in (*PROPERTIES, *EXAMPLES) if "core" in file}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "test"), FEW)
def test_a_wrong_core_is_noticed(name: str, test: str, tmp_path: Path) -> None:
    (mutant,) = choose([name])
    copy_tree(tmp_path)
    apply(mutant, tmp_path)
    assert run_tests(tmp_path, [f"tests/core/{test}"], examples=200) != ""


@pytest.mark.slow
def test_the_right_core_is_green(tmp_path: Path) -> None:
    """Or every mutant would seem to be killed."""
    copy_tree(tmp_path)
    assert run_tests(tmp_path, (*PROPERTIES, *EXAMPLES), examples=20) == ""
