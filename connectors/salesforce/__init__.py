"""Salesforce as a CRM: mirrored by SOQL, written back through collections."""

from __future__ import annotations

from connectors.salesforce.connect import connect
from connectors.salesforce.settings import SalesforceSecrets, SalesforceSettings

__all__ = ["SalesforceSecrets", "SalesforceSettings", "connect"]
