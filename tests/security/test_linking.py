"""Two people who link one account in the same moment."""

from __future__ import annotations

from threading import Thread

import pytest
from django.db import connection as database
from django.db.models.signals import pre_save

from accounts.models import User
from integrations.crypto import Secret
from integrations.models import Connection
from integrations.oauth import Grant
from integrations.providers import registry
from integrations.providers.base import Account
from integrations.services.linking import store_link
from integrations.services.refusals import LinkError


def link(user: User) -> Connection:
    grant = Grant(access_token=Secret(f"token-of-{user.email}"), refresh_token=None, expires_at=None)
    return store_link(user, registry.get("anilist"), account=Account(id="7", name="a"), grant=grant, app=None)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_the_second_of_two_is_refused(alice: User, bob: User) -> None:
    """Bob's link commits after Alice's look at who has the account and before her own row is written."""

    def overtake(sender: type[Connection], instance: Connection, **kwargs: object) -> None:
        if instance.user_id == alice.pk:
            pre_save.disconnect(overtake, sender=Connection)
            other = Thread(target=_link_in_thread, args=(bob,))
            other.start()
            other.join(20)

    pre_save.connect(overtake, sender=Connection)
    try:
        with pytest.raises(LinkError) as caught:
            link(alice)
    finally:
        pre_save.disconnect(overtake, sender=Connection)
    assert caught.value.code == "account_taken"
    assert "bob" not in caught.value.message
    assert list(Connection.objects.values_list("user__email", flat=True)) == ["bob@example.org"]


def _link_in_thread(user: User) -> None:
    try:
        link(user)
    finally:
        database.close()
