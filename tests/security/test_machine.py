"""What other users of the same machine can get at."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from project.embedded.postgres import ACCESS, PostgresServer
from project.launch import close_files
from tests.project.test_settings import GOOD, ROOT


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_others_could_read_is_closed_at_the_start(tmp_path: Path) -> None:
    """An .env that was copied, a database that a command made: both have the shell's 644."""
    copied, kept, missing = tmp_path / ".env", tmp_path / "kept", tmp_path / "none"
    copied.write_text("SECRET_KEY=x\n")
    copied.chmod(0o644)
    kept.write_text("")
    kept.chmod(0o400)
    assert close_files([copied, kept, missing, tmp_path]) == [copied]
    assert (mode_of(copied), mode_of(kept)) == (0o600, 0o400)


def in_development(folder: Path) -> subprocess.CompletedProcess[str]:
    code = "from project.settings import dev as s; print(s.SECRET_KEY); print(s.TOKEN_KEYS)"
    bare = {"PATH": os.environ["PATH"], "ENISHI_VAR": str(folder)}
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=bare, capture_output=True, text=True, check=True)


@pytest.mark.slow
def test_no_key_is_the_same_on_two_machines(tmp_path: Path) -> None:
    """Also not for the demo: its pages are open to every program on the machine."""
    first, again, other = (in_development(tmp_path / name).stdout.split() for name in ("a", "a", "b"))
    assert first == again
    assert set(first) & set(other) == set()
    assert min(map(len, first)) >= 46
    assert mode_of(tmp_path / "a" / "secret-key") == 0o600


@pytest.mark.slow
def test_the_embedded_database_lets_in_by_socket_and_password_only(tmp_path_factory: pytest.TempPathFactory) -> None:
    server = PostgresServer(tmp_path_factory.mktemp("pg") / "postgres", durable=False)
    server.start()
    try:
        assert (server.data / "pg_hba.conf").read_text() == ACCESS
        # Written by the server's own user, not by root in a folder of that user.
        assert (server.data / "pg_hba.conf").stat().st_uid == server.data.stat().st_uid
        assert mode_of(server.data) == 0o700
        assert mode_of(server.place.folder / "password") == 0o600
    finally:
        server.stop()


PRODUCTION = """
import json, django
django.setup()
from django.test import Client
seen = {}
for path in ("/accounts/login/", "/nothing/"):
    answer = Client().get(path, secure=True, headers={"host": "lists.example.org"})
    seen[path] = [answer.status_code, dict(answer.headers), [m.OutputString() for m in answer.cookies.values()]]
plain = Client().get("/accounts/login/", headers={"host": "lists.example.org"})
forged = Client().get("/accounts/login/", headers={"host": "lists.example.org", "x-forwarded-proto": "https"})
strange = Client().get("/accounts/login/", secure=True, headers={"host": "evil.example"})
seen["plain"] = [plain.status_code, plain["Location"], forged.status_code, strange.status_code]
from django.conf import settings
seen["names"] = [settings.SESSION_COOKIE_NAME, settings.SESSION_COOKIE_SECURE, settings.SESSION_COOKIE_HTTPONLY]
print(json.dumps(seen))
"""


@pytest.mark.slow
def test_what_a_browser_is_told_in_production(tmp_path: Path) -> None:
    import json

    bare = {**GOOD, "PATH": os.environ["PATH"], "ENISHI_VAR": str(tmp_path), "ENISHI_LOG_LEVEL": "CRITICAL"}
    bare |= {"DJANGO_SETTINGS_MODULE": "project.settings.prod"}
    manage = [sys.executable, "manage.py", "collectstatic", "--no-input"]
    subprocess.run(manage, cwd=ROOT, env=bare, capture_output=True, check=True)
    done = subprocess.run(
        [sys.executable, "-c", PRODUCTION], cwd=ROOT, env=bare, capture_output=True, text=True, check=False
    )
    seen = json.loads(done.stdout or done.stderr)
    for status, headers, cookies in (seen["/accounts/login/"], seen["/nothing/"]):
        assert status in (200, 404)
        assert headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains; preload"
        assert "'unsafe" not in headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        for cookie in cookies:
            assert cookie.startswith("__Host-")
            assert ("Secure" in cookie, "HttpOnly" in cookie, "SameSite=Lax" in cookie) == (True, True, True)
    assert seen["plain"] == [301, "https://lists.example.org/accounts/login/", 301, 400]
    assert seen["names"] == ["__Host-session", True, True]
