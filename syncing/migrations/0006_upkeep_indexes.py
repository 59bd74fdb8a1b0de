from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("syncing", "0005_retries_and_recovery"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="syncrun",
            index=models.Index(fields=["started_at"], name="run_started"),
        ),
        migrations.AddIndex(
            model_name="unmatched",
            index=models.Index(fields=["retry_at"], name="unmatched_retry"),
        ),
        migrations.AddIndex(
            model_name="unmatched",
            index=models.Index(
                condition=models.Q(("remote_id", ""), _negated=True), fields=["remote_id"], name="unmatched_remote"
            ),
        ),
    ]
