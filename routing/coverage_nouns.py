"""What a proof of coverage is about, and what it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from routing.nouns import Account, Deal, RoleHolding
from routing.policy import RungKind, SignalClass, StageClass


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFacts:
    """One account with what routing reads of it; the rest of the snapshot is the team's."""

    account: Account
    deals: tuple[Deal, ...] = ()
    holdings: tuple[RoleHolding, ...] = ()
    territories: tuple[str, ...] = ()
    """Ids of the territories of the account, which the team's facts hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Who is told first on a day, and who after them."""

    kind: RungKind
    name: str
    address: str
    person_id: str | None
    then: tuple[str, ...]
    """Names on the rungs behind, in order."""
    others: int
    """People and channels behind that are no admins."""
    assignee_id: str | None = None
    assignee: str = ""
    route: str = ""
    why: str = ""
    role: str = ""
    behind: tuple[str, ...] = ()
    """Addresses on the rungs behind, in order."""
    covered: bool = True
    """Whether the assignee has a backup for this account, away or not."""
    named: int | None = None
    """Which of the policy's named accounts this is, where the assignee is its rep."""


@dataclass(slots=True, kw_only=True)
class Group:
    """Accounts that no rule can tell apart, and who is told of them.

    ``told`` is by (stage class, signal class), one recipient a day; None where such signals
    disturb nobody: they are suppressed, or the rep has silenced them.
    """

    accounts: list[str] = field(default_factory=list)
    sample: str = ""
    stage: StageClass | None = None
    """The stage in which the first of them is now."""
    told: dict[tuple[StageClass, SignalClass], tuple[Recipient | None, ...]] = field(
        default_factory=dict
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """The proof: the days that were looked at, and every group of accounts."""

    days: tuple[date, ...]
    groups: tuple[Group, ...]
    policy_hash: str

    @property
    def accounts(self) -> int:
        """How many accounts were looked at."""
        return sum(len(group.accounts) for group in self.groups)
