"""Who may import whom (design.md 3). The contracts are in pyproject.toml."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path

import grimp
import pytest

from integrations.providers import registry
from tests.architecture.source import ROOMS, ROOT


@cache
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(*ROOMS, include_external_packages=True, cache_dir=None)


def test_contracts_are_kept() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("slug", registry.PROVIDERS)
def test_a_provider_knows_no_other(slug: str) -> None:
    """Read from the registry, so that a new provider is held to it without a line anywhere."""
    mine = f"integrations.providers.{slug}"
    for other in set(registry.PROVIDERS) - {slug}:
        theirs = f"integrations.providers.{other}"
        assert graph().find_shortest_chains(mine, theirs, as_packages=True) == set()


def test_the_core_would_be_caught_with_a_clock() -> None:
    """The graph does see the standard library: without that the contract on purity would hold nothing."""
    assert {"time", "random", "socket"} <= graph().modules


def test_the_apps_do_not_know_the_launcher() -> None:
    for room in ("accounts", "library", "integrations", "syncing"):
        assert graph().find_shortest_chains(room, "project", as_packages=True) == set()
