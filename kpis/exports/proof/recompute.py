"""Recompute every figure of this proof file, with nothing but Python's standard library:

    python3 -I recompute.py

Ends with 0 where each file is as the manifest says and each figure comes out to the cent, else with 1 and the first
difference. It reads the files beside it and changes nothing. Every rule is explained in methods.txt.
"""

from __future__ import annotations

import calendar
import csv
import hashlib
import json
import math
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
CENT, EXACT = Decimal("0.01"), Context(prec=60, rounding=ROUND_HALF_EVEN)
ROUNDING = 1e-9  # of sums of doubles, beside their largest
Row = dict[str, str]


class Differs(Exception):
    """The first thing that is not as it should be."""


# -- the files themselves -------------------------------------------------------------------------------------------


def sha256(name: str) -> str:
    digest = hashlib.sha256()
    with (HERE / name).open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def check_files() -> str:
    listed: dict[str, dict[str, Any]] = load("manifest.json")["files"]
    there = {str(p.relative_to(HERE).as_posix()) for p in HERE.rglob("*") if p.is_file() or p.is_symlink()}
    for name in sorted(listed.keys() - there):
        raise Differs(f"{name} is missing")
    for name in sorted(there - listed.keys() - {"manifest.json"}):
        raise Differs(f"{name} does not belong here: the manifest does not list it")
    for name, told in sorted(listed.items()):
        size = (HERE / name).stat().st_size
        if size != told["bytes"] or sha256(name) != told["sha256"]:
            raise Differs(f"{name} is not as it was handed out: {size} bytes, SHA-256 {sha256(name)}")
    return f"{len(listed)} files are as the manifest says"


def load(name: str) -> Any:
    return json.loads((HERE / name).read_text(encoding="utf-8"))


def rows(name: str) -> list[Row]:
    with (HERE / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def same(what: str, stated: object, computed: object) -> None:
    if stated != computed:
        raise Differs(f"{what}: stated {stated}, recomputed {computed}")


def cents(value: Decimal) -> Decimal:
    """To the cent, half to even."""
    return value.quantize(CENT, context=EXACT) + Decimal("0.00")


# -- benefits -------------------------------------------------------------------------------------------------------


def worth(row: Row) -> Decimal:
    """± (without AI − actual) · volume · unit factor · unit value · realisation · attribution, to the cent."""
    difference = Decimal(row["counterfactual"]) - Decimal(row["actual"])
    quantity = int(row["sign"]) * difference * Decimal(row["volume"])
    price = Decimal(row["unit_factor"]) * Decimal(row["unit_value"])
    return cents(quantity * price * Decimal(row["realisation"]) * Decimal(row["attribution"]))


def check_entries(entries: list[Row]) -> str:
    """Each claim from its own row; the amount is what counts of it, of an adjustment less all booked before."""
    booked: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for row in sorted(entries, key=lambda row: int(row["entry"])):
        interval = row["driver"], row["interval_start"], row["interval_end"]
        before = booked[interval] if row["status"] == "adjustment" else Decimal(0)
        claimed, counted = Decimal(row["claimed"]), Decimal(row["counted"])
        same(f"entries.csv, entry {row['entry']}, claimed", claimed, worth(row))
        if counted != claimed and not 0 <= counted < claimed:
            raise Differs(f"entries.csv, entry {row['entry']}: {counted} counts of a claim of {claimed}")
        same(f"entries.csv, entry {row['entry']}, amount", Decimal(row["amount"]), counted - before)
        booked[interval] += Decimal(row["amount"])
    adjustments = sum(row["status"] == "adjustment" for row in entries)
    cut = sum(row["counted"] != row["claimed"] for row in entries)
    said = f"; of {cut} claims not all counts, since others draw on the same hours or money" if cut else ""
    return f"{len(entries)} entries come to their amounts, {adjustments} adjustments among them{said}"


def shown(row: Row) -> Decimal:
    """What a follow-up KPI shows of freed time: the smaller of what was saved and what it improved by, 0 at least."""
    improved = int(row["sign"]) * EXACT.subtract(Decimal(row["counterfactual"]), Decimal(row["actual"]))
    left = max(EXACT.subtract(improved, Decimal(row["taken"])), Decimal(0))
    price = EXACT.multiply(Decimal(row["unit_factor"]), Decimal(row["unit_value"]))
    return max(Decimal("0.00"), min(Decimal(row["booked"]), cents(EXACT.multiply(left, price))))


def check_traces(traces: list[Row], statement: dict[str, Any]) -> str:
    """Each from its own row, as entries; the open ones rest on the interval values of the follow-up KPI."""
    values = {(r["kpi"], r["part"], r["start"], r["end"]): r for r in rows("intervals.csv")}
    before: dict[tuple[str, str, str, str], Decimal] = defaultdict(Decimal)
    for row in sorted(traces, key=lambda row: int(row["trace"])):
        span = row["interval_start"], row["interval_end"]
        place = row["driver"], row["kpi"], *span
        amount = shown(row) - (before[place] if row["status"] == "adjustment" else 0)
        same(f"traces.csv, trace {row['trace']}, amount", Decimal(row["amount"]), amount)
        before[place] += Decimal(row["amount"])
        if row["status"] == "open" and row["kpi"] not in statement["waiting"]:
            part = f"follow-up, baseline {row['baseline']}" if row["baseline"] else "follow-up"
            found = values.get((row["kpi"], part, *span))
            name = f"intervals.csv, {row['kpi']} from {span[0]}"
            same(f"{name}, value", found and float(found["value"]), float(row["actual"]))
            same(f"{name}, count", found and found["count"], row["measurements"])
    return f"{len(traces)} traces of freed time come to their amounts"


def check_intervals(entries: list[Row], statement: dict[str, Any]) -> str:
    """An open entry rests on the interval values as they stand; a closed one keeps those of its time."""
    values = {(r["kpi"], r["part"], r["start"], r["end"]): r for r in rows("intervals.csv")}
    open_ones = [r for r in entries if r["status"] == "open" and r["kpi"] not in statement["waiting"]]
    for row in open_ones:
        span = row["interval_start"], row["interval_end"]
        found = values.get((row["kpi"], f"baseline {row['baseline']}", *span))
        if found is None:
            raise Differs(f"intervals.csv has no value of {row['kpi']} from {span[0]}, on which an entry rests")
        name = f"intervals.csv, {row['kpi']} from {span[0]}"
        same(f"{name}, value", float(found["value"]), float(row["actual"]))
        same(f"{name}, count", found["count"], row["measurements"])
        volume = values.get((row["volume_kpi"], f"volume of driver {row['driver']}", *span))
        if volume is not None and row["volume_kpi"] not in statement["waiting"]:
            name = f"intervals.csv, {row['volume_kpi']} from {span[0]}"
            same(f"{name}, value", float(volume["value"]), float(row["volume"]))
    return f"{len(open_ones)} open entries rest on the interval values beside them"


def baselines_told() -> Iterable[str]:
    """A frozen baseline beside the mean of its window as the data stand: they may have been corrected since."""
    windows: dict[tuple[str, str], list[float]] = defaultdict(list)
    for row in rows("baseline_values.csv"):
        if row["group"] == "treated":
            windows[row["kpi"], row["baseline"]].append(float(row["value"]))
    for row in rows("baselines.csv"):
        values = windows.get((row["kpi"], row["baseline"]), [])
        if row["method"] == "measured" and values:
            mean = math.fsum(values) / len(values)
            as_frozen = math.isclose(mean, float(row["value"]), rel_tol=1e-8, abs_tol=1e-9)
            said = "as it was frozen" if as_frozen else f"while {float(row['value']):g} was frozen"
            yield f"baseline {row['baseline']} of {row['kpi']}: {len(values)} values, mean {mean:g}, {said}"


# -- costs ----------------------------------------------------------------------------------------------------------


def check_costs(costs: list[Row], currency: str) -> str:
    counted = [row for row in costs if row["counted"] == "true"]
    for row in counted:
        paid = Decimal(row["paid"])
        if row["paid_currency"] == currency:
            converted = paid
        elif row["rate_currency"] == row["paid_currency"]:
            converted = cents(EXACT.multiply(paid, Decimal(row["rate"])))
        else:
            converted = cents(EXACT.divide(paid, Decimal(row["rate"])))
        same(f"costs.csv, cost {row['cost']} of {row['on']}", Decimal(row["amount"]), converted)
    foreign = sum(row["paid_currency"] != currency for row in counted)
    left = f"; {len(costs) - len(counted)} are left out for want of one" if len(costs) > len(counted) else ""
    return f"{len(counted)} payments, {foreign} by an exchange rate{left}"


# -- what it comes to -----------------------------------------------------------------------------------------------


def total(some: Iterable[Row], column: str = "amount") -> Decimal:
    return sum((Decimal(row[column]) for row in some), Decimal("0.00"))


def check_sums(entries: list[Row], traces: list[Row], costs: list[Row], told: dict[str, Any]) -> str:
    spent = [row for row in costs if row["counted"] == "true"]
    direct = [row for row in entries if row["benefit_type"] == "direct"]
    freed = total(row for row in direct if row["is_freed_time"] == "true") - total(traces)
    invested, benefit = total(spent), total(entries)
    sums = {
        "invested": invested,
        "invested_estimated": total(r for r in spent if r["settlement"] == "estimated"),
        "benefits.direct": total(direct),
        "benefits.indirect": benefit - total(direct),
        "benefits.total": benefit,
        "benefits.freed": freed,
        "benefits.captured": total(direct) - freed,
        "net": benefit - invested,
        "provisional_amount": total(r for r in entries if r["provisional"] == "true"),
        **{f"evidence.{g}": total(r for r in entries if r["evidence_grade"] == g) for g in "ABCD"},
    }
    for name, computed in sums.items():
        group, _, member = name.partition(".")
        stated = told[group][member] if member else told[group]
        same(f"statement.json, {name}", Decimal(stated), computed)
    roi = float((benefit - invested) / invested) if invested > 0 else None
    same("statement.json, roi", told["roi"], roi)
    said = "no ROI, since nothing was invested" if roi is None else f"ROI {roi:.1%}"
    return f"invested {invested}, benefit {benefit}, net {benefit - invested}, {said}"


def check_period(entries: list[Row], traces: list[Row], costs: list[Row], period: dict[str, Any]) -> str:
    """What the period itself comes to: entries whose interval ended in it, what was booked in it, what was paid."""
    inside = [r for r in entries if period["starts_at"] < r["booked_at"] <= period["ends_at"]]
    direct = [r for r in inside if r["benefit_type"] == "direct"]
    freed = total(r for r in direct if r["is_freed_time"] == "true")
    freed -= total(r for r in traces if period["starts_at"] < r["booked_at"] <= period["ends_at"])
    adjusted = [r for r in inside if r["status"] == "adjustment"]
    benefit = total(r for r in inside if r["status"] != "adjustment")
    paid = [r for r in costs if r["counted"] == "true" and period["first"] <= r["on"] <= period["last"]]
    told = period["account"]
    same("statement.json, period, entries", told["entries"], len(inside) - len(adjusted))
    sums = {"benefit": benefit, "adjusted": total(adjusted), "cost": total(paid)}
    for name, computed in (sums | {"freed": freed, "captured": total(direct) - freed}).items():
        same(f"statement.json, period, {name}", Decimal(told[name]), computed)
    return f"{period['key']}: benefit {benefit}, adjusted {total(adjusted)}, cost {total(paid)}"


# -- what it returns ------------------------------------------------------------------------------------------------


def flows(entries: list[Row], costs: list[Row], started_on: str | None) -> tuple[date, list[tuple[int, float]]]:
    """Day 0, and the net of each day since; the row starts at day 0, though nothing may flow there."""
    net: dict[date, int] = defaultdict(int)
    for row in entries:
        net[date.fromisoformat(row["flows_on"])] += int(Decimal(row["amount"]) * 100)
    for row in costs:
        if row["counted"] == "true":
            net[date.fromisoformat(row["on"])] -= int(Decimal(row["amount"]) * 100)
    start = min([*net, *([date.fromisoformat(started_on)] if started_on else [])])
    net[start] += 0
    return start, [((day - start).days, money / 100) for day, money in sorted(net.items())]


def check_returns(entries: list[Row], costs: list[Row], statement: dict[str, Any]) -> str:
    told, about = statement["figures"], statement["initiative"]
    if not entries and not any(row["counted"] == "true" for row in costs):
        same("statement.json, npv", told["npv"], None)
        return "nothing has flowed yet, so there is no return"
    start, flowed = flows(entries, costs, about["started_on"])
    npv = present_value(flowed, float(about["discount_rate"]))
    if told["npv"] is None or abs(Decimal(told["npv"]) - Decimal(repr(npv))) > Decimal("0.00501"):
        raise Differs(f"statement.json, npv: stated {told['npv']}, recomputed {npv:.2f}")
    scale = max(abs(money) for _, money in flowed)
    if told["irr"] is not None and abs(present_value(flowed, told["irr"])) > 1e-6 * len(flowed) * scale:
        raise Differs(f"statement.json, irr: at {told['irr']} the present value is not zero")
    on = payback(start, flowed)
    same("statement.json, payback_on", told["payback_on"], on.isoformat() if on else None)
    if on is not None:
        same("statement.json, payback_months", told["payback_months"], months_between(start, on))
    return f"NPV {npv:.2f}, payback {on or 'none'}"


def present_value(flowed: list[tuple[int, float]], rate: float) -> float:
    return math.fsum(money * math.exp(-day / 365 * math.log1p(rate)) for day, money in flowed)


def payback(start: date, flowed: list[tuple[int, float]]) -> date | None:
    """The day on which the cumulative net is back at zero for good; each flow came evenly since the one before."""
    balance, balances = 0.0, []
    for _, money in flowed:
        balance += money
        balances.append(balance)
    under = [k for k, b in enumerate(balances) if b < -ROUNDING * max(abs(money) for _, money in flowed)]
    if not under or under[-1] == len(flowed) - 1:
        return None
    k = under[-1]
    share = min(-balances[k] / flowed[k + 1][1], 1.0)
    days = flowed[k][0] + share * (flowed[k + 1][0] - flowed[k][0])
    return start + timedelta(days=math.ceil(days))


def months_between(start: date, end: date) -> float:
    whole = (end.year - start.year) * 12 + end.month - start.month
    whole -= later(start, whole) > end
    reached, following = later(start, whole), later(start, whole + 1)
    return whole + (end - reached).days / (following - reached).days


def later(start: date, months: int) -> date:
    year, month = divmod(start.month - 1 + months, 12)
    year += start.year
    return date(year, month + 1, min(start.day, calendar.monthrange(year, month + 1)[1]))


def main() -> int:
    def say(check: Callable[..., str], *given: Any) -> None:
        print("ok ", check(*given))

    try:
        say(check_files)
        statement, entries, costs = load("statement.json"), rows("entries.csv"), rows("costs.csv")
        traces = rows("traces.csv")
        print("    " + statement["initiative"]["name"], "as of", statement["as_of"])
        if statement["sample"]:
            print("    SAMPLE DATA:", statement["sample_note"])
        say(check_entries, entries)
        say(check_intervals, entries, statement)
        say(check_traces, traces, statement)
        for line in baselines_told():
            print("   ", line)
        say(check_costs, costs, statement["initiative"]["currency"])
        say(check_sums, entries, traces, costs, statement["figures"])
        say(check_returns, entries, costs, statement)
        if statement["period"]:
            say(check_period, entries, traces, costs, statement["period"])
    except Differs as difference:
        print("DIFFERS ", difference)
        return 1
    except (OSError, LookupError, TypeError, ValueError, ArithmeticError, csv.Error) as error:
        print("DIFFERS  a file cannot be read:", type(error).__name__, error)
        return 1
    print("All figures come out to the cent. That nobody has written both files and manifest anew, the portal knows:")
    print("    manifest.json ", sha256("manifest.json"))
    print("    recompute.py  ", sha256("recompute.py"))
    return 0


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    sys.exit(main())
