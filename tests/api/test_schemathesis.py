"""schemathesis against the running service: no 5xx, no status or shape that the schema does not name.

Examples, fuzzing and stateful links, with 2 cases an operation; ENISHI_SCHEMATHESIS=n asks for n, and for the phase
"coverage" too, which takes many minutes. What it found and how much it tried is printed (pytest -s).
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from accounts.services.keys import create_key
from tests.api.conftest import by_session, token_of
from tests.conftest import PASSWORD
from tests.e2e.conftest import _sandbox_server, sandbox
from tests.web import rows

__all__ = ["_sandbox_server", "sandbox"]

CASES = int(os.environ.get("ENISHI_SCHEMATHESIS", "2"))
PHASES = "examples,coverage,fuzzing,stateful" if "ENISHI_SCHEMATHESIS" in os.environ else "examples,fuzzing,stateful"
pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.postgres, pytest.mark.timeout(600 + 60 * CASES)]

# Left out, each with its reason:
# positive_data_acceptance: what a schema cannot say (a time zone that exists) is rightly refused.
# missing_required_header: it does not know 428, which is what a missing If-Match is answered with (test_etags).
LEFT_OUT = ("positive_data_acceptance", "missing_required_header")
# ignored_auth puts nonsense into Authorization and leaves X-Session-Token in place, which is as good as before.
LEFT_OUT_IN_PERSON = (*LEFT_OUT, "ignored_auth")


@pytest.fixture
def filled(transactional_db: None, sandbox: Any, settings: Any, caplog: pytest.LogCaptureFixture) -> User:
    """alice with one of everything, bob beside her, and no limit that would answer in the place of an endpoint."""
    caplog.set_level(logging.ERROR, "django.request")
    settings.API_RATE_LIMITS = dict.fromkeys(settings.API_RATE_LIMITS, "1000000/m")
    settings.ACCOUNT_RATE_LIMITS = False
    alice, bob = (User.objects.create_user(f"{name}@example.org", PASSWORD) for name in ("alice", "bob"))
    rows.make_all(alice)
    rows.make_all(bob)
    return alice


def run_against(url: str, header: str, folder: Path, *, without: tuple[str, ...] = LEFT_OUT) -> str:
    """What schemathesis prints; fails the test where it found something."""
    command = [
        str(Path(sys.executable).with_name("st")),
        "run",
        f"{url}/api/v1/schema",
        *("--header", header),
        *("--phases", PHASES),
        *("--max-examples", str(CASES)),
        *("--exclude-checks", ",".join(without)),
        *("--seed", "1"),
        *("--request-timeout", "60"),
        *("--suppress-health-check", "all"),
        "--continue-on-failure",
        "--no-color",
    ]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_with_a_key(filled: User, live_server: LiveServer, tmp_path: Path) -> None:
    made = create_key(filled, name="schemathesis", scopes=["read", "sync", "write"])
    print(run_against(live_server.url, f"Authorization: Bearer {made.key}", tmp_path))


def test_in_person(filled: User, live_server: LiveServer, tmp_path: Path) -> None:
    client = by_session(filled)
    header = f"X-Session-Token: {token_of(client)}"
    print(run_against(live_server.url, header, tmp_path, without=LEFT_OUT_IN_PERSON))
