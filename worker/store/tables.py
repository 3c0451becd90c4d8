"""The tables as SQLAlchemy Core sees them, for the hot paths."""

from __future__ import annotations

from sqlalchemy import Table
from sqlmodel import SQLModel

import worker.store.brief_tables
import worker.store.drill_tables
import worker.store.flow_tables
import worker.store.guard_tables
import worker.store.hint_tables
import worker.store.history_tables
import worker.store.mirror_tables
import worker.store.trial_tables  # noqa: F401 - all register their tables

_ALL = SQLModel.metadata.tables

SIGNAL: Table = _ALL["signal"]
ALERT: Table = _ALL["alert"]
ALERT_EVENT: Table = _ALL["alert_event"]
ALERT_HOLDER: Table = _ALL["alert_holder"]
REVIEW: Table = _ALL["review"]
DELIVERY: Table = _ALL["delivery"]
ACTIVITY: Table = _ALL["activity"]
RECEIPT: Table = _ALL["receipt"]
RESPONSE: Table = _ALL["response"]
PRESS: Table = _ALL["press"]
OUTSIDER: Table = _ALL["outsider"]
DIGEST: Table = _ALL["digest"]
POLICY: Table = _ALL["policy"]
ROUTED_PAST: Table = _ALL["routed_past"]
RETURN_BRIEF: Table = _ALL["return_brief"]
DESTINATION: Table = _ALL["destination"]
IDENTITY: Table = _ALL["identity"]
PERSON_SETTING: Table = _ALL["person_setting"]
META: Table = _ALL["meta"]
WATERMARK: Table = _ALL["watermark"]
DRIFT: Table = _ALL["drift"]
READ_SPAN: Table = _ALL["read_span"]
PERSON_READ: Table = _ALL["person_read"]
HINT: Table = _ALL["hint"]
HINT_SOURCE: Table = _ALL["hint_source"]
HINT_POSITION: Table = _ALL["hint_position"]
DEAL_CONTACT: Table = _ALL["deal_contact"]
EVIDENCE: Table = _ALL["evidence"]
LIVE_READ: Table = _ALL["live_read"]
CIRCUIT: Table = _ALL["circuit"]
TALLY: Table = _ALL["tally"]
BUDGET: Table = _ALL["budget"]
API_CALLS: Table = _ALL["api_calls"]
READ_COST: Table = _ALL["read_cost"]
NOTICE: Table = _ALL["notice"]
POLICY_VERSION: Table = _ALL["policy_version"]
SHADOW: Table = _ALL["shadow"]
DISAGREEMENT: Table = _ALL["disagreement"]
DRILL: Table = _ALL["drill"]
DRILL_TARGET: Table = _ALL["drill_target"]
DRILL_TASK: Table = _ALL["drill_task"]
