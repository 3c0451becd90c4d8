"""The proof of coverage says of any world what the decisions of then would be."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from routing.coverage import AccountFacts, Recipient, cover
from routing.decide import decide
from routing.nouns import Account, Deal
from routing.policy import Policy, SignalClass, StageClass
from routing.receipt import Decision, Outcome
from routing.snapshot import Snapshot
from routing.stages import BY_HAND
from routing.supposing import signal_of
from tests.fuzz.routing_worlds import NOW, deals, policies, snapshots
from tests.fuzz.test_routing_fuzz import BUSY

MOMENTS = [NOW, NOW + timedelta(hours=20), NOW + timedelta(days=3)]


def team_of(snapshot: Snapshot) -> Snapshot:
    """The facts without those of the one prospect and their signals."""
    return replace(
        snapshot,
        prospect=None,
        account=None,
        match=None,
        deals=(),
        prospect_deals=frozenset(),
        contact_roles={},
        holdings=(),
        recent=(),
        open_alert=None,
    )


def as_decided(decision: Decision) -> Recipient | None:
    """What the proof is to say where this is decided; compared without the words."""
    if decision.outcome is Outcome.EXPLAIN:
        return None
    first, *rest = decision.steps
    behind = [one for one in rest if one.kind.value != "remind"]
    return Recipient(
        kind=first.kind,
        name=first.name,
        address=first.place.address,
        person_id=first.person_id,
        then=tuple(one.name for one in behind),
        others=sum(one.kind.value != "admin" for one in behind),
        assignee_id=decision.assignee_id,
        assignee=decision.assignee_name,
        route=decision.route,
        behind=tuple(one.place.address for one in behind),
    )


@settings(BUSY, max_examples=60)
@given(snapshots().filter(lambda one: one.account is not None), policies())
def test_the_proof_is_equal_to_the_decisions(snapshot: Snapshot, policy: Policy) -> None:
    account, team = snapshot.account, team_of(snapshot)
    assert account is not None
    facts = AccountFacts(
        account=account,
        deals=snapshot.deals,
        holdings=snapshot.holdings,
        territories=tuple(one.id for one in snapshot.territories),
    )
    [group] = cover([facts], team, policy, MOMENTS).groups
    assert set(group.told) == {(stage, signal) for stage in StageClass for signal in SignalClass}
    for (stage, signal_class), told in group.told.items():
        by_hand = replace(account, fields={**account.fields, BY_HAND: stage.value})
        known = replace(team, account=by_hand, deals=snapshot.deals, holdings=snapshot.holdings)
        for moment, recipient in zip(MOMENTS, told, strict=True):
            decision = decide(signal_of(signal_class, moment), known, policy, moment)
            assert _plain(recipient) == as_decided(decision)


@settings(BUSY, max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(("u-a", "u-b")), deals()), max_size=5), policies())
def test_accounts_that_are_asked_about_once_would_each_have_had_the_same_answer(
    rows: list[tuple[str, tuple[Deal, ...]]], policy: Policy
) -> None:
    every = [
        AccountFacts(
            account=Account(id=f"a{number}", name=f"A {number}", owner_id=owner),
            deals=tuple(replace(one, id=f"{one.id}-{number}") for one in mine),
        )
        for number, (owner, mine) in enumerate(rows)
    ]
    team = Snapshot()
    together = cover(every, team, policy, MOMENTS[:1])
    for facts in every:
        mine_alone = cover([facts], team, policy, MOMENTS[:1]).groups[0].told
        group = next(one for one in together.groups if facts.account.id in one.accounts)
        assert _bare(group.told) == _bare(mine_alone)


def _plain(recipient: Recipient | None) -> Recipient | None:
    """Without what only findings ask for."""
    if recipient is None:
        return None
    return replace(recipient, why="", role="", covered=True, named=None)


def _bare(told: dict[tuple[StageClass, SignalClass], tuple[Recipient | None, ...]]) -> object:
    """Without the words, which name the account and its deals."""
    return {
        cell: tuple(replace(one, why="") if one is not None else None for one in days)
        for cell, days in told.items()
    }
