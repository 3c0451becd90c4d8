"""Numbers as a person reads them."""

from __future__ import annotations

from worker.profile.facts import OrgFacts

_TITLES = {"salesforce": "Salesforce", "hubspot": "HubSpot", "csv": "the CSV folder"}


def percent(part: int, whole: int) -> str:
    """A share in whole per cent, never rounded up to all or down to nothing."""
    if not whole:
        return "0 %"
    share = round(100 * part / whole)
    if part < whole and share == 100:
        share = 99
    if part and not share:
        return "<1 %"
    return f"{share} %"


def many(number: int, one: str, several: str = "") -> str:
    """A number with its noun."""
    return f"{number:,} {one if number == 1 else several or f'{one}s'}"


def size(facts: OrgFacts) -> str:
    """How large the org is: '85 accounts, 8,800 deals and 46 people of Salesforce'."""
    people = sum(one.active for one in facts.people.values())
    deals = f", {many(facts.deals, 'deal')}" if facts.deals else ""
    people_said = many(people, "person", "people")
    return (
        f"{many(facts.accounts, 'account')}{deals} and {people_said} of "
        f"{_TITLES.get(facts.crm, facts.crm)}"
    )
