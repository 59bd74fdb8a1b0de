from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0002_shows_plays_devices"),
    ]

    operations = [
        migrations.AddField(
            model_name="connection",
            name="adapts",
            field=models.BooleanField(default=True, verbose_name="adapts its pace"),
        ),
        migrations.AddField(
            model_name="connection",
            name="intervals",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name="connection",
            name="moved_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
