"""Makes the connector."""

from __future__ import annotations

from connectors.base import Crm
from connectors.http import HttpSettings
from connectors.salesforce.settings import SalesforceSecrets, SalesforceSettings
from routing.mapping import NOTHING_MORE, Mapping


def connect(
    settings: SalesforceSettings,
    secrets: SalesforceSecrets,
    http: HttpSettings,
    mapping: Mapping = NOTHING_MORE,
) -> Crm:
    """The org as a CRM. Calls nobody yet: the first read or write logs in."""
    from connectors.salesforce.crm import Salesforce

    return Salesforce(settings, secrets, http, mapping)
