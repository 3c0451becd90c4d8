"""Finds the adapters that the settings name; each is imported on first use."""

from __future__ import annotations

from pydantic import SecretStr

from connectors.base import Crm, Surface
from worker.clock import Clock
from worker.secrets import HUBSPOT_REFRESH_TOKEN, SALESFORCE_REFRESH_TOKEN, Secrets
from worker.settings import Settings

_UNSET = SecretStr("")


def crm_for(settings: Settings, secrets: Secrets, clock: Clock) -> Crm:
    """The CRM of the settings; its secrets must have been checked before."""
    mapping = settings.policy.mapping
    if settings.crm == "salesforce" and settings.salesforce is not None:
        from connectors.salesforce import connect as salesforce
        from connectors.salesforce.settings import SalesforceSecrets

        keys = SalesforceSecrets(
            client_id=secrets.salesforce_client_id or _UNSET,
            client_secret=secrets.salesforce_client_secret,
            private_key=secrets.salesforce_private_key,
            refresh_token=secrets.refresh_token(SALESFORCE_REFRESH_TOKEN),
        )
        return salesforce(settings.salesforce, keys, settings.http, mapping)
    if settings.crm == "hubspot" and settings.hubspot is not None:
        from connectors.hubspot import connect as hubspot
        from connectors.hubspot.settings import HubspotSecrets

        access = HubspotSecrets(
            token=secrets.hubspot_token,
            client_id=secrets.hubspot_client_id,
            client_secret=secrets.hubspot_client_secret,
            refresh_token=secrets.refresh_token(HUBSPOT_REFRESH_TOKEN),
        )
        return hubspot(settings.hubspot, access, settings.http, now=clock.now)
    from connectors.people_csv import connect as people_csv

    if settings.csv is None:
        raise ValueError(f"the settings have no section for crm: {settings.crm}")
    return people_csv(settings.csv)


def surfaces_for(settings: Settings, secrets: Secrets) -> dict[str, Surface]:
    """The surfaces that the policy may name, by name."""
    from connectors.slack.settings import SlackSecrets
    from connectors.slack.surface import Slack

    tokens = SlackSecrets(
        bot_token=secrets.slack_bot_token or _UNSET, app_token=secrets.slack_app_token
    )
    return {"slack": Slack(settings.slack, tokens)}
