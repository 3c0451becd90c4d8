"""How a Slack workspace is connected, by the pages of api.slack.com in 2026."""

from __future__ import annotations

from importlib.resources import files
from urllib.parse import quote

from connectors.guiding import Ask, Blame, Flow, Guide, Link, Paste, Slip, Step

BOT_TOKEN = "HOTLEAD_SLACK_BOT_TOKEN"  # noqa: S105 - a name
APP_TOKEN = "HOTLEAD_SLACK_APP_TOKEN"  # noqa: S105 - a name
_BOT_WHERE = "copy the Bot User OAuth Token from OAuth & Permissions of the app"
_APP_WHERE = "copy it from Basic Information › App-Level Tokens of the app"
_HEX_SECRET = Slip(
    pattern=r"[0-9a-f]{32}",
    says="this is the app's signing secret or client secret, which Hotlead does not need; ",
)


def manifest() -> str:
    """Our app as Slack reads it: without the comments, which the address would be too long for."""
    text = files("config").joinpath("slack-manifest.yaml").read_text(encoding="utf-8")
    lines = (line.split(" # ")[0].rstrip() for line in text.splitlines())
    return "\n".join(line for line in lines if line.strip() and not line.lstrip().startswith("#"))


def _hex(where: str) -> Slip:
    return Slip(pattern=_HEX_SECRET.pattern, says=_HEX_SECRET.says + where)


_BOT = Ask(
    name=BOT_TOKEN,
    label="Bot User OAuth Token",
    where=_BOT_WHERE,
    shape="starts with xoxb-",
    pattern=r"xoxb-[\w-]+",
    slips=(
        Slip(pattern=r"xapp-.*", says=f"this is the app-level token, asked for next; {_BOT_WHERE}"),
        Slip(
            pattern=r"xoxp-.*",
            says=f"this is a user token, which would act as yourself; {_BOT_WHERE}",
        ),
        Slip(
            pattern=r"xoxe.*",
            says="this token expires; switch token rotation off (OAuth & Permissions), install the "
            "app again and copy the token that starts with xoxb-",
        ),
        _hex(_BOT_WHERE),
    ),
)
_APP = Ask(
    name=APP_TOKEN,
    label="App-level token",
    where=_APP_WHERE,
    shape="starts with xapp-",
    pattern=r"xapp-[\w-]+",
    slips=(
        Slip(
            pattern=r"xoxb-.*",
            says=f"this is the bot token, which was asked for before; {_APP_WHERE}",
        ),
        Slip(pattern=r"xox.*", says=f"this is a token of another kind; {_APP_WHERE}"),
        _hex(_APP_WHERE),
    ),
)
_FLOW = Flow(
    name="manifest",
    title="An app of your own workspace, from our manifest",
    summary="The app belongs to your workspace alone; it calls out, so no address is opened.",
    steps=(
        Step(
            title="Create the app",
            clicks=(
                "Open the link: Slack shows “Create an app” with our manifest filled in.",
                "Pick your workspace, press Next, look at the scopes, press Create.",
                "If the link does not fill it in: Create New App › From a manifest, and paste the "
                "manifest, which is the file config/slack-manifest.yaml of Hotlead.",
            ),
            links=(
                Link(
                    text="Create the app at Slack",
                    url="https://api.slack.com/apps?new_app=1&manifest_yaml="
                    + quote(manifest(), safe=""),
                ),
            ),
            pastes=(Paste(label="The manifest", text=manifest(), spare=True),),
        ),
        Step(
            title="Install it and copy the bot token",
            clicks=(
                "In the app: Install App › Install to Workspace › Allow. A workspace that approves "
                "apps shows Request to Install; a workspace admin then allows it.",
                "OAuth & Permissions › OAuth Tokens › Bot User OAuth Token: Copy.",
            ),
            links=(Link(text="Your apps at Slack", url="https://api.slack.com/apps"),),
            asks=(_BOT,),
        ),
        Step(
            title="Make the app-level token",
            clicks=(
                "Basic Information › App-Level Tokens › Generate Token and Scopes.",
                "Any name, Add Scope › connections:write, Generate, Copy. By it the buttons of the "
                "messages are heard.",
            ),
            asks=(_APP,),
        ),
        Step(
            title="Invite it to your channels",
            clicks=(
                "In each channel that your policy names, type /invite @Hotlead. The test says "
                "which of them are still without it.",
            ),
        ),
    ),
)
GUIDE = Guide(
    name="slack",
    title="Slack",
    kind="surface",
    need="You must be allowed to install apps in the workspace, or know who approves them.",
    flows=(_FLOW,),
    blames=(
        Blame(
            check="slack log-in",
            pattern=r"refuses the token|not_allowed_token_type",
            asks=(BOT_TOKEN,),
            says="Slack refuses the bot token",
        ),
        Blame(
            check="slack socket",
            pattern=r"refuses the token|not_allowed_token_type|without an app-level token",
            asks=(APP_TOKEN,),
            says="Slack refuses the app-level token",
        ),
    ),
    document="connect-slack.md",
)
