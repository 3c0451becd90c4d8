"""Looks whether the org gives what the mirror and the tasks need, and says what is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from connectors.base import Check
from connectors.checking import budget_check, clock_check, probe
from connectors.errors import AuthError, ConnectorError, PermanentError
from connectors.salesforce import queries
from connectors.salesforce.activity_fields import KEY, MEND, api_name
from connectors.salesforce.client import Client
from connectors.salesforce.errors import MissingObjectError
from connectors.salesforce.fields import Choice, Fields
from connectors.salesforce.settings import SalesforceSettings
from connectors.salesforce.source import Source
from connectors.salesforce.unique_key import unique_key

SUPPORTED = 9
"""Releases for which a version is sure to be served: three years of three."""
_ABSENCES = "OutOfOffice"
_OF_PEOPLE = "User.Profile.UserLicense.Name != 'Salesforce Integration'"
"""Our own absence is seen in any case and proves nothing."""


@dataclass(frozen=True, slots=True)
class Checks:
    """The looks at one org; each makes a call or two."""

    client: Client
    fields: Fields
    settings: SalesforceSettings
    sources: Sequence[Source]

    def all(
        self,
        now: Callable[[], datetime],
        task_problems: Callable[[], list[str]],
        takes_metrics: Callable[[], bool],
    ) -> Iterator[Check]:
        """Every check, the log-in first; nothing else when that failed."""
        name = "salesforce log-in"
        try:
            self.client.now()
        except ConnectorError as error:
            yield Check(name=name, state="fail", text=str(error), mend=error.mend)
            return
        yield Check(name=name, state="ok", text=f"logged in to {self.client.instance_url}")
        yield from probe("salesforce API version", self._version)
        yield from probe("salesforce clock", lambda: self._clock(now))
        for source in self.sources:
            yield from self._object(source)
        yield from probe("salesforce absences", self._absences)
        yield from probe("salesforce bulk jobs", self._bulk)
        writable = True
        for check in probe("salesforce writing tasks", lambda: _tasks(task_problems())):
            writable = writable and check.state == "ok"
            yield check
        if writable:
            key = api_name(self.settings.field_prefix, KEY)
            yield from probe("salesforce unique key", lambda: unique_key(self.client, key))
        yield from probe("salesforce medians", lambda: _medians(takes_metrics()))
        yield from probe("salesforce API budget", self._budget)

    def _version(self) -> Iterator[Check]:
        name, ours = "salesforce API version", self.settings.api_version
        offered = self.client.versions()
        newest = max(offered, key=_release, default="")
        if ours not in offered:
            text = f"this org does not offer API version {ours}"
            mend = f"set salesforce.api_version to one of those it offers, up to {newest}"
            yield Check(name=name, state="fail", text=text, mend=mend)
        elif _release(newest) - _release(ours) >= SUPPORTED:
            text = f"API version {ours} is more than three years old and may be withdrawn"
            mend = "set salesforce.api_version to a newer one, such as the default"
            yield Check(name=name, state="warn", text=text, mend=mend)
        else:
            yield Check(name=name, state="ok", text=f"{ours} (the org offers up to {newest})")

    def _clock(self, now: Callable[[], datetime]) -> Iterator[Check]:
        yield clock_check("salesforce clock", "Salesforce", self.client.now(), now())

    def _object(self, source: Source) -> Iterator[Check]:
        name = f"salesforce {source.name}"
        yield from probe(name, lambda: self._readable(name, source))

    def _readable(self, name: str, source: Source) -> Iterator[Check]:
        self.fields.forget(source.sobject)  # an admin may have mended it since
        try:
            choice = self.fields.select(source)
            where = queries.where((source.where,))
            columns = queries.columns(source, choice.fields)
            self.client.query(f"SELECT {columns} FROM {source.sobject}{where} LIMIT 1")  # noqa: S608
        except MissingObjectError as error:
            if not source.feature:
                raise
            text = f"{source.feature}: off, as this org has no {source.sobject} or hides it"
            # What the policy names must be there; what few orgs use may be off.
            state: Literal["warn", "fail"] = "fail" if source.soft else "warn"
            yield Check(name=name, state=state, text=text, mend=error.mend)
            return
        yield self._complete(name, source, choice)

    def _complete(self, name: str, source: Source, choice: Choice) -> Check:
        """All fields are there, or which are not; one that the policy names must be."""
        if not choice.missing:
            if not choice.formulas or source.recent:
                return Check(name=name, state="ok", text=f"{source.sobject} can be read")
            text = (
                f"{source.sobject} can be read; {', '.join(choice.formulas)} is a formula, whose "
                f"changes are seen every {self.settings.formula_minutes} minutes only"
            )
            mend = "name a field that is filled in, where it must be seen at once"
            return Check(name=name, state="warn", text=text, mend=mend)
        named = [one for one in choice.missing if one in source.further]
        text = f"{source.sobject}: without {', '.join(choice.missing)}"
        text += ", which the org lacks or hides"
        if named:
            text += f"; the configuration names {', '.join(named)}"
        mend = "give the integration user read access to it, or correct its name"
        lost = any(not self._elsewhere(source, one) for one in named)
        return Check(name=name, state="fail" if lost else "warn", text=text, mend=mend)

    def _elsewhere(self, source: Source, field: str) -> bool:
        """Whether another object of the same noun has the field: a lead's is no contact's."""
        for other in self.sources:
            if other.noun is source.noun and other is not source and field in other.further:
                try:
                    return field.lower() in self.fields.of(other.sobject)
                except MissingObjectError:
                    return False
        return False

    def _absences(self) -> Iterator[Check]:
        source = next(one for one in self.sources if one.sobject == _ABSENCES)
        where = queries.where((source.where, _OF_PEOPLE))
        count = f"SELECT COUNT() FROM {_ABSENCES}{where}"  # noqa: S608
        try:
            seen = int(self.client.query(count).get("totalSize") or 0)
        except MissingObjectError:
            return  # told by the look at the object itself
        name = "salesforce absences"
        if seen:
            yield Check(name=name, state="ok", text=f"{seen} present or coming absences are seen")
            return
        yield Check(
            name=name,
            state="warn",
            text="not one absence is seen: nobody is away, or those of others are hidden from us",
            mend="let one rep set themselves out of office in Salesforce and run this again; if it "
            "still sees none, let the integration user see all users (View All Users)",
        )

    def _bulk(self) -> Iterator[Check]:
        """Whether first loads of large objects may go by bulk jobs."""
        name = "salesforce bulk jobs"
        try:
            self.client.job("GET")
        except AuthError:
            raise
        except PermanentError as error:
            text = "bulk jobs are not allowed: large objects are read by pages, which takes longer"
            mend = f"nothing must be done; the org said: {error}"
            yield Check(name=name, state="warn", text=text, mend=mend)
            return
        text = f"bulk jobs read what has more than {self.settings.bulk_above:,} records"
        yield Check(name=name, state="ok", text=text)

    def _budget(self) -> Iterator[Check]:
        usage = self.client.usage
        if usage is not None:
            yield budget_check("salesforce API budget", "Salesforce", *usage)


def _tasks(problems: Sequence[str]) -> Iterator[Check]:
    name = "salesforce writing tasks"
    for problem in problems:
        text = problem.removesuffix(MEND).strip()
        yield Check(name=name, state="fail", text=text, mend=MEND if MEND in problem else "")
    if not problems:
        text = "tasks can be written, with every field"
        yield Check(name=name, state="ok", text=text)


def _medians(taken: bool) -> Iterator[Check]:
    """Without their object the medians are off, which is no fault."""
    on = "the medians are written into the object of config/salesforce/metrics"
    off = "off: Salesforce gets no medians until config/salesforce/metrics is deployed and Hotlead "
    off += "Metrics assigned to our user; hotlead latency has them"
    yield Check(name="salesforce medians", state="ok", text=on if taken else off)


def _release(version: str) -> int:
    """The number of a release: 66 for '66.0', 0 for what is none."""
    number = version.partition(".")[0]
    return int(number) if number.isascii() and number.isdigit() else 0
