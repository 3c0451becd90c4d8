"""Finds the adapters that the settings name; each is imported on first use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pydantic import SecretStr

from connectors.base import AbsenceReader, Crm, Surface
from connectors.calendar.reader import Team
from connectors.oauth import Consent
from worker.clock import Clock
from worker.fields_read import whole_mapping
from worker.policy_words import surfaces_of
from worker.secrets import HUBSPOT_REFRESH_TOKEN, SALESFORCE_REFRESH_TOKEN, Secrets
from worker.settings import Settings

if TYPE_CHECKING:
    from connectors.hubspot.settings import HubspotSecrets
    from connectors.salesforce.settings import SalesforceSecrets
    from connectors.slack.settings import SlackSecrets

_UNSET = SecretStr("")


def crm_for(settings: Settings, secrets: Secrets, clock: Clock) -> Crm:
    """The CRM of the settings; its secrets must have been checked before."""
    mapping = whole_mapping(settings.policy)
    if settings.crm == "salesforce" and settings.salesforce is not None:
        from connectors.salesforce import connect as salesforce

        return salesforce(settings.salesforce, _salesforce(secrets), settings.http, mapping)
    if settings.crm == "hubspot" and settings.hubspot is not None:
        from connectors.hubspot import connect as hubspot

        return hubspot(settings.hubspot, _hubspot(secrets), settings.http, mapping, now=clock.now)
    from connectors.people_csv import connect as people_csv

    if settings.csv is None:
        raise ValueError(f"the settings have no section for crm: {settings.crm}")
    return people_csv(settings.csv)


def _salesforce(secrets: Secrets) -> SalesforceSecrets:
    from connectors.salesforce.settings import SalesforceSecrets

    return SalesforceSecrets(
        client_id=secrets.salesforce_client_id or _UNSET,
        client_secret=secrets.salesforce_client_secret,
        private_key=secrets.salesforce_private_key,
        refresh_token=secrets.refresh_token(SALESFORCE_REFRESH_TOKEN),
    )


def _hubspot(secrets: Secrets) -> HubspotSecrets:
    from connectors.hubspot.settings import HubspotSecrets

    return HubspotSecrets(
        token=secrets.hubspot_token,
        client_id=secrets.hubspot_client_id,
        client_secret=secrets.hubspot_client_secret,
        refresh_token=secrets.refresh_token(HUBSPOT_REFRESH_TOKEN),
    )


def consent_for(settings: Settings, secrets: Secrets) -> Consent:
    """How a person lets us in to the CRM of the settings. Raises ValueError where none is asked."""
    if settings.crm == "salesforce" and settings.salesforce is not None:
        from connectors.salesforce.login import consent as salesforce

        return salesforce(settings.salesforce, _salesforce(secrets), settings.http)
    if settings.crm == "hubspot":
        from connectors.hubspot.login import consent as hubspot

        return hubspot(settings.hubspot, _hubspot(secrets), settings.http)
    raise ValueError(f"nobody is asked for consent by crm: {settings.crm}")


def surfaces_for(settings: Settings, secrets: Secrets) -> dict[str, Surface]:
    """The surfaces that are set up, by name: those that the policy names, and any other that a
    policy promoted later, or a message sent under an earlier one, may be of."""
    return {name: surface_for(name, settings, secrets) for name in set_up(settings, secrets)}


def set_up(settings: Settings, secrets: Secrets) -> list[str]:
    """The names of the surfaces that there is enough of to run."""
    wanted = surfaces_of(settings.policy)
    tokens = secrets.slack_bot_token is not None and secrets.slack_app_token is not None
    found = ["slack"] if tokens or "slack" in wanted else []
    return [*found, *(["email"] if settings.email is not None else [])]


def surface_for(name: str, settings: Settings, secrets: Secrets) -> Surface:
    """The surface of this name. Raises ValueError where its section is missing."""
    if name == "slack":
        from connectors.slack.surface import Slack

        return Slack(settings.slack, slack_secrets(secrets))
    if name == "email" and settings.email is not None:
        from connectors.email.surface import Email

        return Email(settings.email, secrets.smtp_password)
    raise ValueError(f"the settings have no section for the surface {name}")


def calendars_for(settings: Settings, secrets: Secrets, team: Team) -> Iterator[AbsenceReader]:
    """A reader of each kind of calendars that the settings name."""
    chosen = settings.calendars
    if chosen.file is not None:
        from connectors.calendar.feeds import FeedCalendars

        yield FeedCalendars(chosen, team)
    if chosen.google is not None:
        from connectors.calendar.google.reader import GoogleCalendars

        key = secrets.google_private_key or _UNSET
        yield GoogleCalendars(chosen, chosen.google, key, settings.http, team)
    if chosen.outlook is not None:
        from connectors.calendar.outlook.reader import OutlookCalendars

        secret = secrets.outlook_client_secret or _UNSET
        yield OutlookCalendars(chosen, chosen.outlook, secret, settings.http, team)


def slack_secrets(secrets: Secrets) -> SlackSecrets:
    """The tokens of the app; those that are not set are empty."""
    from connectors.slack.settings import SlackSecrets

    return SlackSecrets(
        bot_token=secrets.slack_bot_token or _UNSET, app_token=secrets.slack_app_token
    )
