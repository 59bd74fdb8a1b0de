from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("syncing", "0002_unmatched_candidates"),
    ]

    operations = [
        migrations.AddField(
            model_name="baseline",
            name="kind_digests",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name="schedule",
            name="kinds_due",
            field=models.JSONField(blank=True, default=dict),
        ),
    ]
