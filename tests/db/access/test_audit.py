from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from kpis.access import audit
from kpis.access.models import AuditEvent
from tests.factories import TokenFactory, UserFactory

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def write(count: int) -> list[AuditEvent]:
    return [audit.record("cost.changed", by=None, subject=f"cost:{n}", details={"n": n}, at=NOON) for n in range(count)]


def tamper(sql: str, *values: object) -> None:
    """As the owner of the database, who can switch the trigger off."""
    with connection.cursor() as cursor:
        cursor.execute("alter table kpis_auditevent disable trigger user")
        cursor.execute(sql, values)
        cursor.execute("alter table kpis_auditevent enable trigger user")


def test_an_untouched_chain_is_whole_also_when_it_is_empty():
    assert audit.first_break() is None
    write(5)
    assert audit.first_break() is None


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", "2026-03-02T12:00:01Z"),
        ("actor", "user:7"),
        ("what", "cost.deleted"),
        ("subject", "cost:9"),
        ("details", '{"n": 3}'),
        ("previous", b"\1" * 32),
        ("digest", b"\1" * 32),
    ],
)
def test_a_row_whose_words_were_altered_is_named_as_the_first_break(column, value):
    rows = write(5)
    tamper(f"update kpis_auditevent set {column} = %s where sequence = %s", value, rows[2].pk)
    assert audit.first_break() == rows[2]


def test_a_row_that_was_removed_is_noticed_at_the_row_after_it():
    rows = write(5)
    tamper("delete from kpis_auditevent where sequence = %s", rows[1].pk)
    assert audit.first_break() == rows[2]


def test_two_rows_that_were_swapped_are_noticed():
    rows = write(4)
    tamper("update kpis_auditevent set sequence = -sequence where sequence in (%s, %s)", rows[1].pk, rows[2].pk)
    tamper("update kpis_auditevent set sequence = %s where sequence = %s", rows[2].pk, -rows[1].pk)
    tamper("update kpis_auditevent set sequence = %s where sequence = %s", rows[1].pk, -rows[2].pk)
    assert audit.first_break() is not None


def test_a_row_that_was_altered_and_given_a_fitting_digest_breaks_the_chain_at_the_next_one():
    rows = write(4)
    rows[1].subject = "cost:forged"
    tamper("update kpis_auditevent set subject = %s, digest = %s where sequence = %s",
           "cost:forged", audit.digest_of(rows[1]), rows[1].pk)  # fmt: skip
    assert audit.first_break() == rows[2]


def test_mending_the_next_row_as_well_only_moves_the_break_to_it():
    rows = write(4)
    rows[1].subject = "cost:forged"
    forged = audit.digest_of(rows[1])
    tamper("update kpis_auditevent set subject = %s, digest = %s where sequence = %s",
           "cost:forged", forged, rows[1].pk)  # fmt: skip
    tamper("update kpis_auditevent set previous = %s where sequence = %s", forged, rows[2].pk)
    assert audit.first_break() == rows[2]


def test_a_cut_end_is_noticed_by_a_head_that_was_written_down():
    rows = write(4)
    _, head = audit.head()
    tamper("delete from kpis_auditevent where sequence >= %s", rows[2].pk)
    assert audit.first_break() is None
    assert not audit.knows(head)


@pytest.mark.parametrize("sql", ["update kpis_auditevent set what = 'x'", "delete from kpis_auditevent"])
def test_the_table_takes_inserts_only(sql):
    write(1)
    with pytest.raises(Exception, match="takes inserts only"), connection.cursor() as cursor:
        cursor.execute(sql)


def test_every_kind_of_detail_comes_back_from_the_database_as_it_was_sealed():
    details = {
        "float": 0.1, "huge": 1e300, "whole": 1e16, "money": Decimal("10.10"), "day": date(2026, 3, 1), "at": NOON,
        "list": [1, 2.5, None, True], "set": {"b", "a"}, "nul": "a\x00b", "half": "\ud800", "ü": "€", "big": 10**30,
        "deep": {"z": {"y": 1}, 3: "key"}, "nan": float("nan"),
    }  # fmt: skip
    audit.record("kpi.changed", by=None, subject="kpi:\x00", details=details, at=NOON)
    assert audit.first_break() is None


def test_a_person_is_named_by_a_pseudonym_and_a_token_by_its_number():
    user, token = UserFactory(), TokenFactory()
    written = [audit.record("x", by=by, subject="s", at=NOON).actor for by in (user, token, None)]
    assert written == [f"user:{user.pk}", f"token:{token.pk}", "system"]
    assert user.username not in written[0]


def test_the_command_says_that_the_chain_is_whole_and_where_it_ends():
    write(3)
    out = StringIO()
    call_command("verify_audit", stdout=out)
    rows, head = audit.head()
    assert out.getvalue() == f"The audit chain is whole: {rows} rows, head {head}\n"


def test_the_command_names_the_first_broken_row_and_ends_with_one():
    rows = write(3)
    tamper("update kpis_auditevent set subject = 'forged' where sequence = %s", rows[1].pk)
    out = StringIO()
    with pytest.raises(SystemExit) as ending:
        call_command("verify_audit", stdout=out)
    assert ending.value.code == 1
    assert f"broken at row {rows[1].pk}" in out.getvalue()


def test_the_command_notices_a_lost_end():
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("verify_audit", "--head", "ab" * 32, stdout=out)
    assert "lost its end" in out.getvalue()
