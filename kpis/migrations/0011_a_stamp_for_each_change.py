from django.db import migrations, models

# One row a transaction: whoever finds the same rows as before knows that nothing was committed in between. Rows of
# its own transaction only, so that no writer waits for another.
FUNCTION = """
create function kpis_stamp_change() returns trigger language plpgsql as $$
begin
  insert into kpis_statestamp (xid, at) values (pg_current_xact_id()::text::bigint, clock_timestamp())
  on conflict do nothing;
  return null;
end $$;
"""
TABLES = {
    "user": "update of role, is_active, is_superuser, limited, language",
    "user_initiatives": "update",
    "token": "update of scopes, limited, expires_at, revoked_at",
    "token_initiatives": "update",
    **dict.fromkeys(
        [
            "organisation", "holiday", "initiative", "kpi", "kpiversion", "target", "annotation", "baseline", "benchmark",
            "comparison", "effect", "assumption", "valuedriver", "costentry", "ledgerentry", "phaseentry",
            "intervalvalue", "kpistate", "retention", "datasource", "feed", "pull",
        ],
        "update",
    ),
}


def _triggers() -> str:
    return FUNCTION + "".join(
        f"create trigger stamp_change after insert or delete or {update} on kpis_{table} "
        "for each statement execute function kpis_stamp_change();\n"
        for table, update in TABLES.items()
    )


def _no_triggers() -> str:
    return "".join(f"drop trigger stamp_change on kpis_{table};\n" for table in TABLES) + (
        "drop function kpis_stamp_change();"
    )


class Migration(migrations.Migration):
    dependencies = [("kpis", "0010_senders_are_shown")]

    operations = [
        migrations.CreateModel(
            name="StateStamp",
            fields=[
                ("xid", models.BigIntegerField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.RunSQL(_triggers(), _no_triggers()),
    ]
