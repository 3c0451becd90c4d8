"""The team of the stories of the seed page, in a CRM or in files, and what it edits in a preset."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from connectors.sandbox.world import World, WorldAccount, WorldContact
from tests.contract.flow_kit import write_crm
from tests.story.world import person, small_world

EDITED = {
    "without a CRM": (
        "bdr-ae",
        {
            "crm: salesforce\nsalesforce:\n  login_url: https://YOUR-DOMAIN.my.salesforce.com": (
                "crm: csv\ncsv: {folder: crm}"
            ),
            '["field:account.BDR__c", "team:BDR"]': '["field:account.bdr"]',
            '["owner:deal", "owner:account"]': '["field:account.ae"]',
            '["field:account.CSM__c", "team:CSM"]': '["field:account.csm"]',
            "  routes:\n": (
                "  suppress:\n"
                "    - {name: a visit is only looked up, when: {signal: visit}}\n"
                "  routes:\n"
                "    - name: Security is Cara's\n"
                '      when: {title: "*security*"}\n'
                '      to: "person:cara@team.example"\n'
                '      watchers: ["#hot-leads"]\n'
            ),
        },
    ),
    "without Slack": (
        "small-team",
        {
            "policy:\n": "policy:\n  surface: email\n",
            '"#hot-leads"   # invite the bot to it': "hot-leads@team.example",
        },
    ),
}
"""Presets that a team has edited: which, and by what each text was replaced."""


def seed_world() -> World:
    """The small team with two more AEs: Cara, and Dave, who is not on Slack. Each has accounts."""
    world = small_world()
    globex = WorldAccount(
        key="globex", name="Globex", domain="globex.example", owner="ben", bdr="bea"
    )
    initech = WorldAccount(key="initech", name="Initech", domain="initech.example", owner="dave")
    gus = WorldContact(key="gus", name="Gus Green", email="gus@globex.example", account="globex")
    ines = WorldContact(
        key="ines", name="Ines Ink", email="ines@initech.example", account="initech"
    )
    dave = person("dave", "AE", on_slack=False, backup="ben")
    return replace(
        world,
        people=(*world.people, person("cara", "AE"), dave),
        accounts=(*world.accounts, globex, initech),
        contacts=(*world.contacts, gus, ines),
    )


def write_csv(folder: Path) -> None:
    """The files of the team without a CRM, with Cara and with Theo, who answers for security."""
    write_crm(folder)
    people, contacts = folder / "people.csv", folder / "contacts.csv"
    people.write_text(people.read_text() + "Cara,cara@team.example,AE,mia@team.example,\n")
    head, *lines = contacts.read_text().splitlines()
    titled = [f"{head},title", *(f"{line}," for line in lines)]
    theo = "theo@north.example,Theo Sure,North,Chief Security Officer"
    contacts.write_text("\n".join([*titled, theo]) + "\n")
