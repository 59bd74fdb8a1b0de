"""`manage.py up`, as `make run` starts it: the whole service, from nothing, in one process tree."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from project.embedded.valkey import free_port
from project.settings import keys

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]
ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def folder() -> Iterator[Path]:
    """Open to pass through, unlike pytest's own: as root the servers would have to keep their data elsewhere."""
    made = Path(tempfile.mkdtemp(prefix="enishi-t-"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def environment(folder: Path) -> dict[str, str]:
    """What an operator has: a .env with an address, nothing else."""
    file = folder / ".env"
    file.write_text(f"ENISHI_URL=http://localhost:8000\nENISHI_VAR={folder / 'var'}\nWEB_PROCESSES=1\n")
    keys.add_missing(file, lambda name: "")
    bare = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {**bare, "ENISHI_ENV_FILE": str(file), "DJANGO_SETTINGS_MODULE": "project.settings.prod"}


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture(params=["sqlite", "postgres"])
def service(request: pytest.FixtureRequest, environment: dict[str, str], port: int) -> Iterator[subprocess.Popen[str]]:
    environment["EMBEDDED_DATABASE"] = request.param
    command = [sys.executable, "manage.py", "up", "--port", str(port)]
    output = subprocess.PIPE
    running = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT, text=True)
    yield running
    if running.poll() is None:
        running.kill()
    running.communicate()


def ask(port: int, path: str) -> tuple[int, dict[str, object]]:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        line.request("GET", path)
        answer = line.getresponse()
        return answer.status, json.loads(answer.read())
    except OSError:
        return 0, {}
    finally:
        line.close()


def wait_for(port: int, path: str, running: subprocess.Popen[str]) -> dict[str, object]:
    deadline = time.monotonic() + 90
    body: dict[str, object] = {}
    while time.monotonic() < deadline and running.poll() is None:
        status, body = ask(port, path)
        if status == 200:
            return body
        time.sleep(0.2)
    running.terminate()
    pytest.fail(f"{path} did not turn green: {body}\n{running.communicate()[0]}")


def test_from_nothing_to_green_and_down_again(
    service: subprocess.Popen[str], environment: dict[str, str], port: int
) -> None:
    wait_for(port, "/healthz", service)
    # A command beside the service finds its servers; its tick goes through the broker and the control worker.
    send = "import django; django.setup(); from project.tasks import tick; tick.delay()"
    beside = subprocess.run(
        [sys.executable, "-c", send], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert beside.returncode == 0, beside.stderr
    assert wait_for(port, "/readyz", service)["checks"] == dict.fromkeys(
        ("database", "redis", "migrations", "tick"), "ok"
    )
    service.send_signal(signal.SIGINT)
    said, _ = service.communicate(timeout=60)
    assert service.returncode == 0, said
    assert "Enishi is at http://localhost:8000" in said
    assert "was killed" not in said
    assert "Traceback" not in said
    for name in ("SECRET_KEY", "TOKEN_KEYS"):
        secret = next(
            line for line in Path(environment["ENISHI_ENV_FILE"]).read_text().splitlines() if line.startswith(name)
        )
        assert secret.partition("=")[2] not in said


def test_a_busy_port_is_explained(environment: dict[str, str], port: int) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        command = [sys.executable, "manage.py", "up", "--port", str(port)]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"port {port} of 127.0.0.1 cannot be used" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_refused_setting_is_explained_without_a_traceback(environment: dict[str, str], port: int) -> None:
    command = [sys.executable, "manage.py", "up", "--port", str(port)]
    wrong = {**environment, "TOKEN_KEYS": "k1:abc"}
    done = subprocess.run(command, cwd=ROOT, env=wrong, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("Enishi cannot start: key k1 of TOKEN_KEYS has")
    assert "Traceback" not in done.stderr


def test_an_absent_database_is_explained_at_once(environment: dict[str, str], port: int) -> None:
    url = f"postgres://enishi:planted-password@127.0.0.1:{port}/enishi"
    command = [sys.executable, "manage.py", "up", "--port", str(port)]
    wrong = {**environment, "DATABASE_URL": url}
    began = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, env=wrong, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "the database cannot be used; look at DATABASE_URL" in done.stderr
    assert "refused" in done.stderr
    assert "Traceback" not in done.stderr
    assert "planted-password" not in done.stdout + done.stderr
    assert time.monotonic() - began < 19  # a pool would have waited 20 s
