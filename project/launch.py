"""The whole service in one terminal: servers, migrations, web, workers, beat. Used by `manage.py up` and the demo."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TextIO
from urllib.request import urlopen

from django.conf import settings

from project.embedded.servers import EmbeddedServers
from project.settings import env
from project.supervisor import Process, Supervisor
from project.workers import BEAT, layout_for, workers_of

WEB_THREADS = 8


class LaunchFailed(RuntimeError):
    """Nothing is running; the message says what to do."""


def launch(
    *, host: str, port: int, extra: Sequence[Process] = (), job: Process | None = None, out: TextIO | None = None
) -> int:
    """Run until asked to stop, until something ends, or until `job` (started when the web answers) ends.

    extra: more processes beside ours. Returns the exit code. Raises LaunchFailed, and what EmbeddedServers raises.
    """
    stream = out or sys.stdout
    _refuse_busy_port(host, port)
    os.umask(0o077)  # the database file, logs and static files are ours alone
    for path in close_files(_private_files()):
        print(f"{path} could be read by others on this machine; now only by you", file=stream, flush=True)
    given = {name: env.own(name) or "" for name in ("DATABASE_URL", "REDIS_URL")}
    say = partial(print, file=stream, flush=True)
    if os.geteuid() == 0:
        say("running as root: fine for a trial; for real use start as a user without rights")
    with EmbeddedServers(settings.VAR_DIR, database=settings.EMBEDDED_DATABASE, given=given, tell=say) as servers:
        environment = _environment(servers.urls)
        _prepare(environment, tell=say)
        supervisor = Supervisor(
            [*service_processes(host=host, port=port, postgres="DATABASE_URL" in servers.urls), *extra],
            env=environment,
            out=stream,
            ready=partial(_answers, host, port),
            greeting=f"{settings.SITE_NAME} is at {settings.SITE_URL}  (Ctrl-C ends it)",
            lost=servers.lost,
        )
        return supervisor.run(job)


def close_files(paths: Iterable[Path]) -> list[Path]:
    """Mode 600 for those that others may open; the ones that were open. A file of another user is left as it is.

    A database that `manage.py` made before the first start, or an .env that was copied, has the shell's mode.
    """
    closed = []
    for path in paths:
        facts = path.stat() if path.is_file() else None
        if facts is not None and facts.st_uid == os.geteuid() and facts.st_mode & 0o077:
            path.chmod(0o600)
            closed.append(path)
    return closed


def _private_files() -> list[Path]:
    files = [getattr(settings, "ENV_FILE", settings.BASE_DIR / ".env")]
    if str(settings.DATABASES["default"]["ENGINE"]).endswith("sqlite3"):
        name = str(settings.DATABASES["default"]["NAME"])
        files += [Path(name + ending) for ending in ("", "-wal", "-shm")]
    return files


def service_processes(*, host: str, port: int, postgres: bool, layout: str = "") -> list[Process]:
    """Web, the workers of a layout (project/workers.py; "" = as the operator chose) and beat."""
    threads = env.integer("WEB_THREADS", WEB_THREADS)
    gunicorn: tuple[str, ...] = (sys.executable, "-m", "gunicorn", "project.wsgi:application", "--no-control-socket")
    gunicorn += ("--worker-class", "gthread", "--graceful-timeout", "20", "--log-level", "warning")
    # No access log: the way back from a service carries a code in its address.
    gunicorn += ("--bind", f"{host}:{port}", "--workers", str(env.integer("WEB_PROCESSES", 2)))
    gunicorn += ("--threads", str(threads))
    workers = workers_of(layout or layout_for(postgres=postgres), postgres=postgres)
    return [
        Process("web", gunicorn, {"DATABASE_POOL": str(threads + 2)}),
        *(
            Process(worker.name, worker.command, {"DATABASE_POOL": str(worker.connections)}, again=True)
            for worker in workers
        ),
        Process("beat", BEAT, {"DATABASE_POOL": "0"}, again=True),
    ]


def _environment(urls: dict[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "ENISHI_MAKE_KEYS"}
    # Celery warns of root in eight lines a process; `launch` says it once.
    quiet = "ignore::UserWarning:celery.platforms"
    return {"ENISHI_LOG": "text", "PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": quiet, **kept, **urls}


def _prepare(environment: dict[str, str], *, tell: Callable[[str], None]) -> None:
    steps = [("check",), ("migrate", "--no-input")]
    if "Manifest" in settings.STORAGES["staticfiles"]["BACKEND"]:
        steps.append(("collectstatic", "--no-input", "--clear"))
    for step in steps:
        command = [sys.executable, str(settings.BASE_DIR / "manage.py"), *step]
        # Without a pool, which would wait 20 s and then not say why the database cannot be reached.
        done = subprocess.run(
            command, env={**environment, "DATABASE_POOL": "0"}, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise LaunchFailed(_explain(" ".join(step), (done.stdout + done.stderr).strip()))
        tell(f"{step[0]}: {done.stdout.strip().splitlines()[-1].strip() if done.stdout.strip() else 'done'}")


def _explain(step: str, output: str) -> str:
    _, is_unreachable, reason = output.rpartition("django.db.utils.OperationalError: ")
    if is_unreachable:
        return f"the database cannot be used; look at DATABASE_URL and at the server: {' '.join(reason.split())}"
    return f"manage.py {step} failed:\n{output}"


def _refuse_busy_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            line.bind((host, port))
        except OSError as error:
            reason = f"port {port} of {host} cannot be used ({error.strerror})"
            raise LaunchFailed(f"{reason}; end what uses it, or choose another with PORT=8001") from error


def _answers(host: str, port: int) -> bool:
    target = "127.0.0.1" if host in ("0.0.0.0", "") else f"[{host}]" if ":" in host else host  # noqa: S104
    try:
        with urlopen(f"http://{target}:{port}/healthz", timeout=1) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
