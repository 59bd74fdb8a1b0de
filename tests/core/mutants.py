"""Wrong cores that the tests must notice: `python -m tests.core.mutants [--only examples|properties] [name …]`.

Each mutant is one deliberate mistake, made in a copy of the tree. The examples run against it first, since they are
quick, then the properties; the first red test has killed it. A mutant that survives means a missing test.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.core.mutating import Mutant, apply
from tests.core.mutations_of_fields import OF_FIELDS
from tests.core.mutations_of_merge import OF_MERGE
from tests.core.mutations_of_plan import OF_PLAN
from tests.core.mutations_of_records import OF_RECORDS

ROOT = Path(__file__).resolve().parents[2]
MUTANTS: tuple[Mutant, ...] = (*OF_MERGE, *OF_FIELDS, *OF_PLAN, *OF_RECORDS)
NEEDED = ("library", "integrations", "syncing", "tests")
"""Rooms of which the pure files are copied."""
PURE = (
    "library/entry.py",
    "library/stamps.py",
    "integrations/capability.py",
    "tests/integrations/test_capability.py",
)
PROPERTIES = (
    "tests/core/test_properties.py",
    "tests/core/test_directions.py",
    "tests/core/test_holding.py",
    "tests/core/test_faults.py",
    "tests/core/test_undo_in_world.py",
    "tests/core/test_records.py",
)
EXAMPLES = (
    "tests/core/test_merge.py",
    "tests/core/test_absence.py",
    "tests/core/test_settle.py",
    "tests/core/test_plan.py",
    "tests/core/test_guard.py",
    "tests/core/test_compare.py",
    "tests/core/test_policy.py",
    "tests/core/test_likeness.py",
    "tests/core/test_undo.py",
    "tests/core/test_pace.py",
    "tests/core/test_retry.py",
    "tests/core/test_intake.py",
    "tests/integrations/test_capability.py",
)
SUITES = {"examples": EXAMPLES, "properties": PROPERTIES}
# No shrinking: a mutant needs to be seen, not explained. The same examples each time, so that a result can be repeated.
RUN = """
import sys
from hypothesis import HealthCheck, Phase, settings
settings.register_profile(
    "mutants", max_examples={examples}, deadline=None, database=None, derandomize=True,
    phases=(Phase.explicit, Phase.generate), suppress_health_check=list(HealthCheck),
)
settings.load_profile("mutants")
import pytest
sys.exit(pytest.main(sys.argv[1:]))
"""
OPTIONS = ("-x", "-q", "--no-header", "--tb=no", "-c", "/dev/null", "--rootdir=.", "--noconftest")
PLUGINS = ("-p", "no:django", "-p", "no:cacheprovider", "-p", "no:valkey", "-p", "no:xdist")


@dataclass(frozen=True, slots=True)
class Result:
    """killer: the test that noticed, "" = it survived. by: "examples" or "properties"."""

    mutant: Mutant
    killer: str
    by: str
    seconds: float


def copy_tree(target: Path) -> None:
    """The pure part of the tree and its tests, without caches."""
    for room in NEEDED:
        (target / room).mkdir()
        (target / room / "__init__.py").touch()
    for folder in ("syncing/core", "tests/core"):
        shutil.copytree(ROOT / folder, target / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (target / "tests/integrations").mkdir()
    (target / "tests/integrations/__init__.py").touch()
    for file in PURE:
        shutil.copy(ROOT / file, target / file)


def run_tests(root: Path, files: Sequence[str], *, examples: int) -> str:
    """The first red test of `files` in the tree at `root`; "" when all are green."""
    command = [sys.executable, "-B", "-c", RUN.format(examples=examples), *OPTIONS, *PLUGINS, *files]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode == 0:
        return ""
    for line in done.stdout.splitlines():
        if line.startswith(("FAILED ", "ERROR ")):
            return line.split("::", 1)[-1].split(" - ")[0].strip()
    raise RuntimeError(f"pytest ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def try_mutant(mutant: Mutant, *, examples: int, only: str = "") -> Result:
    """`only`: the one suite to run, "" = each until one has noticed."""
    start = time.perf_counter()
    killer, by = "", ""
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        root = Path(folder)
        copy_tree(root)
        apply(mutant, root)
        for suite, files in SUITES.items():
            if only in ("", suite) and not killer:
                killer = run_tests(root, files, examples=examples)
                by = suite if killer else ""
    return Result(mutant, killer, by, time.perf_counter() - start)


def choose(names: Sequence[str]) -> tuple[Mutant, ...]:
    """Mutants by name, all without names. Raises SystemExit on an unknown one."""
    known = {mutant.name: mutant for mutant in MUTANTS}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SystemExit(f"no such mutant: {', '.join(unknown)}. There are: {', '.join(known)}")
    return tuple(known[name] for name in names) if names else MUTANTS


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when every mutant was killed."""
    parser = argparse.ArgumentParser(prog="python -m tests.core.mutants", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name")
    parser.add_argument("--examples", type=int, default=150, help="Hypothesis examples a property (150)")
    parser.add_argument("--only", choices=sorted(SUITES), default="", help="leave out the other tests")
    parser.add_argument("--markdown", action="store_true", help="print table rows for README.md")
    options = parser.parse_args(arguments)
    survivors = []
    for mutant in choose(options.names):
        result = try_mutant(mutant, examples=options.examples, only=options.only)
        if not result.killer:
            survivors.append(mutant.name)
        if options.markdown:
            print(f"| `{mutant.name}` | {mutant.wrong} | `{result.killer or 'SURVIVED'}` |", flush=True)
        else:
            verdict = f"killed by {result.by} {result.killer}" if result.killer else "SURVIVED"
            print(f"{mutant.name:<30} {result.seconds:5.1f} s  {verdict}", flush=True)
    tried = len(choose(options.names))
    print(f"{tried - len(survivors)} killed, {len(survivors)} survived: {', '.join(survivors) or '-'}")
    return 1 if survivors else 0


if __name__ == "__main__":
    raise SystemExit(main())
