"""hotlead.yaml: one strict file for everything but secrets.

``load_settings`` reports every problem of the file at once, each with its place and its mend.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Literal, Self, cast

from pydantic import Field, ValidationError, model_validator
from sqlalchemy import make_url

from connectors.calendar.settings import CalendarSettings
from connectors.email.settings import SmtpSettings
from connectors.http import HttpSettings
from connectors.hubspot.settings import HubspotSettings
from connectors.people_csv.settings import CsvSettings
from connectors.salesforce.settings import SalesforceSettings
from connectors.slack.settings import SlackSettings
from routing.policy import Policy
from routing.policy_checks import PolicyError, Problem
from worker import secrets as names
from worker.fields_read import account_fields
from worker.includes import Origins, with_includes
from worker.policy_words import surfaces_of, unknown_words
from worker.secrets import DEFAULT_CREDENTIALS, Secrets
from worker.sections import (
    AuditSettings,
    BudgetSettings,
    ClockSettings,
    FreshnessSettings,
    Section,
    SignalSettings,
    StoreSettings,
    WebSettings,
)
from worker.validation import explain, shown
from worker.yaml_file import FileProblem, KeyPath, YamlError, YamlFile, read_yaml


class Settings(Section):
    """Everything that hotlead.yaml says."""

    crm: Literal["salesforce", "hubspot", "csv"]
    salesforce: SalesforceSettings | None = None
    hubspot: HubspotSettings = Field(default_factory=HubspotSettings)
    csv: CsvSettings | None = None
    slack: SlackSettings = Field(default_factory=SlackSettings)
    email: SmtpSettings | None = Field(
        None, description="The mail server by which people are told on the surface email."
    )
    calendars: CalendarSettings = Field(default_factory=CalendarSettings)
    http: HttpSettings = Field(default_factory=HttpSettings)
    store: StoreSettings = Field(default_factory=StoreSettings)
    web: WebSettings = Field(default_factory=WebSettings)
    signals: SignalSettings = Field(default_factory=SignalSettings)
    clock: ClockSettings = Field(default_factory=ClockSettings)
    freshness: FreshnessSettings = Field(default_factory=FreshnessSettings)
    budget: BudgetSettings = Field(default_factory=BudgetSettings)
    audit: AuditSettings = Field(default_factory=AuditSettings)
    credentials: Path = Field(
        Path(DEFAULT_CREDENTIALS), description="File of credentials, relative to this file."
    )
    policy: Policy

    @model_validator(mode="after")
    def _crm_is_set_up(self) -> Self:
        if getattr(self, self.crm) is None:
            raise ValueError(
                f"crm: {self.crm} is chosen but has no section; add the section {self.crm!r}"
            )
        return self


class SettingsError(Exception):
    """The file cannot be used. The text is one line for each of ``problems``."""

    def __init__(self, problems: list[FileProblem]) -> None:
        self.problems = sorted(problems, key=lambda one: (one.file, one.line, one.column))
        super().__init__("\n".join(str(problem) for problem in self.problems))


def load_settings(
    path: Path, text: str | None = None, *, candidate: Path | None = None
) -> Settings:
    """Read hotlead.yaml, and the policy's own file where ``policy`` names one.

    Relative paths inside the file start at the file's folder. ``text`` is what the file is about
    to hold, for trying it before it is written; ``candidate`` a policy file to be read in place
    of the policy. Raises SettingsError.
    """
    try:
        data, origins = read_whole(path, text, candidate=candidate)
    except YamlError as error:
        raise SettingsError(error.problems) from error
    try:
        settings = Settings.model_validate_json(json.dumps(data, default=str))
    except ValidationError as error:
        raise SettingsError(_problems(error, origins)) from error
    sections = ["slack", *(["email"] if settings.email is not None else [])]
    unknown = unknown_words(settings.policy, origins, sections)
    if unknown:
        raise SettingsError(unknown)
    return _finished(settings, path.resolve().parent)


def read_whole(
    path: Path, text: str | None = None, *, candidate: Path | None = None
) -> tuple[dict[str, Any], Origins]:
    """hotlead.yaml with its policy and what that includes, and where each part stands.

    Arguments as for ``load_settings``. Raises YamlError.
    """
    main = read_yaml(path, text)
    policy = _policy_file(main, path) if candidate is None else _rules_alone(candidate)
    origins = Origins({(): (main, ())})
    data = dict(main.data)
    source, at = main, cast(KeyPath, ("policy",))
    if policy is not None:
        source, at = policy, ()
        data["policy"] = policy.data
        origins.parts["policy",] = policy, ()
    if isinstance(data.get("policy"), dict):
        data["policy"] = with_includes(data["policy"], source, at, origins)
    return data, origins


def _policy_file(main: YamlFile, path: Path) -> YamlFile | None:
    name = main.data.get("policy")
    if not isinstance(name, str):
        return None
    target = path.parent / name
    if not target.is_file():
        mend = f"create {shown(str(target))}, or correct the path"
        raise YamlError([main.problem(("policy",), "the policy file is not there", mend)])
    if target.samefile(path):
        what, mend = "the policy names this very file", "write the policy here, or in another file"
        raise YamlError([main.problem(("policy",), what, mend)])
    return _rules_alone(target)


def _rules_alone(target: Path) -> YamlFile:
    found = read_yaml(target)
    if "policy" in found.data:
        what, mend = "a policy file names a policy again", "write the rules themselves here"
        raise YamlError([found.problem(("policy",), what, mend, key=True)])
    return found


def _problems(error: ValidationError, origins: Origins) -> list[FileProblem]:
    schema = _schema()
    found = []
    for one in error.errors(include_url=False, include_input=False):
        path: KeyPath = one["loc"]
        whole = (one.get("ctx") or {}).get("error")
        if isinstance(whole, PolicyError):
            found += [_placed(problem, path, origins) for problem in whole.problems]
            continue
        what, mend = explain(one, names_at(schema, path[:-1]))
        source, inner = origins.of(path)
        head, colon, _ = what.partition(": ")
        if colon and (*inner, head) in source.values:
            inner = (*inner, head)
        elif one["type"] not in ("missing", "extra_forbidden"):
            name = next((part for part in reversed(path) if isinstance(part, str)), "")
            what = f"{name}: {what}" if name else what
        key = one["type"] == "extra_forbidden"
        found.append(source.problem(inner, what, mend, key=key))
    return found


@cache
def _schema() -> dict[str, Any]:
    return Settings.model_json_schema()


def _placed(problem: Problem, at: KeyPath, origins: Origins) -> FileProblem:
    """A problem of the policy as a whole, where it can be mended."""
    source, inner = origins.of((*at, *problem.path))
    what, _, mend = problem.text.partition("; ")
    return source.problem(inner, what, mend, key=True)


def names_at(schema: dict[str, Any], path: KeyPath) -> set[str]:
    """The keys that the schema knows at ``path``, of all alternatives there."""
    here = _alternatives(schema, schema)
    for part in path:
        below = []
        for one in here:
            step = one.get("properties", {}).get(part) or one.get("additionalProperties")
            step = one.get("items") if isinstance(part, int) else step
            if isinstance(step, dict):
                below += _alternatives(step, schema)
        here = below or here  # a part that names an alternative is no step down
    return {name for one in here for name in one.get("properties", {})}


def _alternatives(part: dict[str, Any], schema: dict[str, Any]) -> list[dict[str, Any]]:
    if "$ref" in part:
        return _alternatives(schema["$defs"][part["$ref"].rpartition("/")[2]], schema)
    if "anyOf" in part:
        return [one for some in part["anyOf"] for one in _alternatives(some, schema)]
    return [part]


def _finished(settings: Settings, folder: Path) -> Settings:
    """With paths made whole and the account fields that the policy reads."""
    changes: dict[str, Any] = {"store": _anchored_store(settings.store, folder)}
    changes["credentials"] = folder / settings.credentials
    if settings.calendars.file is not None:
        file = folder / settings.calendars.file
        changes["calendars"] = settings.calendars.model_copy(update={"file": file})
    if settings.email is not None:
        changes["email"] = _anchored_mail(settings.email, folder)
    if settings.audit.smtp is not None:
        smtp = _anchored_mail(settings.audit.smtp, folder)
        changes["audit"] = settings.audit.model_copy(update={"smtp": smtp})
    if settings.csv is not None:
        changes["csv"] = settings.csv.model_copy(update={"folder": folder / settings.csv.folder})
    for crm in (settings.salesforce, settings.hubspot):
        if crm is not None:
            policy = settings.policy
            wanted = (*crm.account_fields, *account_fields(policy), *policy.mapping.fields.account)
            fields = tuple(dict.fromkeys(wanted))
            name = "salesforce" if crm is settings.salesforce else "hubspot"
            changes[name] = crm.model_copy(update={"account_fields": fields})
    return settings.model_copy(update=changes)


def _anchored_mail(smtp: SmtpSettings, folder: Path) -> SmtpSettings:
    if smtp.ca_file is None:
        return smtp
    return smtp.model_copy(update={"ca_file": folder / smtp.ca_file})


def _anchored_store(store: StoreSettings, folder: Path) -> StoreSettings:
    parts = make_url(store.url)
    if parts.drivername != "sqlite" or not parts.database:
        return store
    whole = parts.set(database=str(folder / parts.database))
    return store.model_copy(update={"url": whole.render_as_string(hide_password=False)})


def signature_required(settings: Settings, secrets: Secrets) -> bool:
    """Whether a signal without a good signature is refused."""
    if settings.signals.require_signature is not None:
        return settings.signals.require_signature
    return secrets.signals_secret is not None


_NEEDED: dict[tuple[str, str], tuple[str, ...]] = {
    ("salesforce", "client_credentials"): (
        names.SALESFORCE_CLIENT_ID,
        names.SALESFORCE_CLIENT_SECRET,
    ),
    ("salesforce", "jwt"): (names.SALESFORCE_CLIENT_ID, names.SALESFORCE_PRIVATE_KEY),
    ("salesforce", "refresh_token"): (names.SALESFORCE_CLIENT_ID, names.SALESFORCE_REFRESH_TOKEN),
    ("hubspot", "token"): (names.HUBSPOT_TOKEN,),
    ("hubspot", "oauth"): (
        names.HUBSPOT_CLIENT_ID,
        names.HUBSPOT_CLIENT_SECRET,
        names.HUBSPOT_REFRESH_TOKEN,
    ),
}
"""What each way to log in needs."""


def missing_secrets(settings: Settings, secrets: Secrets) -> list[str]:
    """The environment names that this configuration needs and that are not set."""
    needed: list[tuple[str, object]] = []
    needed += [
        (name, getattr(secrets, name.removeprefix("HOTLEAD_").lower()))
        for name in _NEEDED.get((settings.crm, login_flow(settings)), ())
    ]
    if settings.crm == "hubspot" and settings.hubspot.journal is True:
        needed.append((names.HUBSPOT_CLIENT_ID, secrets.hubspot_client_id))
        needed.append((names.HUBSPOT_CLIENT_SECRET, secrets.hubspot_client_secret))
    told_on = surfaces_of(settings.policy)
    if "slack" in told_on:
        needed.append((names.SLACK_BOT_TOKEN, secrets.slack_bot_token))
        needed.append((names.SLACK_APP_TOKEN, secrets.slack_app_token))
    if "email" in told_on and settings.email is not None and settings.email.user:
        needed.append((names.SMTP_PASSWORD, secrets.smtp_password))
    if "calendar" in settings.policy.availability.precedence:
        if settings.calendars.google is not None:
            needed.append((names.GOOGLE_PRIVATE_KEY, secrets.google_private_key))
        if settings.calendars.outlook is not None:
            needed.append((names.OUTLOOK_CLIENT_SECRET, secrets.outlook_client_secret))
    open_to_others = settings.web.behind_proxy and settings.signals.require_signature is None
    if settings.signals.require_signature or open_to_others:
        needed.append((names.SIGNALS_SECRET, secrets.signals_secret))
    return list(dict.fromkeys(name for name, value in needed if value is None))


def login_flow(settings: Settings) -> str:
    """How the CRM of the settings is logged in to; '' where there is no such thing."""
    return str(getattr(getattr(settings, settings.crm), "flow", ""))
