"""Who is in a queue: users by name, and those of the groups and roles in it, as people.

An org whose queues hold users only costs one query. Each level of groups, and roles at all, cost
one more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from connectors.salesforce.client import Client
from connectors.salesforce.values import Row, reference, soql_text, text
from routing.nouns import GroupMember

_QUEUES = (
    "SELECT Id, GroupId, UserOrGroupId FROM GroupMember WHERE Group.Type = 'Queue' ORDER BY Id"
)
_AT_ONCE = 500
_DEEPEST = 10
_BELOW = frozenset({"RoleAndSubordinates", "RoleAndSubordinatesInternal"})


@dataclass(slots=True)
class _Groups:
    """What is known of the groups in queues."""

    members: dict[str, list[str]] = field(default_factory=dict)
    """Group → users and groups in it."""
    roles: dict[str, tuple[str, bool]] = field(default_factory=dict)
    """Group of a role → the role, and whether those below it belong, too."""
    people: dict[str, list[str]] = field(default_factory=dict)
    """Role → its active users."""
    below: dict[str, list[str]] = field(default_factory=dict)
    """Role → the roles right below it."""


def queue_members(client: Client) -> Iterator[GroupMember]:
    """Each person of each queue once. Raises ConnectorError."""
    queues: dict[str, list[str]] = {}
    for row in rows(client, _QUEUES):
        queues.setdefault(text(row["GroupId"]), []).append(text(row["UserOrGroupId"]))
    groups = _Groups()
    _look_up(client, groups, {one for members in queues.values() for one in members})
    for queue, members in queues.items():
        for person in dict.fromkeys(_people(groups, members, set())):
            yield GroupMember(id=f"{queue}:{person}", group_id=queue, person_id=person)


def rows(client: Client, soql: str) -> Iterator[Row]:
    """Every row of a query, page by page."""
    found = client.query(soql)
    while True:
        yield from found["records"]
        if found["done"]:
            return
        found = client.more(str(found["nextRecordsUrl"]))


def _look_up(client: Client, groups: _Groups, named: set[str]) -> None:
    wanted = {one for one in named if one.startswith("00G")}
    for _ in range(_DEEPEST):
        wanted -= groups.members.keys() | groups.roles.keys()
        if not wanted:
            break
        plain = []
        for row in _among(client, "SELECT Id, Type, RelatedId FROM Group WHERE Id IN", wanted):
            group, role = text(row["Id"]), reference(row.get("RelatedId"))
            if role is not None and role.startswith("00E"):
                groups.roles[group] = role, row.get("Type") in _BELOW
            else:
                plain.append(group)
        groups.members |= {one: [] for one in wanted if one not in groups.roles}
        wanted = set()
        select = "SELECT Id, GroupId, UserOrGroupId FROM GroupMember WHERE GroupId IN"
        for row in _among(client, select, plain):
            member = text(row["UserOrGroupId"])
            groups.members[text(row["GroupId"])].append(member)
            if member.startswith("00G"):
                wanted.add(member)
    if groups.roles:
        _look_up_roles(client, groups)


def _look_up_roles(client: Client, groups: _Groups) -> None:
    if any(deep for _, deep in groups.roles.values()):
        for row in rows(client, "SELECT Id, ParentRoleId FROM UserRole ORDER BY Id"):
            above = reference(row.get("ParentRoleId"))
            if above is not None:
                groups.below.setdefault(above, []).append(text(row["Id"]))
    wanted = {one for role, deep in groups.roles.values() for one in _roles(groups, role, deep)}
    select = "SELECT Id, UserRoleId FROM User WHERE IsActive = true AND UserRoleId IN"
    for row in _among(client, select, wanted):
        groups.people.setdefault(text(row["UserRoleId"]), []).append(text(row["Id"]))


def _among(client: Client, select: str, ids: Iterable[str]) -> Iterator[Row]:
    each = sorted(ids)
    for start in range(0, len(each), _AT_ONCE):
        among = ", ".join(soql_text(one) for one in each[start : start + _AT_ONCE])
        yield from rows(client, f"{select} ({among}) ORDER BY Id")


def _roles(groups: _Groups, role: str, deep: bool) -> Iterator[str]:
    left, seen = [role], set()
    while left:
        one = left.pop()
        if one not in seen:
            seen.add(one)
            yield one
            left += groups.below.get(one, ()) if deep else ()


def _people(groups: _Groups, members: Iterable[str], seen: set[str]) -> Iterator[str]:
    for one in members:
        if one.startswith("005"):
            yield one
        elif one in groups.roles:
            role, deep = groups.roles[one]
            for each in _roles(groups, role, deep):
                yield from groups.people.get(each, ())
        elif one not in seen:
            yield from _people(groups, groups.members.get(one, ()), seen | {one})
