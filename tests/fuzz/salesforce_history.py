"""What the users of a Salesforce org do, and what the org then holds."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

from connectors.salesforce import SalesforceSecrets, SalesforceSettings
from connectors.salesforce.crm import Salesforce
from connectors.sandbox.salesforce import SalesforceSandbox
from connectors.sandbox.salesforce.errors import Refusal
from connectors.sandbox.salesforce.times import stamp
from tests.contract.salesforce_kit import COMPANY
from tests.fuzz.converge_kit import IMPATIENT, Door, History, Rows, pick

_NAMES = ("Acme", "Beta", "Cosmo", "")
_STAGES = ("Prospecting", "Won", "Lost")
_RECYCLED = ("Account", "Contact", "Lead", "Opportunity", "OpportunityContactRole", "Task", "Event")
_DATA = "/services/data"
Change = dict[str, Any]
_LATE = (1.0, 5.0, 10.0)
"""Minutes between the stamp of a commit and its being seen; within the overlap."""


class SalesforceHistory(History):
    """One org and the mirror of it."""

    paths = ("/", _DATA, f"{_DATA}/v66.0/query", f"{_DATA}/v66.0/sobjects", "/services/oauth2")
    edits = (
        "create",
        "edit_company",
        "edit_contact",
        "edit_lead",
        "edit_deal",
        "edit_user",
        "edit_task",
        "edit_event",
        "bulk_edit",
        "late_commit",
        "delete",
        "undelete",
        "merge",
        "convert",
        "absence",
        "team",
    )
    hidden = ("purge", "rename_role")

    def __init__(self, door: Door, url: str) -> None:
        super().__init__(door)
        self.box = SalesforceSandbox(lambda: self.time)
        self.box.org.page_size = 3
        self.faults = self.box.faults
        self.ids = self.box.load(COMPANY)
        self._made = 0
        door.app = self.box.app
        self._url = url
        self.connect()

    def connect(self) -> None:
        """The worker is started, or started anew."""
        settings = {
            "login_url": self._url,
            "account_fields": ("BDR__c", "CSM__c"),
            "page_size": 200,
        }
        secrets = {"client_id": self.box.client_id, "client_secret": self.box.client_secret}
        self.crm = Salesforce(
            SalesforceSettings.model_validate(settings),
            SalesforceSecrets.model_validate(secrets),
            IMPATIENT,
        )

    # What the users of the org do.

    def create(self, a: int, b: int) -> None:
        """Somebody enters a record."""
        self._made += 1
        name, owner = f"{pick(_NAMES, b)}{self._made}", self._user(b)
        about = {"WhoId": self._one("Contact", a + b), "OwnerId": owner, "Subject": name}
        sobject, given = pick(
            _typed(
                ("Account", {"Name": name, "OwnerId": owner}),
                (
                    "Contact",
                    {
                        "LastName": name,
                        "Email": f"{name}@acme.example",
                        "AccountId": self._one("Account", b),
                    },
                ),
                ("Lead", {"LastName": name, "Company": name, "Email": f"{name}@new.example"}),
                ("Opportunity", self._deal(name, b)),
                (
                    "OpportunityContactRole",
                    {
                        "OpportunityId": self._one("Opportunity", b),
                        "ContactId": self._one("Contact", a),
                    },
                ),
                (
                    "Task",
                    about | {"Status": "Completed", "TaskSubtype": pick(("Email", "Call"), b)},
                ),
                ("Task", about | {"Status": "Completed", "WhoId": self._one("Lead", b)}),
                ("Event", about | {"DurationInMinutes": 30, "StartDateTime": self._moment(b)}),
                ("Group", {"Name": name, "Type": pick(("Queue", "Regular"), b)}),
            ),
            a,
        )
        self._try("create", sobject, **given)

    def edit_company(self, a: int, b: int) -> None:
        """An account gets another name, owner, kind or BDR."""
        change: Change = pick(
            (
                {"Name": f"{pick(_NAMES, b)} {b}"},
                {"OwnerId": self._user(b)},
                {"Type": pick(("Prospect", "Customer - Direct"), b)},
                {"BDR__c": pick((None, self._user(b)), b)},
                {"ParentId": self._one("Account", b)},
                {"Website": f"https://www.{b}.example/"},
            ),
            b,
        )
        self._change("Account", a, change)

    def edit_contact(self, a: int, b: int) -> None:
        """A contact gets another address, company or owner."""
        change: Change = pick(
            (
                {"Email": f"Mail{b}@Acme.example"},
                {"AccountId": pick((None, self._one("Account", a)), b)},
                {"OwnerId": self._user(b)},
                {"Title": f"Title {b}"},
            ),
            b,
        )
        self._change("Contact", a, change)

    def edit_lead(self, a: int, b: int) -> None:
        """A lead gets another company or owner."""
        change: Change = pick(({"Company": f"Co {b}"}, {"OwnerId": self._user(a)}), b)
        self._change("Lead", a, change)

    def edit_deal(self, a: int, b: int) -> None:
        """A deal moves to another stage, owner, account or amount."""
        change: Change = pick(
            (
                {"StageName": pick(_STAGES, a)},
                {"OwnerId": self._user(a)},
                {"Amount": float(b)},
                {"AccountId": self._one("Account", b)},
            ),
            b,
        )
        self._change("Opportunity", a, change)

    def edit_user(self, a: int, b: int) -> None:
        """A user is promoted, moved, switched off or on."""
        change: Change = pick(
            (
                {"Title": f"Title {b}"},
                {"ManagerId": self._user(a)},
                {"IsActive": bool(a % 2)},
                {"UserRoleId": self._one("UserRole", a)},
                {"DelegatedApproverId": pick((None, self._user(a)), a)},
            ),
            b,
        )
        self._try("update", "User", self._user(b), **change)

    def edit_task(self, a: int, b: int) -> None:
        """A task is closed, opened again, or is about somebody else or nobody."""
        change: Change = pick(
            (
                {"Status": pick(("Completed", "Deferred"), a)},
                {"WhoId": pick((None, self._one("Contact", a)), a)},
                {"Subject": f"Subject {b}"},
            ),
            b,
        )
        self._change("Task", a, change)

    def edit_event(self, a: int, b: int) -> None:
        """A meeting is moved, made a whole day's, or is about nobody."""
        change: Change = pick(
            (
                {"StartDateTime": self._moment(a), "ActivityDateTime": self._moment(a)},
                {"IsAllDayEvent": bool(a % 2)},
                {"WhoId": pick((None, self._one("Contact", a)), a)},
            ),
            b,
        )
        self._change("Event", a, change)

    def bulk_edit(self, a: int, b: int) -> None:
        """One stamp on all records of an object."""
        sobject, change = pick(
            _typed(
                ("Contact", {"Title": f"Bulk {b}"}),
                ("Account", {"OwnerId": self._user(b)}),
                ("Opportunity", {"Amount": float(b)}),
            ),
            a,
        )
        for row in self.box.records(sobject):
            self._try("update", sobject, row["Id"], **change)

    def late_commit(self, a: int, b: int) -> None:
        """A record is entered with a stamp of minutes ago."""
        now = self.time
        self.time -= timedelta(minutes=pick(_LATE, b))
        self.create(a, b)
        self.time = now

    def delete(self, a: int, b: int) -> None:
        """Into the recycle bin, with what hangs on it."""
        sobject = pick(_RECYCLED, a)
        self._try("delete", sobject, self._one(sobject, b))

    def undelete(self, a: int, b: int) -> None:
        """Out of the recycle bin again, if nobody merged it away."""
        sobject = pick(_RECYCLED, a)
        binned = [one for one in self._bin(sobject) if not one.get("MasterRecordId")]
        if binned:
            self._try("undelete", sobject, pick(binned, b)["Id"])

    def merge(self, a: int, b: int) -> None:
        """Two records become one."""
        sobject = pick(("Account", "Contact", "Lead"), a)
        winner, loser = self._one(sobject, b), self._one(sobject, a + b + 1)
        if winner != loser:
            self._try("merge", sobject, winner, loser)

    def convert(self, a: int, b: int) -> None:
        """A lead becomes a contact."""
        contact = self._one("Contact", b)
        if contact is not None:
            account = self.box.record("Contact", contact).get("AccountId")
            self._try("convert", self._one("Lead", a), account or self._one("Account", a), contact)

    def absence(self, a: int, b: int) -> None:
        """Somebody will be away, or comes back early."""
        found = self.box.records("OutOfOffice")
        if found and b % 3 == 0:
            self._try("delete", "OutOfOffice", pick(found, a)["Id"])
        elif found and b % 3 == 1:
            self._try("update", "OutOfOffice", pick(found, a)["Id"], Message=f"Until {b}")
        else:
            start, end = stamp(self.time), stamp(self.time + timedelta(days=1 + b % 5))
            away = {"UserId": self._user(a), "StartDate": start, "EndDate": end}
            self._try("create", "OutOfOffice", IsEnabled=bool(a % 4), **away)

    def team(self, a: int, b: int) -> None:
        """Somebody joins a team, or vanishes from it without a trace."""
        sobject, parent, of = pick(
            (
                ("AccountTeamMember", "AccountId", "Account"),
                ("OpportunityTeamMember", "OpportunityId", "Opportunity"),
            ),
            a,
        )
        found = self.box.records(sobject)
        if found and b % 2:
            self._try("delete", sobject, pick(found, a)["Id"])
            return
        given = {parent: self._one(of, b), "UserId": self._user(a)}
        self._try("create", sobject, TeamMemberRole=pick(("BDR", "AE", "CSM"), b), **given)

    def expire(self, a: int, b: int) -> None:
        """Every session ends."""
        self.box.expire_sessions()

    def purge(self, a: int, b: int) -> None:
        """A record leaves the recycle bin for good."""
        sobject = pick(_RECYCLED, a)
        binned = self._bin(sobject)
        if binned:
            self._try("purge", sobject, pick(binned, b)["Id"])

    def rename_role(self, a: int, b: int) -> None:
        """A role gets another name, and no user a stamp."""
        self._change("UserRole", a, {"Name": f"Role {b}"})

    # The small ways of doing it.

    def _deal(self, name: str, number: int) -> dict[str, Any]:
        return {
            "Name": name,
            "StageName": pick(_STAGES, number),
            "CloseDate": "2026-12-31",
            "AccountId": self._one("Account", number),
        }

    def _moment(self, number: int) -> str:
        return stamp(self.time + timedelta(minutes=10 * (number % 20) - 60))

    def _user(self, number: int) -> str:
        return pick([self.ids[key] for key in ("mia", "ann", "ben")], number)

    def _one(self, sobject: str, number: int) -> str | None:
        rows = self.box.records(sobject)
        return str(pick(rows, number)["Id"]) if rows else None

    def _bin(self, sobject: str) -> list[dict[str, Any]]:
        return [row for row in self.box.records(sobject, deleted=True) if row.get("IsDeleted")]

    def _change(self, sobject: str, number: int, change: dict[str, Any]) -> None:
        self._try("update", sobject, self._one(sobject, number), **change)

    def _try(self, act: str, *given: str | None, **fields: Any) -> None:
        """Do it, if the org has such records and allows it."""
        if None not in given:
            with suppress(Refusal):
                getattr(self.box, act)(*given, **fields)

    # What the org holds.

    def truth(self, *, whole: bool) -> dict[str, tuple[Sequence[str], Rows]]:
        """As the mirror should hold it."""
        day = stamp(self.time - timedelta(days=2))[:10]
        return {
            **self._people(whole=whole),
            **self._companies(whole=whole),
            **self._deals(),
            "out_of_office": self._rows(
                "OutOfOffice",
                {"person_id": "UserId", "note": "Message"},
                lambda row: row["IsEnabled"] and row["EndDate"] >= day,
            ),
            "account_team": self._rows(
                "AccountTeamMember",
                {"person_id": "UserId", "role": "TeamMemberRole", "account_id": "AccountId"},
            ),
            "deal_team": self._rows(
                "OpportunityTeamMember",
                {"person_id": "UserId", "role": "TeamMemberRole", "deal_id": "OpportunityId"},
            ),
            "tasks": self._rows("Task", _evidence(), _is_evidence),
            "events": self._rows("Event", _evidence(), lambda row: self._has_begun(row)),
        }

    def _people(self, *, whole: bool) -> dict[str, tuple[Sequence[str], Rows]]:
        roles = {row["Id"]: row["Name"] for row in self.box.records("UserRole")}
        fields: dict[str, Any] = {
            "name": "Name",
            "title": "Title",
            "manager_id": "ManagerId",
            "backup_id": "DelegatedApproverId",
            "active": lambda row: row["IsActive"] and row["Id"] != self.box.org.user_id,
        }
        if whole:
            fields["role_name"] = lambda row: roles.get(row.get("UserRoleId"), "")
        queue = {"name": "Name", "queue": lambda row: True}
        return {
            "users": self._rows("User", fields),
            "queues": self._rows("Group", queue, lambda row: row["Type"] == "Queue"),
        }

    def _companies(self, *, whole: bool) -> dict[str, tuple[Sequence[str], Rows]]:
        accounts = {row["Id"]: row["Name"] for row in self.box.records("Account")}
        contact: dict[str, Any] = {
            "email": lambda row: row.get("Email", "").lower(),
            "title": "Title",
            "account_id": "AccountId",
            "owner_id": "OwnerId",
        }
        if whole:
            contact["company"] = lambda row: accounts.get(row.get("AccountId"), "")
        return {
            "accounts": self._rows(
                "Account",
                {
                    "name": "Name",
                    "owner_id": "OwnerId",
                    "kind": "Type",
                    "parent_id": "ParentId",
                    "domain": lambda row: row.get("Website", "").split("www.")[-1].strip("/"),
                    "fields": lambda row: {
                        key: row[key] for key in ("BDR__c", "CSM__c") if row.get(key)
                    },
                },
            ),
            "contacts": self._rows("Contact", contact),
            "leads": self._rows(
                "Lead",
                {
                    "name": "Name",
                    "company": "Company",
                    "owner_id": "OwnerId",
                    "converted_to": "ConvertedContactId",
                },
            ),
        }

    def _deals(self) -> dict[str, tuple[Sequence[str], Rows]]:
        return {
            "deals": self._rows(
                "Opportunity",
                {
                    "stage_id": "StageName",
                    "account_id": "AccountId",
                    "owner_id": "OwnerId",
                    "amount": "Amount",
                    "is_closed": "IsClosed",
                    "is_won": "IsWon",
                },
            ),
            "deal_contacts": self._rows(
                "OpportunityContactRole",
                {"deal_id": "OpportunityId", "prospect_id": "ContactId", "role": "Role"},
            ),
        }

    def _rows(
        self, sobject: str, fields: dict[str, Any], keep: Any = lambda row: True
    ) -> tuple[Sequence[str], Rows]:
        rows: Rows = {}
        for row in self.box.records(sobject):
            if keep(row):
                rows[row["Id"]] = tuple(
                    _plain(name, field(row) if callable(field) else row.get(field))
                    for name, field in fields.items()
                )
        return tuple(fields), rows

    def _has_begun(self, row: dict[str, Any]) -> bool:
        ordinary = not row["IsAllDayEvent"] and not row["IsChild"] and bool(row.get("WhoId"))
        return ordinary and bool(row["StartDateTime"] <= stamp(self.time))


def _typed(*choices: tuple[str, Change]) -> tuple[tuple[str, Change], ...]:
    return choices


def _evidence() -> dict[str, Any]:
    return {"person_id": "OwnerId", "prospect_id": "WhoId", "subject": "Subject"}


def _is_evidence(row: dict[str, Any]) -> bool:
    counts = row["IsClosed"] and row.get("WhoId") and row["TaskSubtype"] in ("Email", "Call")
    return bool(counts) and not row.get("HLR_Alert_Key__c")


def _plain(name: str, value: Any) -> Any:
    """Absent texts are empty in the mirror, absent references and numbers are none."""
    if value is None and not name.endswith(("_id", "amount", "converted_to")):
        return ""
    return value
