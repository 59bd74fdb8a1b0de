"""Start everything for the demo: `python -m project.demo [--once]`, which is what `make demo` runs.

The environment is settled before Django is asked for anything, since settings are read once.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import sys
from collections.abc import Sequence
from io import TextIOBase
from pathlib import Path
from typing import Any, TextIO

ROOT = Path(__file__).resolve().parent.parent.parent
RESULT = "result.json"
UNPACED = "60000/60:1000"
TROUBLE = ("ERROR ", "CRITICAL", "Traceback (most recent call last)")


class Listener(TextIOBase):
    """Passes text on and remembers the lines that no process should have printed."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self.trouble: list[str] = []

    def write(self, text: str) -> int:
        self.trouble += [line for line in text.splitlines() if any(mark in line for mark in TROUBLE)]
        return self._out.write(text)

    def flush(self) -> None:
        self._out.flush()

    def isatty(self) -> bool:
        return self._out.isatty()


def free_port(wanted: int) -> int:
    """`wanted`, or any free one when it is taken."""
    for port in (wanted, 0):
        with socket.socket() as line:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                line.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(line.getsockname()[1])
    raise SystemExit("no free port on this machine")


def settle_environment(folder: Path, *, web: int, sandbox: int, unpaced: bool) -> None:
    """Everything of the demo's own: data folder, ports, and apps that only the sandbox knows."""
    # Trakt's 500 look-ups in 5 minutes are spread evenly as a rule; the whole demo needs fewer, so it need not wait.
    os.environ["TRAKT_RATE"] = "300/60:20"
    if unpaced:
        os.environ |= {f"{short}_RATE": UNPACED for short in ("ANILIST", "MAL", "KITSU", "TRAKT")}
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "project.settings.dev",
        "ENISHI_VAR": str(folder),
        "ENISHI_URL": f"http://localhost:{web}",
        "ENISHI_SANDBOX_URL": f"http://127.0.0.1:{sandbox}",
        "ANILIST_CLIENT_ID": "1001",
        "ANILIST_CLIENT_SECRET": "demo-anilist-secret",
        "MAL_CLIENT_ID": "demo-mal-client",
        "MAL_CLIENT_SECRET": "demo-mal-secret",
        "TRAKT_CLIENT_ID": "demo-trakt-client",
        "TRAKT_CLIENT_SECRET": "demo-trakt-secret",
        "PORT": str(web),
        # One line a request is for operators; here it would drown the story.
        "ENISHI_LOG_LEVEL": os.environ.get("ENISHI_LOG_LEVEL", "WARNING"),
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="make demo", description="The main job, start to rest, on this machine alone."
    )
    parser.add_argument("--once", action="store_true", help="end by itself; the last line is one JSON object")
    parser.add_argument("--port", type=int, default=8000, help="of the pages (another is taken when it is busy)")
    parser.add_argument("--sandbox-port", type=int, default=8800, help="of the sandbox (likewise)")
    parser.add_argument("--unpaced", action="store_true", help="as if the services had no limits; for tests")
    options = parser.parse_args()
    folder = Path(os.environ.get("ENISHI_DEMO_VAR") or ROOT / "var" / "demo")
    shutil.rmtree(folder, ignore_errors=True)
    web, sandbox = free_port(options.port), free_port(options.sandbox_port)
    settle_environment(folder, web=web, sandbox=sandbox, unpaced=options.unpaced)
    listener = Listener(sys.stdout)
    flags = [f"--{name}" for name in ("once", "unpaced") if getattr(options, name)]
    code = _launch(listener, web=web, sandbox=sandbox, flags=flags)
    return _report(folder / RESULT, listener, code) if options.once else code


def _launch(out: TextIOBase, *, web: int, sandbox: int, flags: Sequence[str]) -> int:
    import django

    django.setup()
    from project.embedded.binaries import ServerMissing
    from project.embedded.place import PlaceRefused
    from project.embedded.process import ServerFailed
    from project.embedded.servers import AlreadyRunning
    from project.launch import LaunchFailed, launch
    from project.supervisor import Process

    manage = (sys.executable, str(ROOT / "manage.py"))
    job = Process("demo", (sys.executable, "-m", "project.demo.guide", *flags))
    try:
        return launch(
            host="127.0.0.1",
            port=web,
            extra=[Process("sandbox", (*manage, "runsandbox", "--quiet", "--port", str(sandbox)))],
            job=job,
            out=out,  # type: ignore[arg-type]
        )
    except (LaunchFailed, ServerMissing, ServerFailed, PlaceRefused, AlreadyRunning) as error:
        sys.stderr.write(f"\nThe demo cannot start.\n{error}\n")
        return 2


def _report(path: Path, listener: Listener, code: int) -> int:
    """The guide's result, with what the logs of the others said, as the last line."""
    result: dict[str, Any] = {"ok": False, "trouble": ["the walk did not end"]}
    if path.exists():
        result = json.loads(path.read_text())
    result["trouble"] += listener.trouble
    result["ok"] = bool(result["ok"]) and not listener.trouble and code == 0
    sys.stdout.write(json.dumps(result) + "\n")
    sys.stdout.flush()
    return 0 if result["ok"] else 1


if __name__ == "__main__":
    raise SystemExit(main())
