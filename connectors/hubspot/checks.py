"""Looks whether the account gives what the mirror and the tasks need, and says what is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from connectors.base import Check
from connectors.checking import budget_check, clock_check, probe
from connectors.errors import AuthError, ConfigError, ConnectorError, PermanentError
from connectors.hubspot import people
from connectors.hubspot.client import Client
from connectors.hubspot.definitions import definitions
from connectors.hubspot.errors import ScopeError
from connectors.hubspot.evidence import KEY
from connectors.hubspot.mapping_checks import mapping_checks
from connectors.hubspot.properties import TaskShape, ensure_properties, may_add
from connectors.hubspot.reading import Reader
from connectors.hubspot.settings import HubspotSettings
from connectors.hubspot.unique_key import unique_key
from connectors.hubspot.values import Row, text, to_ms
from connectors.hubspot.versions import version_checks
from routing.mapping import NOTHING_MORE, Mapping

_NEEDED = ("companies", "contacts", "deals")
_OPTIONAL = {
    "users": "no out of office, time zones, managers or backups are known",
    "leads": "no leads are known",
    "emails": "no response by e-mail is seen",
    "calls": "no response by call is seen",
    "meetings": "no response by meeting is seen",
    "communications": "no response by WhatsApp, LinkedIn or SMS is seen",
    "tasks": "no response by other tasks is seen",
}


@dataclass(frozen=True, slots=True)
class Checks:
    """The looks at one account; each makes a call or two."""

    client: Client
    settings: HubspotSettings
    mapping: Mapping = NOTHING_MORE
    journal: bool = False
    """Whether the webhooks journal is read."""

    def all(self, now: Callable[[], datetime]) -> Iterator[Check]:
        """Every check, the log-in first; nothing else when that failed."""
        login = self._login()
        yield login
        if login.state == "fail":
            return
        yield from probe("hubspot clock", lambda: self._clock(now))
        yield from version_checks(self.settings, now().date(), journal=self.journal)
        yield from probe("hubspot owners", self._owners)
        yield from probe("hubspot stages", self._stages)
        for kind in _NEEDED:
            yield from self._object(kind)
        for kind, lost in _OPTIONAL.items():
            yield from self._object(kind, lost)
        yield from mapping_checks(self.client, self.settings, self.mapping, now)
        yield from probe("hubspot user properties", self._user_properties)
        yield from probe("hubspot absences", self._absences)
        yield from probe("hubspot writing tasks", self._writing)
        yield from probe("hubspot task properties", lambda: self._task_properties(now))
        yield from probe("hubspot API budget", self._budget)

    def _login(self) -> Check:
        name = "hubspot log-in"
        try:
            self.client.log_in()
        except ConnectorError as error:
            return Check(name=name, state="fail", text=str(error), mend=error.mend)
        try:
            portal = self.client.account().get("portalId")
        except ConnectorError as error:
            if isinstance(error, ConfigError) and not isinstance(error, AuthError):
                said = f"logged in, but messages carry no link to HubSpot: {error}"
                return Check(name=name, state="warn", text=said, mend=error.mend)
            return Check(name=name, state="fail", text=str(error), mend=error.mend)
        return Check(name=name, state="ok", text=f"logged in to account {portal}")

    def _clock(self, now: Callable[[], datetime]) -> Iterator[Check]:
        yield clock_check("hubspot clock", "HubSpot", self.client.now(), now())

    def _owners(self) -> Iterator[Check]:
        api = self.client.reading.crm.owners.owners_api
        self.client.get("reading owners", api.get_page, limit=1)
        yield Check(name="hubspot owners", state="ok", text="owners can be read")

    def _stages(self) -> Iterator[Check]:
        api = self.client.reading.crm.pipelines.pipelines_api
        self.client.get("reading the deal pipelines", api.get_all, "deals")
        yield Check(name="hubspot stages", state="ok", text="pipelines and stages can be read")

    def _object(self, kind: str, lost: str = "") -> Iterator[Check]:
        """One record can be read; without the scope, what is lost, if that can be lost."""
        name = f"hubspot {kind}"

        def look() -> Iterator[Check]:
            api = self.client.reading.crm.objects.basic_api
            try:
                self.client.get(f"reading {kind}", api.get_page, kind, limit=1)
            except PermanentError as error:
                if not lost or isinstance(error, AuthError):
                    raise
                yield Check(name=name, state="warn", text=f"{lost}: {error}", mend=error.mend)
                return
            yield Check(name=name, state="ok", text=f"{kind} can be read")

        return probe(name, look)

    def _user_properties(self) -> Iterator[Check]:
        name = "hubspot user properties"
        wanted = (self.settings.manager_property, self.settings.backup_property)
        try:
            known = definitions(self.client, "users")
        except ScopeError:
            return  # told by the look at users
        missing = ", ".join(one for one in wanted if one not in known)
        if missing:
            text = f"users have no property {missing}: no manager or backup comes from there"
            mend = "add it (kind HubSpot user), or name yours in hubspot.manager_property and "
            mend += "hubspot.backup_property; backups may also stand in the policy"
            yield Check(name=name, state="warn", text=text, mend=mend)
        else:
            yield Check(name=name, state="ok", text=f"users have {' and '.join(wanted)}")

    def _absences(self) -> Iterator[Check]:
        name = "hubspot absences"
        try:
            users = self._users()
        except ScopeError:
            return  # told by the look at users
        away = sum(1 for one in users if _is_or_was_away(one))
        if away:
            said = f"{away} of {len(users)} users have absences"
            yield Check(name=name, state="ok", text=said)
            return
        yield Check(
            name=name,
            state="warn",
            text=f"not one of {len(users)} users has an absence, so none is proven to arrive",
            mend="let one rep enter an absence in HubSpot and run this again",
        )

    def _users(self) -> list[Row]:
        wanted = people.user_properties(self.settings, *self.mapping.absence.names)
        return [row for rows in Reader(self.client).listing("users", wanted) for row in rows]

    def _writing(self) -> Iterator[Check]:
        """An update of no task: it changes nothing, and is refused without the scope to write."""
        name = "hubspot writing tasks"
        api = self.client.writing.crm.objects.batch_api
        _unless_refused(
            lambda: self.client.put("updating tasks", api.update, "tasks", {"inputs": []})
        )
        yield Check(name=name, state="ok", text="tasks can be written")

    def _task_properties(self, now: Callable[[], datetime]) -> Iterator[Check]:
        name = "hubspot task properties"
        shape = ensure_properties(self.client, create=False)
        if shape.missing and self.settings.create_properties:
            yield self._to_be_added(name, shape)
        elif shape.missing:
            text = f"tasks are written without {', '.join(shape.missing)}"
            yield Check(name=name, state="fail", text=text, mend=shape.mend)
        elif not shape.unique:
            said = f"HubSpot does not keep {KEY} unique on tasks; a task is looked for before it is"
            said += " written again"
            yield Check(name=name, state="warn", text=said)
        else:
            said = f"tasks have every property, and {KEY} is unique"
            yield Check(name=name, state="ok", text=said)
            at = str(to_ms(now()))
            yield from probe("hubspot unique key", lambda: unique_key(self.client, at))

    def _to_be_added(self, name: str, shape: TaskShape) -> Check:
        """Raises ScopeError when they cannot be added for want of the scope."""
        may_add(self.client)
        text = f"tasks lack {', '.join(shape.missing)}, which the first start adds"
        return Check(name=name, state="warn", text=text, mend="start hotlead run")

    def _budget(self) -> Iterator[Check]:
        if self.client.usage is not None:
            yield budget_check("hubspot API budget", "HubSpot", *self.client.usage)


def _unless_refused(act: Callable[[], object]) -> None:
    """Do what HubSpot may refuse as senseless, but not for want of a scope or a token."""
    try:
        act()
    except ConfigError:
        raise
    except PermanentError:
        return


def _is_or_was_away(user: Row) -> bool:
    noted = text(user, "hs_out_of_office_hours").strip() not in ("", "[]")
    return noted or text(user, "hs_availability_status").lower() == "away"
