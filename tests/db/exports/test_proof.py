"""The proof file of the sample's winner, checked by its own script as an auditor would: Python alone, in a folder."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import transaction

from kpis.access import audit
from kpis.access.models import User
from kpis.definitions.models import Initiative
from kpis.exports.proof.known import handed_out, newest_of
from kpis.exports.proof.making import ProofFile, make_proof
from kpis.ledger.periods import period_named
from kpis.plumbing import clock
from kpis.roi.statement import roi_statement
from kpis.sample import seeding
from tests.factories import AdministratorFactory

NOW = datetime(2026, 11, 26, 15, tzinfo=UTC)
FILES = {
    "README.txt", "statement.json", "entries.csv", "traces.csv", "intervals.csv", "baselines.csv",
    "baseline_values.csv", "assumptions.csv", "costs.csv", "methods.txt", "recompute.py", "manifest.json",
}  # fmt: skip


@pytest.fixture(scope="module")
def sample(django_db_setup: None, django_db_blocker: object) -> Iterator[User]:
    with pytest.MonkeyPatch.context() as patch, django_db_blocker.unblock(), transaction.atomic():  # type: ignore[attr-defined]
        patch.setattr(clock, "now", lambda: NOW)
        seeding.seed(at=NOW)
        yield AdministratorFactory()
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def winner(sample: User) -> Initiative:
    return Initiative.objects.get(slug="support-triage")


@pytest.fixture(scope="module")
def proof(sample: User, winner: Initiative) -> ProofFile:
    return make_proof(winner, None, by=sample, at=NOW)


@pytest.fixture(scope="module")
def unpacked(proof: ProofFile, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpack(proof, tmp_path_factory.mktemp("proof"))


@pytest.fixture
def folder(unpacked: Path, tmp_path: Path) -> Path:
    """A copy to alter."""
    return Path(shutil.copytree(unpacked, tmp_path / "proof"))


def unpack(proof: ProofFile, where: Path) -> Path:
    proof.content.seek(0)
    with zipfile.ZipFile(proof.content) as archive:
        archive.extractall(where)
    return where / proof.name.removesuffix(".zip")


def recompute(folder: Path) -> tuple[int, str]:
    ran = subprocess.run([sys.executable, "-I", folder / "recompute.py"], cwd="/", capture_output=True, text=True)
    assert ran.stderr == ""
    return ran.returncode, ran.stdout


def rows_of(folder: Path, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((folder / name).read_bytes().decode("utf-8-sig"), newline="")))


def rewrite(folder: Path, name: str, change: Callable[[list[dict[str, str]]], None]) -> None:
    """Alter rows of a table, and write the manifest anew so that every checksum is right again."""
    rows = rows_of(folder, name)
    change(rows)
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    (folder / name).write_bytes(text.getvalue().encode())
    seal(folder, name)


def seal(folder: Path, name: str) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    content = (folder / name).read_bytes()
    manifest["files"][name] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    (folder / "manifest.json").write_text(json.dumps(manifest))


# -- what is in it --------------------------------------------------------------------------------------------------


def test_an_auditor_recomputes_the_winner_to_the_cent_without_the_portal(unpacked, winner, proof):
    statement = roi_statement(winner, as_of=NOW)

    code, said = recompute(unpacked)

    assert code == 0, said
    assert f"invested {statement.invested}, benefit {statement.benefits.total}, net {statement.net}" in said
    assert f"NPV {statement.returns.npv.value:.2f}, payback {statement.returns.payback_on}" in said
    assert proof.digest in said
    assert {path.name for path in unpacked.iterdir()} == FILES
    assert said.count("as it was frozen") >= 1


def test_a_closed_month_comes_out_with_its_own_account(sample, winner, tmp_path):
    period = period_named("sample-2026-09")
    folder = unpack(make_proof(winner, period, by=sample, at=NOW), tmp_path)

    code, said = recompute(folder)

    assert code == 0, said
    account = period.account["support-triage"]
    assert (
        f"sample-2026-09: benefit {account['benefit']}, adjusted {account['adjusted']}, cost {account['cost']}" in said
    )
    told = json.loads((folder / "statement.json").read_text())
    assert max(row["on"] for row in rows_of(folder, "costs.csv")) <= "2026-09-30"
    assert told["as_of"] == "2026-09-30T22:00:00+00:00"


@pytest.mark.parametrize("slug", ["visual-inspection", "contract-review", "knowledge-assistant"])
def test_every_other_initiative_of_the_sample_comes_out_too(sample, slug, tmp_path):
    proof = make_proof(Initiative.objects.get(slug=slug), None, by=sample, at=NOW)
    code, said = recompute(unpack(proof, tmp_path))
    assert code == 0, said


def test_made_up_data_and_the_people_behind_the_figures_are_named(unpacked):
    assert json.loads((unpacked / "statement.json").read_text())["sample"] is True
    assert "SAMPLE DATA" in (unpacked / "README.txt").read_text()
    assert "SAMPLE DATA" in recompute(unpacked)[1]
    assert all(row["author"] and row["approved_by"] for row in rows_of(unpacked, "baselines.csv"))
    assert all(row["owner"] and row["source"] for row in rows_of(unpacked, "assumptions.csv"))
    assert "half to even" in (unpacked / "methods.txt").read_text()


# -- what was altered -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(FILES - {"manifest.json", "recompute.py"}))
def test_a_file_that_was_altered_went_missing_or_was_renamed_is_refused(folder, name):
    path = folder / name
    original = path.read_bytes()
    at = len(original) // 2

    path.write_bytes(original[:at] + bytes([original[at] ^ 1]) + original[at + 1 :])
    assert recompute(folder)[0] == 1
    assert name in recompute(folder)[1]

    path.write_bytes(original)
    path.rename(folder / f"_{name}")
    assert (recompute(folder)[0], f"{name} is missing" in recompute(folder)[1]) == (1, True)

    path.write_bytes(original)
    assert f"_{name} does not belong here" in recompute(folder)[1]


def test_another_checksum_a_link_and_no_manifest_are_refused(folder):
    manifest = folder / "manifest.json"
    sound = manifest.read_text()
    manifest.write_text(sound.replace('"sha256": "', '"sha256": "0', 1))
    assert recompute(folder)[0] == 1

    manifest.write_text("[]")
    assert "cannot be read" in recompute(folder)[1]
    manifest.unlink()
    assert recompute(folder)[0] == 1

    manifest.write_text(sound)
    (folder / "link").symlink_to("/etc/hostname")
    assert "link does not belong here" in recompute(folder)[1]


@pytest.mark.parametrize(
    "column", ["amount", "counterfactual", "actual", "volume", "unit_value", "realisation", "sign"]
)
def test_a_forged_entry_with_right_checksums_does_not_come_out(folder, column):
    def forge(rows):
        rows[7][column] = "-1" if column == "sign" else str(Decimal(rows[7][column]) + 1)

    rewrite(folder, "entries.csv", forge)
    code, said = recompute(folder)
    assert code == 1
    assert "entries.csv, entry" in said


@pytest.mark.parametrize(
    ("name", "column", "value", "found"),
    [
        ("costs.csv", "amount", "1.00", "costs.csv"),
        ("costs.csv", "counted", "false", "statement.json, invested"),
        ("entries.csv", "benefit_type", "indirect", "statement.json, benefits.direct"),
        ("entries.csv", "evidence_grade", "D", "statement.json, evidence"),
        ("entries.csv", "flows_on", "2020-01-01", "statement.json, npv"),
        ("traces.csv", "amount", "1.00", "traces.csv, trace"),
        ("traces.csv", "actual", "10", "traces.csv, trace"),
        ("costs.csv", "on", "2020-01-01", "statement.json, npv"),
    ],
)
def test_a_forged_row_moves_a_figure(folder, name, column, value, found):
    rewrite(folder, name, lambda rows: rows[0].update({column: value}))
    code, said = recompute(folder)
    assert (code, found in said) == (1, True), said


def test_a_forged_interval_value_is_found_beside_its_open_entry(folder):
    last = [row for row in rows_of(folder, "entries.csv") if row["status"] == "open"][-1]

    def forge(rows):
        for row in rows:
            if (row["kpi"], row["start"]) == (last["kpi"], last["interval_start"]):
                row["value"] = "1"

    rewrite(folder, "intervals.csv", forge)
    assert "intervals.csv" in recompute(folder)[1]
    assert recompute(folder)[0] == 1


@pytest.mark.parametrize("member", ["invested", "benefits.total", "net", "npv", "evidence.B"])
def test_a_forged_figure_does_not_come_out(folder, member):
    path = folder / "statement.json"
    told = json.loads(path.read_text())
    group, _, inner = member.partition(".")
    figures, name = (told["figures"][group], inner) if inner else (told["figures"], member)
    figures[name] = f"{Decimal(figures[name]) + Decimal('0.01')}"
    path.write_text(json.dumps(told))
    seal(folder, "statement.json")
    assert f"statement.json, {member}" in recompute(folder)[1]


def test_a_row_taken_away_is_missed(folder):
    rewrite(folder, "entries.csv", lambda rows: rows.pop(3))
    assert recompute(folder)[0] == 1


def test_a_forgery_in_which_everything_fits_is_not_known_to_the_portal(folder, winner, proof):
    path = folder / "statement.json"
    path.write_text(path.read_text().replace("Support", "Sales"))
    seal(folder, "statement.json")

    code, said = recompute(folder)

    assert code == 0
    assert proof.digest not in said
    forged = hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
    assert forged in said
    assert handed_out(winner, forged) is None
    assert handed_out(winner, proof.digest).at == NOW


def test_the_trail_holds_who_had_it_made_and_its_digest(winner, proof, sample):
    newest = newest_of(winner)
    assert (newest[0].by, newest[-1].digest) == (sample.get_full_name() or sample.username, proof.digest)
    assert audit.first_break() is None
