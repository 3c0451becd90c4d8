"""How a HubSpot account is connected, by HubSpot's pages of 2026."""

from __future__ import annotations

import json

from connectors.guiding import Ask, Blame, Flow, Guide, Link, Paste, Slip, Step
from connectors.hubspot.login import OPTIONAL_SCOPES
from connectors.hubspot.login import SCOPES as NEEDED

TOKEN = "HOTLEAD_HUBSPOT_TOKEN"  # noqa: S105 - a name
CLIENT_ID = "HOTLEAD_HUBSPOT_CLIENT_ID"
CLIENT_SECRET = "HOTLEAD_HUBSPOT_CLIENT_SECRET"  # noqa: S105 - a name
REFRESH_TOKEN = "HOTLEAD_HUBSPOT_REFRESH_TOKEN"  # noqa: S105 - a name

SCOPES = (
    ("crm.objects.contacts.read", "contacts; calls, meetings, messages, tasks: what responses are"),
    ("crm.objects.contacts.write", "the task of each alert; it changes no contact"),
    ("crm.objects.companies.read", "companies and who owns them"),
    ("crm.objects.deals.read", "deals, pipelines and stages"),
    ("crm.objects.owners.read", "reps and teams"),
    ("crm.objects.users.read", "out of office, working hours, managers, backups; optional"),
    ("crm.objects.leads.read", "leads and who works on them; optional"),
    ("crm.objects.custom.read", "custom objects that give roles; only with mapping.holdings"),
    ("crm.schemas.custom.read", "how those are named; only with mapping.holdings"),
    ("sales-email-read", "e-mails that reps sent, as responses; optional"),
    ("crm.schemas.contacts.write", "adding our properties to tasks, once; may be taken back"),
)
_REQUIRED = tuple(name for name, _ in SCOPES if name in NEEDED)
_OPTIONAL = tuple(name for name, _ in SCOPES if name in OPTIONAL_SCOPES)
_DEVELOPMENT = Link(text="HubSpot: Development", url="https://app.hubspot.com/l/developer-overview")
_BEARER = ((r"(?i)^(authorization:\s*)?bearer\s+", ""),)
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


def _token(where: str) -> Ask:
    return Ask(
        name=TOKEN,
        label="Access token",
        where=where,
        shape="is one word of letters, digits and hyphens, mostly pat-na1-… or pat-eu1-…",
        pattern=r"[\w.~+/=-]{12,}",
        tidies=_BEARER,
        slips=(
            Slip(
                pattern=_UUID,
                says="this is a client secret, or an API key of the kind that ended in 2022; "
                + where,
            ),
            Slip(pattern=r"\d+", says=f"this is the number of the account or of an app; {where}"),
            Slip(pattern=r"https?://.*", says=f"this is the address of a page; {where}"),
            Slip(
                pattern=r"C[A-Za-z0-9+/]{80,}={0,2}",
                says="this is the personal access key of the HubSpot CLI, or an OAuth token that "
                f"ends in half an hour; {where}",
            ),
        ),
    )


def _project_file() -> str:
    """The auth part of the app's ``app-hsmeta.json``."""
    scopes = {"requiredScopes": list(_REQUIRED), "optionalScopes": list(_OPTIONAL)}
    auth = {"type": "static", **scopes}
    return json.dumps({"distribution": "private", "auth": auth}, indent=2)


def _oauth_file() -> str:
    auth = {
        "type": "oauth",
        "redirectUrls": ["{redirect_uri}"],
        "requiredScopes": list(_REQUIRED),
        "optionalScopes": list(_OPTIONAL),
    }
    # The braces of JSON are no holes: those hold one word.
    return json.dumps({"distribution": "private", "auth": auth}, indent=2)


_KEY_WHERE = "open the key by its name, press Show, then Copy"
_SERVICE_KEY = Flow(
    name="token",
    title="Service Key",
    summary="One key, made in two minutes; it reads by polling. The right one for most teams.",
    settings={"hubspot.flow": "token"},
    steps=(
        Step(
            title="Make a service key",
            clicks=(
                "HubSpot: Development › Keys › Service Keys (in some accounts Settings › "
                "Integrations › Service Keys).",
                "Create service key, name it Hotlead.",
                "Add new scope: pick those below and no others, then Update.",
                "Create, and confirm.",
            ),
            links=(_DEVELOPMENT,),
            pairs=SCOPES,
        ),
        Step(
            title="Copy its token",
            clicks=("Open the new key by its name, press Show, then Copy.",),
            asks=(_token(_KEY_WHERE),),
        ),
    ),
)
_PROJECT_WHERE = "copy the Access token from the Auth tab of the app's page, not the client secret"
_PROJECT = Flow(
    name="project",
    title="Project app with a static token",
    summary="For accounts without service keys, and where webhooks are wanted later. It needs the "
    "HubSpot CLI.",
    settings={"hubspot.flow": "token"},
    steps=(
        Step(
            title="Make the app",
            clicks=(
                "hs project create: choose App, distribution Private, authentication Static.",
                "In src/app/app-hsmeta.json, make the part “config” say what is below.",
                "hs project upload, then open the project: Development › Projects.",
            ),
            links=(_DEVELOPMENT,),
            pairs=SCOPES,
            pastes=(Paste(label="In app-hsmeta.json", text=_project_file()),),
        ),
        Step(
            title="Install it and copy the token",
            clicks=(
                "On the project's page, under Project Components, open the app; Distribution › "
                "Install now › Connect app.",
                "Auth tab › Access token: Show, then Copy.",
            ),
            asks=(_token(_PROJECT_WHERE),),
        ),
    ),
)
_ID_WHERE = "copy the Client ID from the Auth tab of the app's page"
_SECRET_WHERE = "copy the Client secret from the Auth tab of the app's page"  # noqa: S105
_OAUTH = Flow(
    name="oauth",
    title="Project app with OAuth",
    summary="You log in at HubSpot and allow the app; Hotlead keeps the refresh token.",
    settings={"hubspot.flow": "oauth"},
    consents=True,
    steps=(
        Step(
            title="Make the app",
            clicks=(
                "hs project create: choose App, distribution Private, authentication OAuth.",
                "In src/app/app-hsmeta.json, make the part “config” say what is below.",
                "hs project upload, then open the project: Development › Projects.",
            ),
            links=(_DEVELOPMENT,),
            pairs=SCOPES,
            pastes=(Paste(label="In app-hsmeta.json", text=_oauth_file()),),
        ),
        Step(
            title="Copy the client ID and secret",
            clicks=("On the project's page open the app, then its Auth tab.",),
            asks=(
                Ask(
                    name=CLIENT_ID,
                    label="Client ID",
                    where=_ID_WHERE,
                    shape="is five groups of letters and digits with hyphens between",
                    pattern=_UUID,
                    slips=(Slip(pattern=r"\d+", says=f"this is the app's number; {_ID_WHERE}"),),
                ),
                Ask(
                    name=CLIENT_SECRET,
                    label="Client secret",
                    where=_SECRET_WHERE,
                    shape="is five groups of letters and digits with hyphens between",
                    pattern=_UUID,
                    slips=(
                        Slip(
                            pattern=r"pat-.*",
                            says=f"this is the token of another app; {_SECRET_WHERE}",
                        ),
                    ),
                ),
            ),
        ),
    ),
)
GUIDE = Guide(
    name="hubspot",
    title="HubSpot",
    kind="crm",
    need="You must be a super admin of the account, or have the permission Developer tools access.",
    flows=(_SERVICE_KEY, _PROJECT, _OAUTH),
    blames=(
        Blame(
            check="hubspot log-in",
            pattern=r"refuses the token",
            asks=(TOKEN,),
            says="HubSpot refuses the token",
        ),
        Blame(
            check="hubspot log-in",
            pattern=r"BAD_CLIENT_ID",
            asks=(CLIENT_ID,),
            says="HubSpot does not know the Client ID",
        ),
        Blame(
            check="hubspot log-in",
            pattern=r"CLIENT_SECRET|invalid_client",
            asks=(CLIENT_SECRET,),
            says="HubSpot refuses the Client secret",
        ),
        Blame(
            check="hubspot log-in",
            pattern=r"REFRESH_TOKEN|refresh token",
            asks=(REFRESH_TOKEN,),
            says="the app is not installed any more",
        ),
    ),
    document="connect-hubspot.md",
    installs="our properties on tasks and users",
    install_check="hubspot task properties",
    refresh_token=REFRESH_TOKEN,
)
