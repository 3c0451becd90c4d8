"""What a worker takes into memory: the clients of its own CRM and no other's."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

CLIENTS = {
    "salesforce": ("simple_salesforce", "zeep", "lxml"),
    "hubspot": ("hubspot",),
}
HEAVY = ("grpc", "fastavro", "procrastinate", "psycopg", "connectors.sandbox", "lark")
"""Of features that this worker does not use, and of the demo."""
_PROGRAM = """
import json, sys
from pathlib import Path
import worker.run, worker.cli.main
at_start = sorted(sys.modules)
from worker.adapters import crm_for
from worker.clock import SystemClock
from worker.secrets import Secrets
from worker.settings import load_settings
settings = load_settings(Path(sys.argv[1]))
made = crm_for(settings, Secrets(), SystemClock())
made.close()
print(json.dumps([at_start, sorted(sys.modules)]))
"""
_FILE = """
crm: {crm}
{crm}: {section}
policy:
  routes: [{{name: All, to: ["person:ann@team.example"]}}]
  ladder: [{{to: admin}}]
  places: {{admins: [ada@team.example]}}
"""
SECTIONS = {
    "salesforce": "{login_url: 'https://acme.my.salesforce.com', change_events: false}",
    "hubspot": "{}",
    "csv": "{folder: crm}",
}


@pytest.mark.pitfall("R12", "a worker loads the client of a CRM that it never calls")
@pytest.mark.parametrize("crm", ["salesforce", "hubspot", "csv"])
def test_r12_a_worker_imports_the_client_of_its_own_crm_alone(crm: str, tmp_path: Path) -> None:
    (tmp_path / "crm").mkdir()
    file = tmp_path / "hotlead.yaml"
    file.write_text(_FILE.format(crm=crm, section=SECTIONS[crm]))
    ran = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(file)], capture_output=True, text=True, timeout=100
    )
    assert ran.returncode == 0, ran.stderr
    at_start, after = (set(one) for one in json.loads(ran.stdout))
    every = {name for names in CLIENTS.values() for name in names}
    assert at_start & every == set(), "no client is needed before the CRM is chosen"
    others = {name for other, names in CLIENTS.items() if other != crm for name in names}
    assert after & others == set()
    assert after & set(HEAVY) == set()
