"""Celery, value by value with its reason. Measurements: shared/reliability.md 1.1 and 1.2, read 2026-11-21."""

from __future__ import annotations

from typing import Any

from celery.schedules import crontab

# Delivery: at least once. The schedule row in the database is the truth, a message is only a hint.
TASK_ACKS_LATE = True  # an early ack loses the slice when a worker dies
TASK_REJECT_ON_WORKER_LOST = True  # a killed child (out of memory) gives its task back at once
TASK_RETRY_ON_WORKER_LOST = True  # but as a counted retry: alone, the line above loops for ever
TASK_ACKS_ON_FAILURE = True  # a failure is recorded on the run, not repeated by the queue
TASK_ACKS_ON_TIMEOUT = True
WORKER_PREFETCH_MULTIPLIER = 1  # with late acks: one message a slot, so workers share fairly
# True (the default from Celery 6) lost two tasks of six when Redis restarted.
WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
TASK_IGNORE_RESULT = True
RESULT_BACKEND = None  # results are rows in our tables
TASK_SERIALIZER = "json"
ACCEPT_CONTENT = ["json"]  # never pickle

REDIS_SCHEMES = ("redis", "rediss")
BROKER_SCHEMES = (*REDIS_SCHEMES, "amqp", "amqps")
TASK_DEFAULT_QUEUE = "control"
LONGEST_COUNTDOWN = 300
"""Seconds. A longer wait is a date in a row: a waiting message would hold the visibility timeout hostage."""
TASK_SOFT_TIME_LIMIT = 300  # only a safety net (prefork): slices end by their own deadline
TASK_TIME_LIMIT = 360
LONGEST_HOLD = 900
"""Seconds that a worker may keep a message: above each task's time limit + the longest countdown, or one message runs
several times (kombu#337). project/delivery.py looks at every task. All apps on a broker agree: the shortest wins."""
BROKER_CONNECTION_RETRY_ON_STARTUP = True
BROKER_CONNECTION_MAX_RETRIES = None  # the default gives up after 100 tries
BROKER_CONNECTION_TIMEOUT = 5

WORKER_ETA_TASK_LIMIT = 200  # waiting messages held in memory
WORKER_MAX_TASKS_PER_CHILD = 500  # prefork only: leaks end here
WORKER_MAX_MEMORY_PER_CHILD = 300_000  # kB
WORKER_SOFT_SHUTDOWN_TIMEOUT = 30
WORKER_ENABLE_SOFT_SHUTDOWN_ON_IDLE = True  # or waiting messages are held back by an idle worker
WORKER_HIJACK_ROOT_LOGGER = False  # our handlers redact; Celery's do not
WORKER_SEND_TASK_EVENTS = False
TIMEZONE = "UTC"
ENABLE_UTC = True

TICK_SECONDS = 30
TICK_STALE_SECONDS = 120
"""Older than this, health turns red: beat, the broker or every control worker is dead."""


def _tick(task: str, seconds: int) -> dict[str, Any]:
    # A tick that waited a whole round is worth nothing: the next one is there.
    return {"task": task, "schedule": float(seconds), "options": {"expires": seconds}}


def _daily(task: str, *, hour: int, minute: int) -> dict[str, Any]:
    # By the clock: beat keeps no state, and an interval would begin again with each restart.
    return {"task": task, "schedule": crontab(hour=str(hour), minute=str(minute)), "options": {"expires": 3600}}


def _weekly(task: str, *, day: str, hours: str, minute: int) -> dict[str, Any]:
    schedule = crontab(day_of_week=day, hour=hours, minute=str(minute))
    return {"task": task, "schedule": schedule, "options": {"expires": 3600}}


# In code, a handful, each guarded by its task: none, one or two beats give the same result.
BEAT_SCHEDULE = {
    "start-due-runs": _tick("syncing.start_due_runs", 10),
    "sweep": _tick("syncing.sweep", 30),
    "probe-batches": _tick("syncing.probe_batches", 60),
    "refresh-expiring": _tick("integrations.refresh_expiring", 300),
    "poll-device-links": _tick("integrations.poll_device_links", 60),
    # A table is due once a day, at an hour that drifts.
    "check-id-tables": _tick("integrations.check_id_tables", 300),
    "tick": _tick("project.tick", TICK_SECONDS),
    "tell-alarms": _tick("syncing.tell_alarms", 300),
    "send-notices": _tick("notices.send_due", 60),
    "write-digests": _weekly("notices.write_digests", day="mon", hours="7-19", minute=7),
    "prune-notices": _daily("notices.prune", hour=3, minute=27),
    "prune": _daily("syncing.prune", hour=3, minute=17),
    "clear-sessions": _daily("project.clear_sessions", hour=3, minute=57),
    "prune-answers": _daily("accounts.prune_answers", hour=3, minute=27),
    "purge-link-attempts": _daily("integrations.purge_link_attempts", hour=3, minute=47),
    "translate-targets": _daily("integrations.translate_targets", hour=4, minute=27),
}
BEAT_SCHEDULER = "celery.beat:Scheduler"  # in memory: no file to lock, corrupt or lose
BEAT_MAX_LOOP_INTERVAL = 5


def celery_settings(broker_url: str) -> dict[str, Any]:
    """This module's upper-case names as Django settings, CELERY_…"""
    named = {f"CELERY_{name}": value for name, value in globals().items() if name.isupper()}
    return {**named, "CELERY_BROKER_URL": broker_url, "CELERY_BROKER_TRANSPORT_OPTIONS": transport_options(broker_url)}


def transport_options(broker_url: str) -> dict[str, Any]:
    """For those who publish, and what only Redis has to be told: RabbitMQ knows by itself whose messages were lost."""
    # One try, and one more at once: by default a page waits 6 s for a broker that is away (kombu's first two waits).
    quick: dict[str, Any] = {"max_retries": 1, "interval_start": 0, "interval_step": 0.1, "interval_max": 0.1}
    if broker_url.partition(":")[0] not in REDIS_SCHEMES:
        return quick
    return quick | {
        "visibility_timeout": LONGEST_HOLD,
        # Look for lost messages each 5 s: a crash costs the visibility timeout, not that plus up to 100 s.
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        # Without a socket timeout a publish on a dead connection blocks for ever.
        "socket_timeout": 15,
        "socket_connect_timeout": 5,
        "socket_keepalive": True,
        "health_check_interval": 25,
    }
