"""Wiring only. Importing the Celery app here lets every `shared_task` find it."""

from project.celery import app as celery_app

__all__ = ("celery_app",)
