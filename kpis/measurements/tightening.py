"""The index of a month that is over, written anew: as points arrive each page of it stays half empty.

Points come by time, the index lies by series, so its pages are split in the middle and never filled again. Once a
month is over, one pass halves its index. Readers and writers go on meanwhile; what is stopped, a later tick does.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection

from kpis.measurements import partitions

SETTLED = timedelta(days=3)  # by then almost all of a month's late data is there
LOOSE_BYTES = 48  # a row; written anew it takes about 36, more where events have long ids
SMALLEST_BYTES = 1_000_000

LOOSE = """
select i.relname from pg_class t
join pg_index x on x.indrelid = t.oid join pg_class i on i.oid = x.indexrelid
join lateral (select avg(coalesce(s.avg_width, 0)) as width from pg_stats s
              where s.tablename = t.relname and s.attname = 'event_id') ids on true
where t.relname = any(%s) and x.indisvalid and t.reltuples > 0 and pg_relation_size(i.oid) > %s
  and pg_relation_size(i.oid) / t.reltuples > %s + coalesce(ids.width, 0)
order by t.relname limit 1
"""
# What an interrupted pass leaves behind; PostgreSQL gives it this ending.
LEFT_OVER = """
select i.relname from pg_index x join pg_class i on i.oid = x.indexrelid join pg_class t on t.oid = x.indrelid
where not x.indisvalid and t.relname = any(%s) and i.relname ~ '_ccnew[0-9]*$'
"""


def tighten_one(*, at: datetime) -> str | None:
    """Write the loosest index among the months that are over anew; answers its name, None where all are tight.

    Outside a transaction, and by one at a time.
    """
    over = [name for name, end in partitions.months() if end + SETTLED <= at]
    with connection.cursor() as cursor:
        cursor.execute(LEFT_OVER, [over])
        for (name,) in cursor.fetchall():
            cursor.execute(f'drop index concurrently "{name}"')
        cursor.execute(LOOSE, [over, SMALLEST_BYTES, LOOSE_BYTES])
        found = cursor.fetchone()
        if found is None:
            return None
        cursor.execute("set statement_timeout = 0")  # it takes as long as it takes; nobody waits for it
        try:
            cursor.execute(f'alter index "{found[0]}" set (fillfactor = 100)')  # hardly a point comes any more
            cursor.execute(f'reindex index concurrently "{found[0]}"')
        finally:
            cursor.execute("reset statement_timeout")
        return str(found[0])
