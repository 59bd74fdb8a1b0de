from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("syncing", "0004_schedule_at_scale"),
    ]

    operations = [
        migrations.AddField(
            model_name="parked",
            name="cause",
            field=models.CharField(default="refused", max_length=8),
        ),
        migrations.AddField(
            model_name="schedule",
            name="deaths",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="schedule",
            name="failing_since",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="schedule",
            name="trouble",
            field=models.CharField(blank=True, default="", max_length=32),
        ),
        # Each holds only the rows that somebody may have to see to: next to none while all is well.
        migrations.AddIndex(
            model_name="parked",
            index=models.Index(
                condition=models.Q(("cause", "refused"), _negated=True),
                fields=["cause", "last_failed_at"],
                name="parked_due",
            ),
        ),
        migrations.AddIndex(
            model_name="schedule",
            index=models.Index(
                condition=models.Q(("trouble", ""), _negated=True),
                fields=["trouble", "failing_since"],
                name="schedule_trouble",
            ),
        ),
        migrations.AddIndex(
            model_name="syncrun",
            index=models.Index(condition=models.Q(("state", "running")), fields=["started_at"], name="run_running"),
        ),
        migrations.AddIndex(
            model_name="syncrun",
            index=models.Index(condition=models.Q(("state", "failed")), fields=["finished_at"], name="run_failed"),
        ),
        migrations.AddIndex(
            model_name="unmatched",
            index=models.Index(
                condition=models.Q(("reason", "fault")), fields=["first_seen_at"], name="unmatched_faults"
            ),
        ),
    ]
