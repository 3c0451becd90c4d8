"""Facts about the account of a prospect: which it is, its territories, and who is in a group."""

from __future__ import annotations

from collections.abc import Sequence

from routing.matching import best_match, domains_to_try
from routing.names import name_key
from routing.nouns import Account, GroupMember, Person, Prospect, Signal, Territory
from routing.policy import Policy
from routing.snapshot import AccountMatch
from worker.store.team_facts import queues_of
from worker.store.view import View


def matched(
    view: View, prospect: Prospect | None, signal: Signal, policy: Policy
) -> tuple[Account | None, AccountMatch | None]:
    """The account that fits a prospect who has none, and how surely."""
    domains = domains_to_try(signal.prospect_email, policy.matching)
    company = prospect.company if prospect is not None else ""
    if not domains and not company:
        return None, None
    given = {"domains": list(domains), "name": name_key(company) or None}
    likely = view.nouns(Account, view.queries.likely_accounts, given)
    match = best_match(signal.prospect_email, company, likely, policy.matching)
    if match is None:
        return None, None
    return next(one for one in likely if one.id == match.account_id), match


def territories(view: View, account: Account | None, policy: Policy) -> list[Territory]:
    """The account's territories, where a rule asks for them."""
    if account is None or not reads_territories(policy):
        return []
    rows = view.rows(view.queries.territories, {"account_id": account.id})
    return view.by_ids(Territory, [row["territory_id"] for row in rows])


def reads_territories(policy: Policy) -> bool:
    """Whether any rule of the policy asks for territories."""
    sources = (source for row in policy.roles.values() for source in row)
    conditions = [one.when for one in policy.routes] + [one.when for one in policy.suppress]
    return any(one.startswith("territory:") for one in sources) or any(
        when.territory is not None for when in conditions
    )


def queues(view: View, policy: Policy) -> list[Person]:
    """The queues that routes name."""
    names = [name.lower() for name in queues_of(policy)]
    return view.nouns(Person, view.queries.queues, {"names": names}) if names else []


def members(view: View, groups: Sequence[Territory | Person]) -> tuple[GroupMember, ...]:
    """Who is in these territories and queues."""
    ids = [one.id for one in groups]
    return tuple(view.nouns(GroupMember, view.queries.group_members, {"ids": ids})) if ids else ()
