"""What is proposed to orgs of several shapes, and with which shares."""

from __future__ import annotations

from typing import Any

import pytest

from routing.nouns import Stage
from routing.policy import StageClass
from tests.unit.profile_kit import Org, share, sources, standing_in_all
from tests.unit.routing_kit import ladder, places, policy
from worker.profile.measure import Miss


def staffed(**titles: str) -> Org:
    """An org with people of these titles, and one of them who has left."""
    org = Org()
    for key, title in titles.items():
        org.person(key, title.replace("_", " "))
    org.person("left", "Customer Success Manager", active=False)
    return org


def test_custom_fields() -> None:
    """Fields are found by name; the one with the larger share is asked first."""
    org = staffed(bea="BDR", ann="Account Executive", cid="CSM")
    org.account("a", owner="ann", BDR__c="bea", Outbound__c="bea")
    org.account("b", owner="ann", Outbound__c="bea")
    org.account("e", owner="ann", CSM__c="cid")
    org.account("f", owner="ann", CSM__c="left", Previous_CSM__c="cid")
    standing_in_all(org, "ann")
    for name in ("BDR__c", "CSM__c", "Previous_CSM__c"):
        org.field("account", name)
    org.field("account", "Outbound__c", "Outbound")  # by the titles of those it names
    made = org.proposed()
    assert sources(made) == {
        "bdr": ["field:account.Outbound__c"],  # BDR__c adds nobody
        "ae": ["owner:deal", "owner:account"],
        "csm": ["field:account.CSM__c"],
    }
    assert [share(made, role) for role in ("bdr", "ae", "csm")] == [(2, 2), (2, 2), (1, 2)]
    assert [(one.role, one.source) for one in made.useless] == [("bdr", "field:account.BDR__c")]
    [failed] = made.failures
    assert (failed.account_id, failed.role, failed.miss) == ("f", "csm", Miss.INACTIVE)
    assert failed.reason == "CSM__c: somebody who has left (Left)"
    assert failed.instead == "ae: Ann"


def test_account_teams_beside_a_field_that_is_half_full() -> None:
    org = staffed(ann="AE", cid="CSM", dee="CSM")
    org.account("e", owner="ann", CSM__c="cid")
    standing_in_all(org, "ann")
    org.field("account", "CSM__c")
    org.on_team("f", "dee", "Customer Success Manager")
    org.on_team("a", "dee", "Lead Qualifier")
    org.on_team("a", "ann", "Executive Sponsor")
    made = org.proposed()
    csm = next(one for one in made.roles if one.role == "csm")
    assert [(one.source, one.alone, one.added) for one in csm.sources] == [
        ("field:account.CSM__c", 1, 1),
        ("team:Customer Success Manager", 1, 1),
    ]
    assert share(made, "bdr") == (1, 2)
    [failed] = made.failures
    assert (failed.account_id, failed.miss) == ("b", Miss.NOBODY)
    assert failed.reason == "Lead Qualifier in the account team: nobody"


def test_a_territory_model() -> None:
    org = staffed(bea="", ann="", cid="")
    standing_in_all(org, "ann")
    org.in_territory("North", ["a", "e"], BDR="bea", CSM="cid", Owner="ann")
    org.in_territory("South", ["b", "f"], CSM="left")
    made = org.proposed()
    assert sources(made)["bdr"] == ["territory:BDR"]
    assert sources(made)["csm"] == ["territory:CSM"]
    assert {(one.account_id, one.miss) for one in made.failures} == {
        ("b", Miss.NOBODY),
        ("f", Miss.INACTIVE),
    }


def test_owner_properties_and_fields_of_deals() -> None:
    """A deal's field is read by the rules only if the mapping names it."""
    org = staffed(bea="SDR", ann="AE", sam="Solution Engineer")
    org.account("a", bdr_owner="bea")
    org.account("b")
    org.account("c")
    org.deal("c", "s2", "ann", Presales__c="sam")
    standing_in_all(org, "ann")
    org.field("account", "bdr_owner", "BDR owner")
    org.field("deal", "Presales__c")
    made = org.proposed()
    assert sources(made)["bdr"] == ["field:account.bdr_owner"]
    assert sources(made)["se"] == ["field:deal.Presales__c"]
    assert made.deal_fields() == ("Presales__c",)
    assert [failed.account_id for failed in made.failures] == ["b"]


def test_owners_alone() -> None:
    """Without fields and teams the owner is all there is, as whatever their title says."""
    org = staffed(ann="", ben="")
    standing_in_all(org, "ann")
    made = org.proposed()
    assert sources(made) == {"ae": ["owner:deal", "owner:account"]}
    assert not made.failures
    assert len(made.notes) == 2  # nothing says who is BDR or CSM
    assert {one.name: one.to for one in made.routes}["Customers go to the AE"] == (
        "ae",
        "claim_channel",
    )


def test_owners_by_their_titles() -> None:
    """Where BDRs own prospects and CSMs customers, the owner is asked for those roles."""
    org = staffed(bea="Chargée de prospection", ann="Commercial", cid="Réussite client")
    org.account("a", owner="bea")
    org.account("b", owner="bea")
    org.account("e", owner="cid")
    org.account("f", owner="cid")
    standing_in_all(org, "ann")
    made = org.proposed()
    assert sources(made)["bdr"] == ["owner:account"]
    assert sources(made)["csm"] == ["owner:account"]
    assert share(made, "csm") == (2, 2)


@pytest.mark.parametrize(
    ("role", "bdr", "csm"),
    [
        ("team", "Vertriebsinnendienst", "Kundenbetreuer"),
        ("team", "Prospection", "Chargé de clientèle"),
        ("team", "Desarrollo de negocio", "Éxito del cliente"),
    ],
)
def test_other_languages(role: str, bdr: str, csm: str) -> None:
    org = staffed(bea="", ann="", cid="")
    standing_in_all(org, "ann")
    org.on_team("a", "bea", bdr)
    org.on_team("e", "cid", csm)
    made = sources(org.proposed())
    assert made["bdr"] == [f"{role}:{bdr}"]
    assert made["csm"] == [f"{role}:{csm}"]


def test_queues_strangers_and_missing_deals_are_told_apart() -> None:
    org = staffed(ann="AE", cid="CSM")
    org.person("queue", queue=True)
    for key, csm in {"e": "queue", "f": "stranger", "a": "cid"}.items():
        org.account(key, owner="ann", CSM__c=csm)
    standing_in_all(org, "ann")
    org.field("account", "CSM__c")
    assert {one.account_id: one.miss for one in org.proposed().failures} == {
        "e": Miss.QUEUE,
        "f": Miss.UNKNOWN,
    }


def rules(org: Org) -> list[dict[str, Any]]:
    made = org.proposed().stages
    return [one.rule.model_dump(mode="json", exclude_none=True) for one in made]


def test_stage_classes_by_names_types_and_owners() -> None:
    org = Org(
        [
            Stage(id="1", label="Erstkontakt", position=1),
            Stage(id="2", label="Discovery", position=2),
            Stage(id="3", label="Angebot", position=3),
            Stage(id="4", label="Vertragsverlängerung", position=4),
            Stage(id="won", label="Gewonnen", position=5, is_closed=True, is_won=True),
        ]
    )
    org.person("bea", "SDR")
    org.person("ann", "AE")
    for number, kind in enumerate(["Kunde", "Ehemaliger Kunde", "Interessent", "VIP [Client]"]):
        org.account(f"k{number}", kind=kind)
    for _ in range(6):
        org.deal("k0", "2", "bea")  # BDRs own what is in Discovery here
    org.deal("k0", "3", "ann")
    org.deal("k0", "won", "ann")
    assert rules(org) == [
        {
            "stage": "active_deal",
            "open_deal_not_in": ["Erstkontakt", "Discovery", "Vertragsverlängerung"],
        },
        {"stage": "customer", "open_deal_in": ["Vertragsverlängerung"]},
        {"stage": "prospecting", "account_kind": ["Ehemaliger Kunde"]},
        {"stage": "customer", "won_deal": True},
        {"stage": "customer", "account_kind": ["Kunde*", "VIP [[]Client]"]},
        {"stage": "prospecting"},
    ]


def test_a_crm_without_deals() -> None:
    """As a CSV folder is: the stage is set by hand, and shares are of the accounts there."""
    org = Org(stages=[])
    org.person("bea")
    org.person("ann")
    org.account("a", bdr="bea", stage_class="prospecting")
    org.account("b", owner="ann", stage_class="active_deal")
    org.account("c", stage_class="customer")
    org.field("account", "bdr")
    made = org.proposed()
    assert rules(org) == [{"stage": "prospecting"}]
    assert sources(made) == {"bdr": ["field:account.bdr"], "ae": ["owner:account"]}
    assert made.in_stage == dict.fromkeys(StageClass, 1)
    assert [one.account_id for one in made.failures] == ["c"]


def test_an_account_counts_wherever_its_prospects_stand() -> None:
    """Rules go by the prospect's own deal first, so one account can be in two stage classes."""
    org = staffed(ann="AE", cid="CSM")
    org.account("a", owner="ann")
    org.deal("a", "s2", "ann")
    org.deal("a", "won", "ann")
    org.account("b", owner="ann", CSM__c="cid")
    org.field("account", "CSM__c")
    [first, second] = org.cases()
    own = [(first[0], [frozenset({"d1"})]), second]
    org.cases = lambda: own  # type: ignore[method-assign]
    made = org.proposed()
    assert made.in_stage == dict.fromkeys(StageClass, 1)
    [failed] = made.failures
    assert (failed.account_id, failed.stage) == ("a", StageClass.CUSTOMER)


def test_what_the_present_policy_has_of_its_own_stays() -> None:
    """Its special routes come first, its last route last; watchers and ladders go over."""
    present = policy(
        routes=[
            {
                "name": "Replies",
                "when": {"signal": "positive_reply", "stage": "customer"},
                "to": ["overlay"],
            },
            {
                "name": "Prospects",
                "when": {"stage": "prospecting"},
                "to": ["bdr"],
                "watchers": ["#sdr"],
                "ladder": "slow",
            },
            {"name": "Rest", "to": ["overlay", "claim_channel"]},
        ],
        roles={"bdr": ["team:BDR"], "overlay": ["team:Overlay"], "unused": ["team:Unused"]},
        ladders={"slow": ladder("assignee", "admin")},
    )
    org = staffed(bea="", ann="")
    standing_in_all(org, "ann")
    org.on_team("a", "bea", "BDR")
    made = org.proposed(present)
    assert [one.name for one in made.routes] == [
        "Replies",
        "Prospecting goes to the BDR",
        "Active deals go to the AE",
        "Customers go to the AE",
        "Rest",
    ]
    assert (made.routes[1].watchers, made.routes[1].ladder) == (("#sdr",), "slow")
    assert made.kept == {"overlay": ("team:Overlay",)}


def test_without_a_claim_channel_the_ae_comes_after_the_bdr() -> None:
    present = policy(
        places=places(claim_channel=None, coverage_channel=None),
        ladder=ladder("assignee", "admin"),
        routes=[{"name": "All", "to": "person:ann@team.example"}],
    )
    org = staffed(bea="", ann="")
    standing_in_all(org, "ann")
    org.on_team("a", "bea", "BDR")
    made = org.proposed(present)
    assert made.routes[0].to == ("bdr", "ae")
    [failed] = made.failures
    assert (failed.account_id, failed.instead) == ("b", "ae: Ann")


def test_the_admin_is_named_where_it_is_clear() -> None:
    org = staffed(ann="AE", quinn="Revenue_Operations")
    standing_in_all(org, "ann")
    assert org.proposed().admin == org.people["quinn"]
    org.person("rae", "RevOps lead")
    assert org.proposed().admin is None
