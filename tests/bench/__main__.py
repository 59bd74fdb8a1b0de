"""`make bench`: all benches, one after another, each in a process of its own.

0 as long as each of them measured something, whether its goals were met or not: machines differ, and others use them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
BENCHES = sorted(path.stem for path in HERE.glob("bench_*.py") if path.stem != "bench_scale")
"""`make bench-scale` is apart: it takes most of an hour."""


def run_bench(name: str) -> dict[str, Any] | None:
    """Passes its lines on as they come; the JSON object of its last line, None when there is none."""
    last = ""
    with subprocess.Popen([sys.executable, "-m", f"tests.bench.{name}"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            last = line
            if not line.startswith("{"):
                sys.stdout.write(line)
                sys.stdout.flush()
    try:
        found: dict[str, Any] = json.loads(last)
    except ValueError:
        return None
    return found


def main() -> int:
    """Prints one JSON object last: {"ok": goals all met, "benches": {name: its figures}}."""
    found = {name: run_bench(name) for name in BENCHES}
    broken = [name for name, figures in found.items() if figures is None]
    for name in broken:
        sys.stderr.write(f"{name} did not come to its end\n")
    met = not broken and all(figures["ok"] for figures in found.values() if figures is not None)
    sys.stdout.write(json.dumps({"ok": met, "benches": found}) + "\n")
    return 1 if broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
