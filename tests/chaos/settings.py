"""Enishi in a storm: as in production, with terms so short that their end is seen within minutes.

The environment says the rest: SYNC_LEASE_SECONDS and the addresses of the servers and of the sandbox.
"""

from __future__ import annotations

from integrations.providers import registry
from project.settings import env, queues
from project.settings.test import *  # noqa: F403
from project.settings.test import BROKER_URL, DATABASE_URL, INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.chaos"]

# As in production: a pool in workers of threads, kept connections where processes fork.
DATABASES = {"default": env.database(DATABASE_URL, pool=env.integer("DATABASE_POOL", 0))}
PROVIDER_APPS = dict.fromkeys(registry.slugs(), ("sandbox-client", "sandbox-secret"))
# Nobody needs to ask for it: each list is looked at about once a minute.
SYNC_MIN_INTERVAL_MINUTES = 1

# One that comes late is done all the same: beside this much work a second is soon over.
LATE = 5.0
TICKS = {"start-due-runs": 1.0, "sweep": 2.0, "probe-batches": 5.0, "refresh-expiring": 10.0, "tick": 5.0}
CELERY_BEAT_SCHEDULE = {
    name: {**entry, "schedule": TICKS[name], "options": {"expires": max(LATE, TICKS[name])}} if name in TICKS else entry
    for name, entry in queues.BEAT_SCHEDULE.items()
}
# What a killed worker held comes back while the storm goes on; so does, once in a while, what a living one is at.
SYNC_SLICE_SECONDS = 10
CELERY_TASK_SOFT_TIME_LIMIT, CELERY_TASK_TIME_LIMIT, CELERY_LONGEST_COUNTDOWN = 25, 30, 5
CELERY_TASK_ANNOTATIONS = {"*": {"soft_time_limit": CELERY_TASK_SOFT_TIME_LIMIT, "time_limit": CELERY_TASK_TIME_LIMIT}}
CELERY_BROKER_TRANSPORT_OPTIONS = {
    **queues.transport_options(BROKER_URL),
    "visibility_timeout": 40,
    "unacked_restore_interval": 1,
}
