"""How a Salesforce org is connected, by the pages of its Setup in 2026."""

from __future__ import annotations

from dataclasses import replace

from connectors.guiding import Ask, Blame, Flow, Guide, Link, Paste, Slip, Step

LOGIN_URL = "salesforce.login_url"
USERNAME = "salesforce.username"
CLIENT_ID = "HOTLEAD_SALESFORCE_CLIENT_ID"
CLIENT_SECRET = "HOTLEAD_SALESFORCE_CLIENT_SECRET"  # noqa: S105 - a name
PRIVATE_KEY = "HOTLEAD_SALESFORCE_PRIVATE_KEY"
REFRESH_TOKEN = "HOTLEAD_SALESFORCE_REFRESH_TOKEN"  # noqa: S105 - a name

_LOOPBACK = r"http://(?:localhost|127\.0\.0\.1)(?::\d+)?"
_DOMAIN_WHERE = "Setup › My Domain shows it as Current My Domain URL"
_PAIR_WHERE = "app › Settings › OAuth Settings › Consumer Key and Secret"
_KEY_WHERE = f"copy the Consumer Key: {_PAIR_WHERE}"
_SECRET_WHERE = f"copy the Consumer Secret: {_PAIR_WHERE}"
_HIDDEN_APP = Slip(
    pattern=r"0x[A-Za-z0-9]{13,16}",
    says=f"this is the record id of the app; {_KEY_WHERE}",
)

_DOMAIN = Ask(
    name=LOGIN_URL,
    label="My Domain address",
    where=_DOMAIN_WHERE,
    shape="is like https://acme.my.salesforce.com, in a Salesforce sandbox "
    "https://acme--uat.sandbox.my.salesforce.com",
    example="https://acme.my.salesforce.com",
    pattern=rf"https://[a-z0-9-]+(?:\.[a-z]+)?\.my\.salesforce\.com|{_LOOPBACK}",
    tidies=(
        (r"^(?=[\w-]+(\.[\w-]+)*\.(salesforce|force|salesforce-setup)\.com)", "https://"),
        (r"^(https?://[^/]+)/.*$", r"\1"),
        (
            r"^https://([\w-]+(?:\.sandbox|\.develop|\.scratch|\.demo|\.patch|\.trailblaze)?)"
            r"(?:\.lightning\.force|\.my\.salesforce-setup)\.com$",
            r"https://\1.my.salesforce.com",
        ),
    ),
    slips=(
        Slip(
            pattern=r"https://(?:login|test)\.salesforce\.com",
            says="this is the log-in page of all orgs, by which this log-in does not work; "
            + _DOMAIN_WHERE,
        ),
        Slip(
            pattern=r"https://(?:[a-z]{2,3}\d+)\.salesforce\.com",
            says=f"this is the address of an instance, which moves; {_DOMAIN_WHERE}",
        ),
        Slip(
            pattern=r"http://.*\.salesforce\.com",
            says="this would send secrets in the clear; write https:// and the rest as it is",
        ),
    ),
)
_CLIENT_ID = Ask(
    name=CLIENT_ID,
    label="Consumer Key",
    where=_KEY_WHERE,
    shape="is one long word, mostly starting with 3MVG9",
    pattern=r"[\w.=-]{10,}",
    slips=(
        _HIDDEN_APP,
        Slip(
            pattern=r"[0-9A-F]{64}|\d{15,20}",
            says=f"this looks like the Consumer Secret, which is asked for next; {_KEY_WHERE}",
        ),
    ),
)
_CLIENT_SECRET = Ask(
    name=CLIENT_SECRET,
    label="Consumer Secret",
    where=_SECRET_WHERE,
    shape="is one word of letters and digits",
    pattern=r"[\w.=-]{10,}",
    slips=(
        _HIDDEN_APP,
        Slip(
            pattern=r"3MVG9.*",
            says=f"this is the Consumer Key, which was asked for before; {_SECRET_WHERE}",
        ),
    ),
)
_PRIVATE_KEY = Ask(
    name=PRIVATE_KEY,
    label="File of the private key",
    where="the file hotlead.key of the step before",
    shape="holds “-----BEGIN PRIVATE KEY-----” (or RSA PRIVATE KEY) down to the END line",
    pattern=r"-----BEGIN (?:RSA )?PRIVATE KEY-----.+-----END (?:RSA )?PRIVATE KEY-----",
    from_file=True,
    slips=(
        Slip(
            pattern=r"-----BEGIN CERTIFICATE-----.*",
            says="this is the certificate, which Salesforce gets; give the file of the private key",
        ),
        Slip(
            pattern=r"-----BEGIN ENCRYPTED PRIVATE KEY-----.*|.*Proc-Type: 4,ENCRYPTED.*",
            says="this key needs a password; make one without (openssl … -nodes), as nobody is "
            "there to type it",
        ),
        Slip(
            pattern=r"-----BEGIN PUBLIC KEY-----.*",
            says="this is the public key; give the file of the private one",
        ),
    ),
)
_USERNAME = Ask(
    name=USERNAME,
    label="Username of the integration user",
    where="Setup › Users › Users shows it in the column Username",
    shape="is like an e-mail address, and is not always one",
    example="hotlead@acme.example",
    pattern=r"[^@\s]+@[^@\s]+\.[^@\s]+",
    slips=(
        Slip(
            pattern=r"005[A-Za-z0-9]{12,15}",
            says="this is the record id of the user; Setup › Users › Users shows the username",
        ),
    ),
)


def _page(text: str, path: str) -> Link:
    return Link(text=text, url="{login_url}/lightning/setup/" + path)


_STEP_DOMAIN = Step(
    title="The address of your org",
    clicks=(
        "In Salesforce: the gear › Setup. In Quick Find type My Domain and open it.",
        "Copy Current My Domain URL. Try it in a Salesforce sandbox first, if you have one.",
    ),
    links=(Link(text="Log in to Salesforce", url="https://login.salesforce.com"),),
    asks=(_DOMAIN,),
)
_STEP_USER = Step(
    title="A user for Hotlead",
    clicks=(
        "Setup › Users › Users › New User: User License Salesforce Integration, Profile Minimum "
        "Access - API Only Integrations. Nobody logs in as this user. Save.",
        "On the user: Permission Set License Assignments › Edit Assignments › Salesforce API "
        "Integration. Save.",
        "On the user: Permission Set Assignments › Edit Assignments › Hotlead Integration. Save. "
        "If it is not in the list yet, go on: it comes with our fields.",
        "To let Hotlead install these fields by itself, give this user Modify Metadata Through "
        "Metadata API Functions for as long as that takes (Setup › Permission Sets › New › System "
        "Permissions). Else an admin deploys them with the Salesforce CLI.",
    ),
    links=(
        _page("Setup: Users", "ManageUsers/home"),
        _page("Setup: Permission Sets", "PermSets/home"),
    ),
)
_NEW_APP = "Setup › External Client App Manager › New External Client App: name Hotlead, your "
_NEW_APP += "e-mail, Distribution State Local."
_STEP_APP = Step(
    title="An External Client App",
    clicks=(
        _NEW_APP,
        "API (Enable OAuth Settings) › Enable OAuth. Callback URL: https://localhost (nothing "
        "calls it). OAuth Scopes: Manage user data via APIs (api), and no other.",
        "Flow Enablement › Enable Client Credentials Flow, and confirm. Create.",
        "On the app: Policies › Edit › OAuth Flows and External Client App Enhancements › Enable "
        "Client Credentials Flow, Run As: the username of Hotlead's user. Save.",
    ),
    links=(_page("Setup: External Client App Manager", "ManageExternalClientApplication/home"),),
)
_STEP_PAIR = Step(
    title="The app's key and secret",
    clicks=(
        "On the app: Settings › OAuth Settings › Consumer Key and Secret. Salesforce mails you a "
        "code first.",
        "Copy both. A new app may take ten minutes until its first log-in works.",
    ),
    links=(_page("Setup: External Client App Manager", "ManageExternalClientApplication/home"),),
    asks=(_CLIENT_ID, _CLIENT_SECRET),
)
_CLIENT_CREDENTIALS = Flow(
    name="client_credentials",
    title="Client credentials",
    summary="Hotlead logs in by itself as a user made for it. The right one for most orgs.",
    settings={"salesforce.flow": "client_credentials"},
    steps=(_STEP_DOMAIN, _STEP_USER, _STEP_APP, _STEP_PAIR),
)
_JWT = Flow(
    name="jwt",
    title="JWT bearer, with a certificate",
    summary="For orgs that allow no shared secrets: Hotlead signs with a private key of its own.",
    settings={"salesforce.flow": "jwt"},
    steps=(
        _STEP_DOMAIN,
        replace(_STEP_USER, asks=(_USERNAME,)),
        Step(
            title="A key and its certificate",
            clicks=(
                "On the machine of Hotlead, run the command. It makes hotlead.key, which stays "
                "here, and hotlead.crt for Salesforce; both are good for two years.",
            ),
            pastes=(
                Paste(
                    label="Make a key and a certificate",
                    text="openssl req -x509 -newkey rsa:2048 -sha256 -nodes -days 730 "
                    "-subj /CN=hotlead -keyout hotlead.key -out hotlead.crt && chmod 600 "
                    "hotlead.key",
                ),
            ),
            asks=(_PRIVATE_KEY,),
        ),
        Step(
            title="An External Client App",
            clicks=(
                _NEW_APP,
                "API (Enable OAuth Settings) › Enable OAuth. Callback URL: https://localhost "
                "(nothing calls it). OAuth Scopes: Manage user data via APIs (api) and Perform "
                "requests at any time (refresh_token, offline_access), which this flow asks for.",
                "Flow Enablement › Enable JWT Bearer Flow, and upload hotlead.crt. Create.",
                "On the app: Policies › Edit › OAuth Policies › Permitted Users: Admin approved "
                "users are pre-authorized; App Policies › Select Permission Sets: Hotlead "
                "Integration. Save.",
            ),
            links=(
                _page("Setup: External Client App Manager", "ManageExternalClientApplication/home"),
            ),
        ),
        replace(
            _STEP_PAIR,
            title="The app's key",
            clicks=(
                "On the app: Settings › OAuth Settings › Consumer Key and Secret. Salesforce "
                "mails you a code first. Copy the Consumer Key; the secret is not needed.",
            ),
            asks=(_CLIENT_ID,),
        ),
    ),
)
_REFRESH = Flow(
    name="refresh_token",
    title="Log in as a user",
    summary="You log in once in the browser as the user that Hotlead shall be; for orgs in which "
    "neither of the others is allowed.",
    settings={"salesforce.flow": "refresh_token"},
    consents=True,
    steps=(
        _STEP_DOMAIN,
        Step(
            title="An External Client App",
            clicks=(
                _NEW_APP,
                "API (Enable OAuth Settings) › Enable OAuth. Callback URL: the one below. OAuth "
                "Scopes: Manage user data via APIs (api) and Perform requests at any time "
                "(refresh_token, offline_access).",
                "Security: Require Proof Key for Code Exchange (PKCE) on; Refresh Token Rotation "
                "may be on. Create.",
                "On the app: Policies › Edit › Refresh Token Policy: valid until revoked. Save.",
            ),
            links=(
                _page("Setup: External Client App Manager", "ManageExternalClientApplication/home"),
            ),
            pastes=(Paste(label="Callback URL", text="{redirect_uri}"),),
        ),
        _STEP_PAIR,
    ),
)
_LOGIN = "salesforce log-in"
GUIDE = Guide(
    name="salesforce",
    title="Salesforce",
    kind="crm",
    need="You must be an admin of the org (Customize Application, Manage Users). User name and "
    "password are no way: Salesforce is retiring that log-in.",
    flows=(_CLIENT_CREDENTIALS, _JWT, _REFRESH),
    blames=(
        Blame(
            check=_LOGIN,
            pattern=r"invalid_client_id|client identifier invalid",
            asks=(CLIENT_ID,),
            says="Salesforce does not know the Consumer Key (a new app takes up to ten minutes)",
        ),
        Blame(
            check=_LOGIN,
            pattern=r"no client credentials user enabled",
            asks=(),
            says="the app has no Run As user: Policies › Enable Client Credentials Flow › Run As",
        ),
        Blame(
            check=_LOGIN,
            pattern=r"invalid_client\b|invalid client credentials",
            asks=(CLIENT_SECRET,),
            says="Salesforce refuses the Consumer Secret",
        ),
        Blame(
            check=_LOGIN,
            pattern=r"hasn't approved this consumer",
            asks=(),
            says="the app does not let the user in: Policies › Permitted Users: Admin approved "
            "users are pre-authorized, with the permission set Hotlead Integration",
        ),
        Blame(
            check=_LOGIN,
            pattern=r"invalid assertion|invalid_app_access",
            asks=(PRIVATE_KEY, USERNAME),
            says="Salesforce refuses what the private key signed, or does not know the user",
        ),
        Blame(
            check=_LOGIN,
            pattern=r"expired access/refresh token|refresh token",
            asks=(REFRESH_TOKEN,),
            says="the log-in of the user has ended",
        ),
        Blame(
            check=_LOGIN,
            pattern=r"no answer of a log-in|is no log-in|could not be reached|not supported on",
            asks=(LOGIN_URL,),
            says="at this address no org answers",
        ),
    ),
    document="connect-salesforce.md",
    installs="the fields on tasks, the permission sets, the reports, the object for medians and "
    "the dashboard",
    install_check="salesforce writing tasks",
    refresh_token=REFRESH_TOKEN,
)
