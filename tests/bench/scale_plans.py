"""What each statement of a call does inside PostgreSQL: its plan, the rows and pages it touched, its milliseconds."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection as database
from django.db import transaction

PLANNED = ("SELECT", "UPDATE", "DELETE", "INSERT", "WITH")
_SCANS = ("Seq Scan", "Index Scan", "Index Only Scan", "Bitmap Heap Scan", "Tid Scan")


@dataclass(frozen=True, slots=True)
class Told:
    """One statement. rows: read from tables, those that a condition threw away included. buffers: pages of 8 KiB."""

    sql: str
    plan: dict[str, Any]
    ms: float

    @property
    def nodes(self) -> list[dict[str, Any]]:
        return list(_nodes(self.plan))

    @property
    def indexes(self) -> list[str]:
        return sorted({node["Index Name"] for node in self.nodes if "Index Name" in node})

    @property
    def sequential(self) -> list[str]:
        """Tables that were read from end to end."""
        return sorted({node["Relation Name"] for node in self.nodes if node["Node Type"] == "Seq Scan"})

    @property
    def sorted_rows(self) -> int:
        """The most rows that one sort had to take in before it gave its first one."""
        sorts = [node for node in self.nodes if node["Node Type"] == "Sort"]
        return max((int(_rows(child)) for sort in sorts for child in sort["Plans"]), default=0)

    @property
    def rows(self) -> int:
        return int(sum(_rows(node) + _dropped(node) for node in self.nodes if node["Node Type"] in _SCANS))

    @property
    def buffers(self) -> int:
        return int(self.plan["Shared Hit Blocks"] + self.plan["Shared Read Blocks"])


def explained(call: Callable[[], object]) -> list[Told]:
    """Every statement that `call` sends, explained just before it is executed, in the state that it finds.

    Each is executed twice, the first time without effect.
    """
    told: list[Told] = []

    def explain(execute: Callable[..., Any], sql: str, values: Any, many: bool, context: dict[str, Any]) -> Any:
        if sql.lstrip("( ").startswith(PLANNED) and not many:
            told.append(_explain(sql, values))
        return execute(sql, values, many, context)

    with database.execute_wrapper(explain):
        call()
    return told


def _explain(sql: str, values: Any) -> Told:
    with transaction.atomic(), database.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", values)
        (answer,) = cursor.fetchone()
        transaction.set_rollback(True)
    (found,) = answer if isinstance(answer, list) else json.loads(answer)
    return Told(sql, found["Plan"], found["Execution Time"] + found["Planning Time"])


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)


def _rows(node: dict[str, Any]) -> float:
    return float(node["Actual Rows"] * node["Actual Loops"])


def _dropped(node: dict[str, Any]) -> float:
    names = ("Rows Removed by Filter", "Rows Removed by Index Recheck")
    return float(sum(node.get(name, 0) for name in names) * node["Actual Loops"])
