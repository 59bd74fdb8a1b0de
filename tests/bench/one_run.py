"""One run of one connection in a process of its own: `python -m tests.bench.one_run CONNECTION_ID` prints JSON.

For figures that a process can have only for itself, such as its peak memory.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path
from uuid import UUID

import django


def peak_megabytes() -> float:
    """The most memory this process ever had.

    `getrusage` would do, but on Linux it also tells of the parent that started us: exec keeps the parent's peak.
    """
    status = Path("/proc/self/status")
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Kilobytes, but bytes on macOS.
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def main() -> int:
    django.setup()
    from syncing.services import leases
    from syncing.services.running import run_lease

    idle = peak_megabytes()
    lease = leases.claim(UUID(sys.argv[1]))
    run = run_lease(lease, trigger="command") if lease is not None else None
    if run is None:
        sys.stderr.write("somebody else holds the connection\n")
        return 1
    names = ("state", "error_code", "message", "entries_read", "library_changes", "writes", "requests")
    figures = {name: getattr(run, name) for name in names}
    sys.stdout.write(json.dumps({**figures, "idle_mb": round(idle, 1), "peak_mb": round(peak_megabytes(), 1)}) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
