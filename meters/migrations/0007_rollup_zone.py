from django.db import migrations, models

import meters.models.rollup


class Migration(migrations.Migration):
    dependencies = [("meters", "0006_reading_repair")]

    operations = [
        migrations.AddField(
            model_name="rollupstate",
            name="zone",
            field=models.CharField(default=meters.models.rollup.site_zone, max_length=64),
        )
    ]
