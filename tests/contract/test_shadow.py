"""A candidate beside the live policy, and its way to be the live one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, update
from typer.testing import CliRunner

from tests.contract.flow_kit import Office, csv_policy, health_of, rows, shared_office
from worker.cli.common import UsageError, clock
from worker.cli.main import command_line
from worker.clock import SystemClock
from worker.proof.shadowing import Shadowing
from worker.proof.versions import note_version
from worker.run import Worker
from worker.settings import load_settings
from worker.store.tables import ALERT, DISAGREEMENT, POLICY, POLICY_VERSION, SHADOW

RULES = """\
# Who gets what.
roles:
  bdr: ["field:account.bdr"]
  ae: ["field:account.ae"]  # the owner of the deal
  csm: ["field:account.csm"]
routes:
  - {name: Everything to the AE, to: [ae, claim_channel]}
ladder:
  - {to: assignee}
  - {to: backup}
  - {to: coverage_channel}
  - {to: admin}
places: {claim_channel: "#hot-leads", admins: [ada@team.example]}
"""
NEW = RULES.replace("Everything to the AE, to: [ae", "Everything to the CSM, to: [csm").replace(
    "# Who gets what.", "# Who gets what from December on."
)
HOLED = (
    NEW.replace("  - {to: coverage_channel}\n", "")
    .replace("to: [csm, claim_channel]", "to: [person:gone@team.example]")
    .replace('claim_channel: "#hot-leads", ', "")
)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with shared_office(tmp_path_factory, policy=csv_policy()) as made:
        yield made


@pytest.fixture(scope="module")
def worker(office: Office) -> Worker:
    return office.worker(clock={"policy_seconds": 3600.0})


@pytest.fixture
def company(office: Office, worker: Worker) -> Iterator[Path]:
    """The folder of the configuration, with the rules in a file of their own."""
    folder = office.folder
    assert isinstance(clock, SystemClock)
    back = office.clock.now() - clock.now()
    clock.forward(back)
    with worker.store.write() as tx:
        for table in (SHADOW, DISAGREEMENT, POLICY_VERSION):
            tx.conn.execute(delete(table))
    worker.ctx = replace(worker.ctx, policy=worker.settings.policy)
    worker.intake.use(worker.ctx)
    (folder / "policy.yaml").write_text(RULES)
    (folder / "new.yaml").write_text(NEW)
    settings = {"crm": "csv", "csv": {"folder": "crm"}, "policy": "policy.yaml"}
    settings["store"] = {"url": office.store_url}
    (folder / "hotlead.yaml").write_text(json.dumps(settings))
    yield folder
    clock.forward(-back)


def run(company: Path, *words: str) -> str:
    at = [str(company / one) if one.endswith(".yaml") else one for one in words]
    done = CliRunner().invoke(command_line(), [*at, "-c", str(company / "hotlead.yaml")])
    if done.exception is not None:
        raise done.exception
    return done.stdout


def post(office: Office, worker: Worker, email: str) -> None:
    assert office.post(worker, office.body(email)).status_code == 202
    assert worker.settle()
    office.clock.forward(timedelta(seconds=10))


def test_a_candidate_decides_new_signals_for_nobody_to_see(
    company: Path, office: Office, worker: Worker
) -> None:
    post(office, worker, "p0@acme.example")
    before = len(rows(worker, ALERT))
    run(company, "shadow", "new.yaml", "--by", "Dana")
    post(office, worker, "p1@acme.example")
    post(office, worker, "p1@acme.example")
    post(office, worker, "cora@contoso.example")
    messages = len(office.slack.messages("cid@team.example"))
    first = Shadowing()
    first.tick(worker.ctx)
    post(office, worker, "p2@acme.example")
    Shadowing().tick(worker.ctx)  # another worker, which has to catch up
    first.tick(worker.ctx)
    told = json.loads(run(company, "shadow", "--list", "--json"))
    [one] = told["shadows"]
    assert (one["by"], one["signals"], one["disagreements"], one["error"]) == ("Dana", 4, 3, "")
    others = {each["prospect"] for each in told["disagreements"] if "who" in each["kinds"]}
    assert others == {"p1@acme.example", "p2@acme.example"}
    assert told["disagreements"][0]["before"] == "ann@team.example"
    assert told["disagreements"][0]["after"] == "cid@team.example"
    assert len(rows(worker, ALERT)) == before + 3
    assert len(office.slack.messages("cid@team.example")) == messages
    run(company, "shadow", "--stop")
    post(office, worker, "nina@north.example")
    first.tick(worker.ctx)
    assert rows(worker, SHADOW)[0]["signals"] == 4
    with pytest.raises(UsageError, match="no candidate is on trial"):
        run(company, "shadow", "--stop")


def test_what_goes_wrong_with_a_candidate_stays_with_it(
    company: Path, office: Office, worker: Worker
) -> None:
    run(company, "shadow", "new.yaml")
    [candidate] = rows(worker, SHADOW)
    its = POLICY.c.hash == candidate["hash"]
    body = next(row["body"] for row in rows(worker, POLICY) if row["hash"] == candidate["hash"])
    with worker.store.write() as tx:
        tx.conn.execute(update(POLICY).where(its).values(body={"routes": []}))
    Shadowing().tick(worker.ctx)
    assert "can be read no more" in rows(worker, SHADOW)[0]["error"]
    with worker.store.write() as tx:
        tx.conn.execute(update(POLICY).where(its).values(body=body))
    post(office, worker, "p3@acme.example")
    Shadowing().tick(worker.ctx)
    assert rows(worker, SHADOW)[0]["error"] == ""


def test_names_that_the_crm_does_not_know_are_refused_unless_the_live_policy_has_them(
    company: Path, worker: Worker
) -> None:
    (company / "strange.yaml").write_text(NEW + "backups: {ann@team.example: an@team.example}\n")
    with pytest.raises(UsageError, match=r"no user an@team\.example\. Mend: did you mean 'ann@"):
        run(company, "policy", "promote", "strange.yaml")
    assert (company / "policy.yaml").read_text() == RULES


def test_new_holes_are_refused_unless_forced(company: Path, worker: Worker) -> None:
    (company / "holed.yaml").write_text(HOLED)
    for words in (("shadow", "holed.yaml"), ("policy", "promote", "holed.yaml")):
        with pytest.raises(UsageError, match="a new hole: the route “Everything to the CSM”"):
            run(company, *words)
    assert rows(worker, SHADOW) == []
    assert (company / "policy.yaml").read_text() == RULES
    assert "a new hole" in run(company, "shadow", "holed.yaml", "--force")
    [one] = rows(worker, SHADOW)
    assert one["running"]


def test_promoting_keeps_comments_and_the_old_version(company: Path, worker: Worker) -> None:
    run(company, "shadow", "new.yaml")
    old = load_settings(company / "hotlead.yaml").policy.hash
    run(company, "policy", "promote", "--by", "Dana")
    assert (company / "policy.yaml").read_text() == NEW
    assert not list(company.glob("candidate-*"))
    assert rows(worker, SHADOW)[0]["running"] is False
    found = json.loads(run(company, "policy", "versions", "--json"))
    assert [(one["how"], one["by"]) for one in found] == [("promoted", "Dana"), ("loaded", "Dana")]
    assert run(company, "policy", "show", old[:6]) == RULES
    shown = run(company, "policy", "diff", old, found[0]["policy"])
    assert "-- name: Everything to the AE" in shown
    assert "+- name: Everything to the CSM" in shown
    worker.take_up()
    assert health_of(worker).json()["policy"] == found[0]["policy"]
    with pytest.raises(UsageError, match="live policy already"):
        run(company, "policy", "promote", "new.yaml")
    with pytest.raises(UsageError, match="no version begins with 'zz'"):
        run(company, "policy", "show", "zz")


def test_rules_inside_the_configuration_are_replaced_there(company: Path) -> None:
    inner = "".join(f"    {line}\n" for line in RULES.splitlines())
    url = load_settings(company / "hotlead.yaml").store.url
    head = f"crm: csv  # for now\ncsv: {{folder: crm}}\npolicy:\n{inner}\n# Where all is kept.\n"
    config = company / "hotlead.yaml"
    config.write_text(f"{head}store: {{url: '{url}'}}\n")
    run(company, "policy", "promote", "new.yaml")
    text = config.read_text()
    assert "# for now" in text
    assert "# the owner of the deal" in text
    assert "# Who gets what from December on." in text
    assert "\n# Where all is kept.\nstore:" in text
    assert load_settings(config).policy.routes[0].name == "Everything to the CSM"


def test_a_running_worker_takes_a_promoted_policy_up(
    company: Path, office: Office, worker: Worker
) -> None:
    before = worker.ctx
    said = run(company, "policy", "promote", "new.yaml")
    assert "A running worker takes it up in a few seconds" in said
    assert worker.ctx is before
    worker.take_up()
    worker.take_up()
    post(office, worker, "taken-up@acme.example")
    mine = [one for one in rows(worker) if one["prospect_email"] == "taken-up@acme.example"]
    assert [one["assignee_name"] for one in mine] == ["Cid"]
    with worker.store.write() as tx:
        note_version(tx, before.policy.hash, "loaded", by="x", now=office.clock.now())
    worker.take_up()
    assert worker.ctx.policy.hash != before.policy.hash, "a restart alone goes back"


def test_a_policy_that_reads_more_waits_for_a_restart_and_says_so(
    company: Path, worker: Worker
) -> None:
    reads_more = NEW.replace("field:account.csm", "field:account.partner")
    (company / "new.yaml").write_text(reads_more)
    said = run(company, "policy", "promote", "new.yaml", "--force")
    assert "Start hotlead run again to take it up, as it reads further fields" in said
    before = worker.ctx
    worker.take_up()
    assert worker.ctx is before
    report = health_of(worker).json()
    assert "it reads further fields of accounts" in report["crm"]["problems"][0]
