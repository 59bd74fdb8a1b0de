"""Whoever was here before there were channels gets the one that new people are given: their own mail."""

from __future__ import annotations

from typing import Any

from django.db import migrations

BATCH = 2_000
ALWAYS = ["needs_login", "login_ends"]


def give_mail(apps: Any, schema_editor: Any) -> None:
    channel = apps.get_model("notices", "Channel")
    user = apps.get_model("accounts", "User")
    without = user.objects.exclude(channels__way="email").order_by("pk").values_list("pk", flat=True)
    while some := list(without[:BATCH]):
        channel.objects.bulk_create(
            [channel(user_id=user_id, way="email", events=ALWAYS) for user_id in some], ignore_conflicts=True
        )


class Migration(migrations.Migration):
    dependencies = [("notices", "0001_channels_and_notices")]
    operations = [migrations.RunPython(give_mail, migrations.RunPython.noop)]
