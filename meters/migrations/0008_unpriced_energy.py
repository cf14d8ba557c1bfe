from django.db import migrations, models


class Migration(migrations.Migration):
    # Rows there are need no filling: what has no cost is known to have no price, whatever stands
    # here, and days that are priced in part are rare.
    dependencies = [("meters", "0007_rollup_zone")]

    operations = [
        migrations.AddField(
            model_name=level,
            name="unpriced_wh",
            field=models.FloatField(db_default=0, default=0),
        )
        for level in ("trendquarter", "trendhour", "trendday")
    ]
