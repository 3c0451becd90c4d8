"""What the users of a HubSpot account do, and what the account then holds."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from pydantic import SecretStr

from connectors.hubspot import HubspotSecrets, HubspotSettings
from connectors.hubspot.crm import Hubspot
from connectors.sandbox.hubspot import HubspotSandbox
from connectors.sandbox.hubspot.stamps import iso, to_ms
from routing.mapping import HoldingObject, Mapping
from tests.contract.hubspot_kit import SECRET, WORLD
from tests.fuzz.converge_kit import IMPATIENT, Door, History, Rows, pick
from worker.reconcile import prepare_reconcile
from worker.sync import prepare_mirror

_LAGS = (0.0, 0.0, 0.5, 5.0)
"""Minutes by which the search index is late; within the overlap."""
_RECORDS = ("companies", "contacts", "deals")
_NOTES = ("emails", "calls", "meetings", "tasks")
_STATUS = {
    "emails": ("hs_email_status", ("SENT", "BOUNCED")),
    "calls": ("hs_call_status", ("COMPLETED", "FAILED")),
    "meetings": ("hs_meeting_outcome", ("COMPLETED", "CANCELED")),
    "tasks": ("hs_task_status", ("COMPLETED", "NOT_STARTED")),
}
_PEOPLE = ("mia", "bo", "eva", "cy")
_FIELDS = ("bdr_owner", "csm_owner")
_RENEWALS = "holdings_renewal_csm"
_MAPPING = Mapping(
    holdings=(HoldingObject(object="renewal", person="csm", account="client", role="CSM"),)
)
Props = dict[str, str]


class HubspotHistory(History):
    """One account and the mirror of it."""

    paths = (
        "/",
        "/crm/v3/objects",
        "/crm-object-schemas",
        "/crm/v3/owners",
        "/crm/v4/associations",
    )
    edits = (
        "create",
        "log",
        "edit_company",
        "edit_contact",
        "edit_deal",
        "edit_user",
        "leave",
        "absence",
        "bulk_edit",
        "archive",
        "merge",
        "link",
        "unlink",
        "restore",
        "collaborate",
        "lead",
        "renew",
    )
    hidden = ("purge", "edit_note", "archive_note", "relink_note")

    def __init__(self, door: Door, url: str) -> None:
        super().__init__(door)
        self.box = HubspotSandbox(lambda: self.time, token=SECRET)
        self.box.portal.most_rows = 3
        self.box.portal.association_page = 2
        self.faults = self.box.faults
        self.ids = self.box.load(WORLD)
        self._made = 0
        door.app = self.box.app
        self.box.portal.define_object("renewal", "Renewal", "Renewals")
        self.box.define("renewal", "csm")
        self.box.define("renewal", "client")
        self._url = url
        self.connect()

    def connect(self, mapping: Mapping = _MAPPING) -> None:
        """The worker is started, or started anew, with this mapping."""
        settings = HubspotSettings(
            base_url=self._url,
            searches_per_second=10_000,
            account_fields=_FIELDS,
            archive_minutes=5,
        )
        secrets = HubspotSecrets(token=SecretStr(SECRET))
        self.crm = Hubspot(settings, secrets, IMPATIENT, now=self.clock.now, mapping=mapping)
        if hasattr(self, "ctx"):
            self.ctx = replace(self.ctx, crm=self.crm)
            prepare_mirror(self.ctx.store, self.crm, self.time)
            prepare_reconcile(self.ctx.store, self.crm, self.time)

    # What the users of the account do.

    def create(self, a: int, b: int) -> None:
        """Somebody enters a record."""
        self._made += 1
        name = f"new{self._made}"
        company, contact = self._one("companies", b), self._one("contacts", a)
        if a % 3 == 0:
            self.box.create("companies", name=name, domain=f"{name}.test")
        elif a % 3 == 1:
            links = {"companies": company} if company and b % 2 else {}
            self.box.create("contacts", links, email=f"{name}@acme.test", firstname=name)
        else:
            links = {"companies": company} if company else {}
            links |= {"contacts": contact} if contact and b % 2 else {}
            self.box.create("deals", links, dealname=name, dealstage=self._stage(b))

    def log(self, a: int, b: int) -> None:
        """A rep logs an e-mail, a call, a meeting or a task."""
        kind, contact = pick(_NOTES, a), self._one("contacts", b)
        status, values = _STATUS[kind]
        links = {"contacts": contact} if contact else {}
        props = {status: pick(values, b), "hs_timestamp": iso(to_ms(self.time))}
        self.box.create(kind, links, hubspot_owner_id=self._owner(b), **props)

    def edit_company(self, a: int, b: int) -> None:
        """A company gets another name, owner or BDR."""
        self._change(
            "companies",
            a,
            {"name": f"Company {b}"},
            {"hubspot_owner_id": self._owner(b)},
            {"bdr_owner": pick(("", self._owner(b)), b)},
            {"lifecyclestage": pick(("customer", "lead"), b)},
            turn=b,
        )

    def edit_contact(self, a: int, b: int) -> None:
        """A contact gets another address, title or owner."""
        self._made += 1
        self._change(
            "contacts",
            a,
            {"email": f"Mail{self._made}@Acme.test"},
            {"jobtitle": f"Title {b}"},
            {"hubspot_owner_id": pick(("", self._owner(b)), b)},
            turn=b,
        )

    def edit_deal(self, a: int, b: int) -> None:
        """A deal moves to another stage, owner or amount."""
        self._change(
            "deals",
            a,
            {"dealstage": self._stage(a)},
            {"dealstage": self._stage(a + b)},
            {"hubspot_owner_id": self._owner(a)},
            {"amount": str(b)},
            turn=b,
        )

    def edit_user(self, a: int, b: int) -> None:
        """A user gets another title, manager or backup."""
        self._change(
            "users",
            a,
            {"hs_job_title": f"Title {b}"},
            {"hlr_manager_owner": pick(("", self._owner(b)), a)},
            {"hlr_backup_owner": self._owner(a)},
            turn=b,
        )

    def leave(self, a: int, b: int) -> None:
        """Somebody leaves the company, or comes back."""
        with self.box.portal.lock:
            owner = self.box.portal.owners[int(self._owner(a))]
            owner.archived = not owner.archived

    def absence(self, a: int, b: int) -> None:
        """Somebody notes when they will be away, or takes it back."""
        start = to_ms(self.time + timedelta(days=1 + b % 3))
        spans = [{"startTimestamp": start, "endTimestamp": start + 86_400_000}][: a % 2]
        self._change("users", a, {"hs_out_of_office_hours": json.dumps(spans)}, turn=0)

    def bulk_edit(self, a: int, b: int) -> None:
        """One stamp on all records of a type."""
        kind, change = pick(
            (
                ("contacts", {"jobtitle": f"Bulk {b}"}),
                ("companies", {"hubspot_owner_id": self._owner(b)}),
                ("deals", {"amount": str(b)}),
            ),
            a,
        )
        for row in self.box.records(kind):
            self.box.update(kind, row["id"], **change)

    def archive(self, a: int, b: int) -> None:
        """Into the recycling bin."""
        kind = pick(_RECORDS, a)
        if one := self._one(kind, b):
            self.box.archive(kind, one)

    def merge(self, a: int, b: int) -> None:
        """Two records become one."""
        kind = pick(_RECORDS, a)
        winner, loser = self._one(kind, b), self._one(kind, a + b + 1)
        if winner and loser and winner != loser:
            self.box.merge(kind, winner, loser)

    def link(self, a: int, b: int) -> None:
        """A company or a contact joins a deal, or a company a contact."""
        kind, to = pick((("deals", "companies"), ("deals", "contacts"), _CONTACT), a)
        one, other = self._one(kind, a + b), self._one(to, b)
        if one and other:
            self.box.link(kind, one, to, other)

    def unlink(self, a: int, b: int) -> None:
        """A company or a contact leaves a deal."""
        to = pick(("companies", "contacts"), a)
        deal = self._one("deals", b)
        there = self.box.associated("deals", deal, to) if deal else []
        if deal and there:
            self.box.unlink("deals", deal, to, pick(there, a))

    def collaborate(self, a: int, b: int) -> None:
        """Reps join a deal, or leave it."""
        joined = ";".join(self._owner(number) for number in range(a % 3))
        self._change("deals", b, {"hs_all_collaborator_owner_ids": joined}, turn=0)

    def lead(self, a: int, b: int) -> None:
        """Somebody makes a contact a lead, works on it, or is done with it."""
        contact = self._one("contacts", b)
        if a % 3 == 0 and contact:
            self.box.create("leads", {"contacts": contact}, hs_lead_name=f"Lead {b}")
        elif a % 3 == 1:
            stage = pick(("CONNECTED", "QUALIFIED"), b)
            self._change("leads", b, {"hs_pipeline_stage_category_v2": stage}, turn=0)
        elif one := self._one("leads", b):
            self.box.archive("leads", one)

    def renew(self, a: int, b: int) -> None:
        """A renewal gets a CSM or another, loses them, or goes."""
        client = self._one("companies", b) or ""
        if a % 3 == 0:
            self.box.create("renewal", csm=self._owner(b), client=client)
        elif a % 3 == 1:
            self._change("renewal", b, {"csm": pick(("", self._owner(a)), b)}, turn=0)
        elif one := self._one("renewal", b):
            self.box.archive("renewal", one)

    def lag(self, a: int, b: int) -> None:
        """The search index falls behind, or is well again."""
        self.box.portal.search_lag = timedelta(minutes=pick(_LAGS, a))

    def short_pages(self, a: int, b: int) -> None:
        """Searches answer with short and with empty pages, or no longer."""
        self.box.portal.short_pages = bool(a % 2)

    def restore(self, a: int, b: int) -> None:
        """Out of the recycling bin, with the old stamp."""
        kind = pick(_RECORDS, a)
        with self.box.portal.lock:
            table = self.box.portal.table(kind)
            binned = [key for key in sorted(table.archived) if not self._taken(kind, key)]
        if binned:
            self.box.restore(kind, str(pick(binned, b)))

    def purge(self, a: int, b: int) -> None:
        """A record is deleted for good."""
        kind = pick(_RECORDS, a)
        if one := self._one(kind, b):
            self.box.purge(kind, one)

    def edit_note(self, a: int, b: int) -> None:
        """An e-mail bounces after all, a call never was."""
        kind = pick(_NOTES, a)
        status, values = _STATUS[kind]
        self._change(kind, b, {status: pick(values, a + b)}, turn=0)

    def archive_note(self, a: int, b: int) -> None:
        """A logged e-mail, call, meeting or task is deleted."""
        kind = pick(_NOTES, a)
        if one := self._one(kind, b):
            self.box.archive(kind, one)

    def relink_note(self, a: int, b: int) -> None:
        """A logged e-mail, call, meeting or task names one more contact."""
        kind = pick(_NOTES, a)
        one, contact = self._one(kind, b), self._one("contacts", a + b)
        if one and contact:
            self.box.link(kind, one, "contacts", contact)

    # The small ways of doing it.

    def _owner(self, number: int) -> str:
        return self.ids[pick(_PEOPLE, number)]

    def _stage(self, number: int) -> str:
        return self.ids[pick(("new", "offer", "won", "lost"), number)]

    def _one(self, kind: str, number: int) -> str | None:
        rows = self.box.records(kind)
        return pick(rows, number)["id"] if rows else None

    def _change(self, kind: str, number: int, *changes: Props, turn: int) -> None:
        if one := self._one(kind, number):
            self.box.update(kind, one, **pick(changes, turn))

    def _taken(self, kind: str, key: int) -> bool:
        """Whether another contact has the e-mail of an archived one by now."""
        table = self.box.portal.table(kind)
        email = table.archived[key].props.get("email", "")
        return bool(email) and table.find_unique("email", email) is not None

    # What the account holds.

    def truth(self, *, whole: bool) -> dict[str, tuple[Sequence[str], Rows]]:
        """As the mirror should hold it."""
        found = {**self._people(), **self._records(), **self._deals(whole=whole)}
        if whole:
            found |= {kind: self._notes(kind) for kind in _NOTES}
        return found

    def compare(self, *, whole: bool) -> None:
        """Also without a reconcile, open deals have their people, and every e-mail has come."""
        super().compare(whole=whole)
        opened = {row["id"] for row in self.box.records("deals") if row["hs_is_closed"] == "false"}
        living = {row["id"] for row in self.box.records("deals")}
        held = self.held("deal_collaborators", ("deal_id", "person_id"))
        assert {key: row for key, row in held.items() if row[0] in living} == self._collaborators()
        columns, expected = self._participants(lambda row: row["id"] in opened)
        held = self.held("deal_contacts", columns)
        assert {key: row for key, row in held.items() if row[0] in opened} == expected
        for kind in _NOTES:
            came = {row.rpartition(":")[0] for row in self.held(kind, ())}
            logged = {row.rpartition(":")[0] for row in self._notes(kind)[1]}
            assert (kind, logged - came) == (kind, set())

    def _people(self) -> dict[str, tuple[Sequence[str], Rows]]:
        users = {row["hubspot_owner_id"]: row for row in self.box.records("users")}
        people: Rows = {}
        away: Rows = {}
        with self.box.portal.lock:
            owners = list(self.box.portal.owners.values())
        for owner in owners:
            key = str(owner.id)
            user = users.get(key, {})
            above = (user.get("hlr_manager_owner"), user.get("hlr_backup_owner"))
            people[key] = (not owner.archived, user.get("hs_job_title", ""), *above)
            for span in json.loads(user.get("hs_out_of_office_hours", "[]")):
                away[f"{key}:{span['startTimestamp']}"] = (key,)
        columns = ("active", "title", "manager_id", "backup_id")
        return {"people": (columns, people), "out_of_office": (("person_id",), away)}

    def _records(self) -> dict[str, tuple[Sequence[str], Rows]]:
        companies: dict[str, Callable[[Props], Any]] = {
            "name": lambda row: row["name"],
            "owner_id": lambda row: row.get("hubspot_owner_id"),
            "kind": lambda row: row.get("lifecyclestage", ""),
            "fields": lambda row: {name: row.get(name, "") for name in _FIELDS},
        }
        contacts: dict[str, Callable[[Props], Any]] = {
            "email": lambda row: row.get("email", "").lower(),
            "title": lambda row: row.get("jobtitle", ""),
            "account_id": lambda row: row.get("associatedcompanyid"),
            "owner_id": lambda row: row.get("hubspot_owner_id"),
        }
        qualified = "hs_pipeline_stage_category_v2"
        leads: dict[str, Callable[[Props], Any]] = {
            "name": lambda row: row["hs_lead_name"],
            "converted_to": lambda row: (
                row.get("hs_primary_contact_id") if row.get(qualified) == "QUALIFIED" else None
            ),
        }
        columns, found = self._rows("leads", leads)
        return {
            "companies": self._rows("companies", companies),
            "contacts": self._rows("contacts", contacts),
            "leads": (columns, {f"lead:{key}": row for key, row in found.items()}),
            _RENEWALS: (("person_id", "account_id"), self._renewals()),
        }

    def _renewals(self) -> Rows:
        return {
            f"{_RENEWALS}:{row['id']}": (row["csm"], row["client"])
            for row in self.box.records("renewal")
            if row.get("csm") and row.get("client")
        }

    def _collaborators(self) -> Rows:
        return {
            f"deal:{row['id']}:{one}": (row["id"], one)
            for row in self.box.records("deals")
            for one in row.get("hs_all_collaborator_owner_ids", "").split(";")
            if one
        }

    def _rows(
        self, kind: str, fields: dict[str, Callable[[Props], Any]]
    ) -> tuple[Sequence[str], Rows]:
        rows = self.box.records(kind)
        values = {row["id"]: tuple(field(row) for field in fields.values()) for row in rows}
        return tuple(fields), values

    def _deals(self, *, whole: bool) -> dict[str, tuple[Sequence[str], Rows]]:
        fields: dict[str, Callable[[Props], Any]] = {
            "stage_id": lambda row: row["dealstage"],
            "owner_id": lambda row: row.get("hubspot_owner_id"),
            "amount": lambda row: float(row["amount"]) if "amount" in row else None,
            "is_closed": lambda row: row["hs_is_closed"] == "true",
            "is_won": lambda row: row["hs_is_closed_won"] == "true",
        }
        if whole:
            fields["account_id"] = lambda row: self._company(row["id"])
        found = {"deals": self._rows("deals", fields)}
        return found | ({"deal_contacts": self._participants(lambda row: True)} if whole else {})

    def _participants(self, wanted: Callable[[Props], bool]) -> tuple[Sequence[str], Rows]:
        found: Rows = {}
        for row in filter(wanted, self.box.records("deals")):
            for contact in self.box.associated("deals", row["id"], "contacts"):
                found[f"{row['id']}:{contact}"] = (row["id"], contact)
        return ("deal_id", "prospect_id"), found

    def _company(self, deal: str) -> str | None:
        """The primary company; without one the oldest."""
        with self.box.portal.lock:
            links = self.box.portal.links.of("deals", int(deal), "companies")
        primary = [one for one, kinds in links.items() if 5 in kinds]
        return str((primary or sorted(links))[0]) if links else None

    def _notes(self, kind: str) -> tuple[Sequence[str], Rows]:
        status, values = _STATUS[kind]
        rows: Rows = {}
        for row in self.box.records(kind):
            if row.get(status) == values[0]:
                for contact in self.box.associated(kind, row["id"], "contacts"):
                    key = f"{kind.removesuffix('s')}:{row['id']}:{contact}"
                    rows[key] = (row.get("hubspot_owner_id"), contact)
        return ("person_id", "prospect_id"), rows


_CONTACT = ("contacts", "companies")
