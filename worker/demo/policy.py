"""The routing rules that the demo's companies follow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def stage_policy(admin: str, backups: Mapping[str, str]) -> dict[str, Any]:
    """Routing by stage: prospecting to the BDR, active deals to the AE, customers to the CSM.

    ``admin`` is an e-mail, ``backups`` maps e-mails. Roles are read from the custom owner fields
    of the account under the names of both CRMs, so that one policy fits either.
    """
    return {
        "stage_classes": [
            {"stage": "active_deal", "open_deal_not_in": ["Prospecting"]},
            {"stage": "customer", "won_deal": True},
            {"stage": "prospecting"},
        ],
        "deals_of": "prospect_then_account",
        "roles": {
            "bdr": ["field:account.BDR__c", "field:account.bdr_owner"],
            "ae": ["owner:deal"],
            "csm": ["field:account.CSM__c", "field:account.csm_owner"],
        },
        "routes": [
            _route("Prospecting goes to the BDR", "prospecting", "bdr"),
            _route("Active deals go to the AE", "active_deal", "ae"),
            _route("Customers go to the CSM", "customer", "csm"),
            {"name": "Everything else is claimed", "to": "claim_channel"},
        ],
        "backups": dict(backups),
        "ladder": [
            {"to": "assignee", "wait": 15},
            {"to": "backup", "wait": 15},
            {"to": "coverage_channel", "wait": 30},
            {"to": "manager", "wait": 30},
            {"to": "admin"},
        ],
        "places": {
            "claim_channel": "#hot-leads",
            "coverage_channel": "#hot-leads",
            "watch_channel": "#sales-leadership",
            "admins": [admin],
        },
        "working_hours": {"time_zone": "America/New_York", "start": "09:00", "end": "18:00"},
    }


def _route(name: str, stage: str, role: str) -> dict[str, Any]:
    return {"name": name, "when": {"stage": stage}, "to": [role, "claim_channel"]}
