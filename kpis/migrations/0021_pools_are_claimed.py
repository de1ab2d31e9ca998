import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
from django.db import migrations, models

CURRENCY = django.core.validators.RegexValidator("^[A-Z]{3}\\Z", "A currency is three capital letters, as EUR.")
CAUSES = [
    ("late_data", "Late Data"), ("corrected_data", "Corrected Data"), ("assumption", "Assumption"),
    ("baseline", "Baseline"), ("driver", "Driver"), ("overlap", "Overlap"),
]
TABLES = ("pool", "capacity", "apart")
STAMP = "".join(
    f"create trigger stamp_change after insert or delete or update on kpis_{table} "
    "for each statement execute function kpis_stamp_change();\n"
    for table in TABLES
)
NO_STAMP = "".join(f"drop trigger stamp_change on kpis_{table};\n" for table in TABLES)


class Migration(migrations.Migration):
    dependencies = [("kpis", "0020_baselines_may_be_reconstructed")]

    operations = [
        migrations.CreateModel(
            name="Pool",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("is_sample", models.BooleanField(default=False)),
                ("slug", models.CharField(max_length=80)),
                ("name", models.CharField(max_length=120)),
                ("unit", models.CharField(choices=[("hours", "Hours"), ("money", "Money")], default="hours", max_length=5)),
                ("currency", models.CharField(blank=True, max_length=3, validators=[CURRENCY])),
                ("share", models.DecimalField(blank=True, decimal_places=3, max_digits=4, null=True)),
                (
                    "rule",
                    models.CharField(
                        choices=[
                            ("best_evidence", "Best Evidence"), ("in_order", "In Order"), ("pro_rata", "Pro Rata")
                        ],
                        default="best_evidence",
                        max_length=13,
                    ),
                ),
            ],
            options={
                "ordering": ["name", "id"],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("is_sample"), django.db.models.functions.text.Lower("slug"), name="pool_is_named_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("slug", ""), _negated=True) & models.Q(("name", ""), _negated=True),
                        name="pool_has_a_name",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("share__isnull", True), models.Q(("share__gt", 0), ("share__lte", 1)), _connector="OR"
                        ),
                        name="pool_share_is_within_0_and_1",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("unit", "money"), models.Q(("currency", ""), _negated=True)),
                            models.Q(("currency", ""), ("unit", "hours")),
                            _connector="OR",
                        ),
                        name="pool_of_money_has_a_currency",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Capacity",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("since", models.DateField()),
                ("quantity", models.DecimalField(decimal_places=2, max_digits=18)),
                ("owner", models.CharField(max_length=120)),
                ("source", models.CharField(max_length=300)),
                (
                    "pool",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="capacities", to="kpis.pool"
                    ),
                ),
            ],
            options={
                "ordering": ["since"],
                "constraints": [
                    models.UniqueConstraint(fields=("pool", "since"), name="capacity_once_a_month"),
                    models.CheckConstraint(condition=models.Q(("quantity__gte", 0)), name="capacity_is_not_negative"),
                    models.CheckConstraint(condition=models.Q(("since__day", 1)), name="capacity_begins_with_a_month"),
                    models.CheckConstraint(
                        condition=models.Q(("owner", ""), _negated=True) & models.Q(("source", ""), _negated=True),
                        name="capacity_has_owner_and_source",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Apart",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reason", models.CharField(max_length=300)),
                ("decided_at", models.DateTimeField()),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="kpis.user"
                    ),
                ),
                (
                    "first",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="kpis.valuedriver"
                    ),
                ),
                (
                    "second",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="kpis.valuedriver"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("first", "second"), name="claims_are_apart_once"),
                    models.CheckConstraint(
                        condition=models.Q(("first__lt", models.F("second"))), name="apart_pair_is_in_order"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True), name="apart_has_a_reason"
                    ),
                ],
            },
        ),
        migrations.RenameField(model_name="valuedriver", old_name="pool", new_name="pool_name"),
        migrations.AddField(
            model_name="valuedriver",
            name="pool",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="drivers",
                to="kpis.pool",
            ),
        ),
        migrations.AddField(
            model_name="ledgerentry",
            name="claimed",
            field=models.DecimalField(decimal_places=2, max_digits=18, null=True),
        ),
        migrations.AddField(
            model_name="ledgerentry",
            name="counted",
            field=models.DecimalField(decimal_places=2, max_digits=18, null=True),
        ),
        migrations.AlterField(
            model_name="ledgerentry",
            name="causes",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(choices=CAUSES, max_length=14), blank=True, default=list, size=None
            ),
        ),
        migrations.RunSQL(STAMP, NO_STAMP),
    ]
