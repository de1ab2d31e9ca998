"""Bytes a point on disk, index included: the portal's months beside a plain keyed table and the usual Django table.

The same points in all of them, in order of arrival, in batches of 5,000: samples of a gauge, and events that have an id
of their own. Months that are over have had their index written anew (`measurements.tightening`).
"""

from __future__ import annotations

from typing import Any

from django.core.management import call_command
from django.db import connection

from bench.kit.filling import fill
from bench.peers.models import TABLES

LIMIT = 100  # bytes a point, rows
SIZE = "select sum(pg_table_size(oid)), sum(pg_indexes_size(oid)) from pg_class where {which}"
OURS = "oid in (select inhrelid from pg_inherits where inhparent = 'kpis_measurement'::regclass)"
INTO = {
    "bench_keyed": "insert into bench_keyed"
    " select at, value, coalesce(weight, 1), batch_id, series_id, event_id from {rows}",
    "bench_point": "insert into bench_point (kpi_id, at, value, weight, created_at)"
    " select s.kpi_id, m.at, m.value, coalesce(m.weight, 1), now()"
    " from {rows} join kpis_series s on s.id = m.series_id",
}
IN_ORDER = "(select * from kpis_measurement order by at) m"


def run(points: int = 1_000_000, kpis: int = 50) -> dict[str, Any]:
    from kpis.measurements import tightening
    from kpis.plumbing import clock

    call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute(TABLES)
        figures = {}
        for kind, ids in (("samples", False), ("events", True)):
            cursor.execute("truncate kpis_measurement, bench_keyed, bench_point")
            fill(points=points, kpis=kpis, slug=kind, days=365, arrivals=False, ids=ids, at_once=5_000)
            cursor.execute("insert into bench_kpi (id, key) select id, key from kpis_kpi on conflict do nothing")
            figures[f"{kind}, the portal, open months"] = _bytes_a_point(cursor, OURS, points)
            cursor.execute("analyze kpis_measurement")
            while tightening.tighten_one(at=clock.now()):
                pass
            figures[f"{kind}, the portal"] = _bytes_a_point(cursor, OURS, points)
            for table, sql in INTO.items():
                cursor.execute(sql.format(rows=IN_ORDER))
                figures[f"{kind}, {table}"] = _bytes_a_point(cursor, f"oid = '{table}'::regclass", points)
    whole = {name: sum(parts.values()) for name, parts in figures.items()}
    return {
        "ratios": {
            "bytes a point, samples : 100": round(whole["samples, the portal"] / LIMIT, 2),
            "bytes a point, samples of open months : 100": round(whole["samples, the portal, open months"] / LIMIT, 2),
            "bytes a point, events : 100": round(whole["events, the portal"] / LIMIT, 2),
            "bytes of the usual table : the portal's, samples": round(
                whole["samples, bench_point"] / whole["samples, the portal"], 2
            ),
            "bytes of the portal : one plain keyed table, samples": round(
                whole["samples, the portal"] / whole["samples, bench_keyed"], 2
            ),
        },
        "counts": {"points": points, "kpis": kpis},
        "bytes_a_point": figures,
        "postgresql": connection.pg_version,
    }


def _bytes_a_point(cursor: Any, which: str, points: int) -> dict[str, float]:
    cursor.execute(SIZE.format(which=which))
    table, index = cursor.fetchone()
    return {"table": round(float(table) / points, 1), "index": round(float(index) / points, 1)}
