"""Erasing a person: every row that leads to them goes, in one transaction, whoever asked for it.

The other rooms are told first (`accounts.signals`), so that what they hold elsewhere, such as access to a service, is
given back once the rows are gone. That is tried once and never keeps anybody here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from smtplib import SMTPException
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.core.mail import send_mail
from django.db import models, transaction

from accounts.models import User
from accounts.signals import person_leaving

log = logging.getLogger(__name__)

BATCH = 2000
SOMEBODY = "somebody who was erased"
"""What the admin's own log calls a person who is no more."""

Farewell = Callable[[], Sequence[str]]
"""What is left to do when the rows are gone; returns lines for the person."""


def erase_person(user: User, *, shared_access: bool = False, tells: bool = True) -> None:
    """Nothing of the person is left afterwards. shared_access: see `accounts.signals`. tells: by a mail, at the end."""
    user_id, address = user.pk, user.email
    with transaction.atomic():
        # What is counted on the person's own row, such as a file that they give us now, comes before or too late.
        User.objects.select_for_update(no_key=True).get(pk=user_id)
        answers: Any = person_leaving.send(User, user=user, shared_access=shared_access)
        farewells: list[Farewell] = [answer for _, answer in answers if answer is not None]
        _delete_all(user_id)
        # Waits for those who were adding a row, and keeps out all who come later: what they added goes too.
        User.objects.select_for_update().get(pk=user_id)
        _delete_all(user_id)
        _forget_in_admin(user_id)
        User.objects.filter(pk=user_id).delete()
        done = partial(_say_goodbye, user_id, address=address if tells else "", farewells=farewells)
        transaction.on_commit(done, robust=True)


def rows_of_person(user_id: UUID) -> Iterable[models.QuerySet[Any]]:
    """Everything that hangs on the person's row, what hangs on other things of theirs before these."""
    owned = {
        relation.related_model: relation.field.name
        for relation in User._meta.related_objects
        if relation.on_delete is models.CASCADE and not isinstance(relation.related_model, str)
    }
    for model in sorted(owned, key=lambda model: (-_depth(model, owned), model._meta.label)):
        yield model._default_manager.filter(**{owned[model]: user_id}).order_by()


def _depth(model: type[models.Model], owned: Iterable[type[models.Model]], seen: tuple[Any, ...] = ()) -> int:
    """How many tables of a person lie between this one and the person."""
    towards: set[Any] = {field.related_model for field in model._meta.concrete_fields if field.is_relation}
    owners = [other for other in towards - {model, *seen} if other in owned]
    return max((1 + _depth(other, owned, (*seen, model)) for other in owners), default=0)


def _delete_all(user_id: UUID) -> None:
    """In batches: Django reads what it deletes where other rows point to it, and a journal is long."""
    for rows in rows_of_person(user_id):
        while keys := list(rows.values_list("pk", flat=True)[:BATCH]):
            rows.model._default_manager.filter(pk__in=keys).delete()


def _forget_in_admin(user_id: UUID) -> None:
    """The admin's log names people by their address."""
    about = LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(User), object_id=str(user_id))
    about.update(object_repr=SOMEBODY, object_id="", change_message="")


def _say_goodbye(user_id: UUID, *, address: str, farewells: Sequence[Farewell]) -> None:
    lines: list[str] = []
    for farewell in farewells:
        try:
            lines += farewell()
        except Exception:
            # Whatever it was, the person is gone and stays so.
            log.exception("something was left to do after a person was erased")
    _end_sessions(user_id)
    if address:
        _tell(address, lines)


def _end_sessions(user_id: UUID) -> None:
    """They let nobody in any more, but still hold the person's id. It is inside what a session stores."""
    last = ""
    while sessions := list(Session.objects.filter(pk__gt=last).order_by("pk")[:BATCH]):
        last = sessions[-1].pk
        theirs = [each.pk for each in sessions if each.get_decoded().get("_auth_user_id") == str(user_id)]
        Session.objects.filter(pk__in=theirs).delete()


def _tell(address: str, lines: Sequence[str]) -> None:
    more = "".join(f"\n{line}" for line in lines)
    body = (
        f"Your account at {settings.SITE_NAME} is erased: your list, its history, your settings, your links to "
        f"services and our access to them. Your lists at the services themselves are as they were.\n{more}\n\n"
        f"{settings.SITE_NAME}, {settings.SITE_URL}\n"
    )
    try:
        send_mail(f"[{settings.SITE_NAME}] Your account is erased", body, None, [address])
    except (OSError, SMTPException) as error:
        log.warning("no mail about an erased account: %s", type(error).__name__)
