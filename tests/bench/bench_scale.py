"""`make bench-scale`: a million people in the tables, the whole house at work, and a million on a clock of paper.

`python -m tests.bench.bench_scale [PART…]`, parts: tables, live, simulate; all of them by default, one after another,
each in a process of its own. The last line is JSON. Figures and what follows from them: docs/scale.md.
"""

from __future__ import annotations

import json
import subprocess
import sys
from time import perf_counter
from typing import Any

PARTS = {"tables": "scale_tables", "live": "scale_live", "simulate": "simulate"}


def run_part(module: str) -> dict[str, Any] | None:
    """Passes its lines on as they come; the JSON object of its last line, None when there is none."""
    last = ""
    with subprocess.Popen(
        [sys.executable, "-m", f"tests.bench.{module}"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            last = line
            if not line.startswith("{"):
                print(line, end="", flush=True)
    try:
        found: dict[str, Any] = json.loads(last)
    except ValueError:
        return None
    return found


def main() -> int:
    """0 as long as each part measured something, whether its goals were met or not."""
    chosen = sys.argv[1:] or list(PARTS)
    found: dict[str, Any] = {}
    for part in chosen:
        if part not in PARTS:
            print(f"there is no part {part}; choose of {', '.join(PARTS)}", file=sys.stderr)
            return 2
        started = perf_counter()
        found[part] = run_part(PARTS[part])
        print(f"{part}: {(perf_counter() - started) / 60:.1f} minutes", flush=True)
    broken = [part for part, figures in found.items() if figures is None]
    for part in broken:
        print(f"{part} did not come to its end", file=sys.stderr)
    print(json.dumps({"bench": "scale", "parts": found, "ok": not broken}))
    return 1 if broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
