"""A Salesforce org in small: OAuth, SOQL, records, collections and describes over HTTP."""

from __future__ import annotations

from connectors.sandbox.salesforce.sandbox import SalesforceSandbox

__all__ = ["SalesforceSandbox"]
