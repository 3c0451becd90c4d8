"""Joins owners, whom records belong to, with users, who have hours and absences.

An owner, a user record and a user have three different ids. Everything else refers to the
owner's, so that is the person's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connectors.hubspot.fields import Fields
from connectors.hubspot.settings import HubspotSettings
from connectors.hubspot.values import (
    Row,
    absence_moment,
    flag,
    json_list,
    moment,
    reference,
    text,
    time_zone,
    to_moment,
    to_ms,
    working_hours,
)
from routing.nouns import GroupMember, OutOfOffice, Person

OPEN_ENDED = timedelta(days=1)
"""How long an absence without an end is taken to last; it is read again each minute."""
_MODIFIED = "hs_lastmodifieddate"


@dataclass(slots=True)
class Users:
    """User records by what they can be joined on."""

    properties: frozenset[str] = frozenset()
    by_owner: dict[str, Row] = field(default_factory=dict)
    by_user_id: dict[str, Row] = field(default_factory=dict)
    by_email: dict[str, Row] = field(default_factory=dict)

    def add(self, row: Row) -> None:
        """Take in one user record."""
        for index, key in (
            (self.by_owner, reference(row, "hubspot_owner_id")),
            (self.by_user_id, reference(row, "hs_internal_user_id")),
            (self.by_email, text(row, "hs_email").lower()),
        ):
            if key:
                index.setdefault(key, row)

    def of(self, owner: Row) -> Row:
        """The user record of an owner, or an empty one."""
        user_id = owner.get("userId") or owner.get("userIdIncludingInactive")
        return (
            self.by_owner.get(str(owner["id"]))
            or self.by_user_id.get(str(user_id))
            or self.by_email.get(str(owner.get("email") or "").lower())
            or {}
        )


def user_properties(settings: HubspotSettings, *more: str) -> tuple[str, ...]:
    """What is read of each user record; ``more`` are properties that the policy names."""
    usual = (
        "hs_email",
        "hubspot_owner_id",
        "hs_internal_user_id",
        "hs_job_title",
        "hs_deactivated",
        "hs_standard_time_zone",
        "hs_working_hours",
        "hs_out_of_office_hours",
        "hs_availability_status",
        _MODIFIED,
        settings.manager_property,
        settings.backup_property,
    )
    return tuple(dict.fromkeys((*usual, *more)))


def person(owner: Row, user: Row, settings: HubspotSettings, fields: Fields) -> Person:
    """An owner as a person, with what is known of the user behind it."""
    email = str(owner.get("email") or "").strip().lower()
    names = (owner.get("firstName"), owner.get("lastName"))
    primary = next(iter(_teams(owner)), {})
    stamps = (to_moment(str(owner.get("updatedAt") or "")), moment(user, _MODIFIED))
    return Person(
        id=str(owner["id"]),
        email=email,
        name=" ".join(str(name) for name in names if name) or email,
        active=not (owner.get("archived") or flag(user, "hs_deactivated")),
        manager_id=reference(user, settings.manager_property),
        backup_id=reference(user, settings.backup_property),
        title=text(user, "hs_job_title"),
        role_name=str(primary.get("name") or ""),
        time_zone=time_zone(text(user, "hs_standard_time_zone")),
        working_hours=working_hours(text(user, "hs_working_hours")),
        queue=owner.get("type") == "QUEUE",
        fields=fields.of(user),
        modified_at=max((one for one in stamps if one is not None), default=None),
    )


def _teams(owner: Row) -> list[Row]:
    """The owner's teams, the primary one first."""
    return sorted(owner.get("teams") or [], key=lambda one: not one.get("primary"))


def memberships(owner: Row) -> list[GroupMember]:
    """The owner's places in teams, the primary one and the others."""
    own = str(owner["id"])
    return [
        GroupMember(
            id=f"team:{team['id']}:{own}",
            group_id=f"team:{team['id']}",
            person_id=own,
            role=str(team.get("name") or ""),
            modified_at=to_moment(str(owner.get("updatedAt") or "")),
        )
        for team in _teams(owner)
    ]


@dataclass(frozen=True, slots=True)
class Absences:
    """The absences that one user record tells, and how many entries made no sense."""

    found: list[OutOfOffice]
    unreadable: int


def absences(person_id: str, user: Row, now: datetime) -> Absences:
    """Absences of one person: the noted spans, and 'away' when the user says only that."""
    modified = moment(user, _MODIFIED)
    entries = json_list(text(user, "hs_out_of_office_hours"))
    found: list[OutOfOffice] = []
    unreadable = 1 if entries is None else 0
    for one in entries or []:
        told = one if isinstance(one, dict) else {}
        starts = absence_moment(told.get("startTimestamp"))
        ends = absence_moment(told.get("endTimestamp"))
        if starts is None or ends is None or starts >= ends:
            unreadable += 1
            continue
        found.append(
            OutOfOffice(
                id=f"{person_id}:{to_ms(starts)}",
                person_id=person_id,
                starts_at=starts,
                ends_at=ends,
                source="hubspot",
                modified_at=modified,
            )
        )
    if _just_away(user, found, now):
        found.append(_open_ended(person_id, modified or now, now))
    return Absences(found, unreadable)


def _just_away(user: Row, noted: Iterable[OutOfOffice], now: datetime) -> bool:
    """HubSpot sets 'away' by itself during a noted span; then the span says it better."""
    if text(user, "hs_availability_status").lower() != "away":
        return False
    return not any(one.starts_at <= now < one.ends_at for one in noted)


def _open_ended(person_id: str, since: datetime, now: datetime) -> OutOfOffice:
    return OutOfOffice(
        id=f"{person_id}:away",
        person_id=person_id,
        starts_at=since,
        ends_at=max(now, since) + OPEN_ENDED,
        source="hubspot",
        note="set to away, without an end",
        modified_at=since,
    )
