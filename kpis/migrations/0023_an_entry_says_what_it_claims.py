from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("kpis", "0022_claims_as_they_were_booked")]

    operations = [
        migrations.AlterField(
            model_name="valuedriver",
            name="pool_name",
            field=models.CharField(blank=True, default="", max_length=80),
        ),
        migrations.RemoveField(model_name="valuedriver", name="pool_name"),
        migrations.AlterField(
            model_name="ledgerentry", name="claimed", field=models.DecimalField(decimal_places=2, max_digits=18)
        ),
        migrations.AlterField(
            model_name="ledgerentry", name="counted", field=models.DecimalField(decimal_places=2, max_digits=18)
        ),
        migrations.AddConstraint(
            model_name="ledgerentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("counted", models.F("claimed")),
                    models.Q(("counted__gte", 0), ("counted__lt", models.F("claimed"))),
                    _connector="OR",
                ),
                name="entry_counts_no_more_than_it_claims",
            ),
        ),
    ]
