"""Which fields of the CRM the rules of a policy read, so that they are mirrored unasked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from routing.mapping import ExtraFields, Mapping
from routing.policy import Policy, Route, Suppression

KeyPath = tuple[str | int, ...]


def fields_named(policy: Policy) -> Iterator[tuple[KeyPath, str, str]]:
    """Each field that a role source or condition reads: where it stands, of what, its CRM name."""
    for role, sources in policy.roles.items():
        for number, source in enumerate(sources):
            if source.startswith("field:"):
                noun, _, name = source.removeprefix("field:").partition(".")
                yield ("roles", role, number), noun, name
    rules_of: tuple[tuple[str, Sequence[Route | Suppression]], ...] = (
        ("routes", policy.routes),
        ("suppress", policy.suppress),
    )
    for kind, rules in rules_of:
        for number, rule in enumerate(rules):
            for field in rule.when.field or {}:
                noun, _, name = field.partition(".")
                yield (kind, number, "when", "field", field), noun, name
    if policy.holidays.field:
        yield ("holidays", "field"), "person", policy.holidays.field


def account_fields(policy: Policy) -> tuple[str, ...]:
    """The account fields that the rules read, each once, in order."""
    return tuple(dict.fromkeys(name for _, noun, name in fields_named(policy) if noun == "account"))


def whole_mapping(policy: Policy) -> Mapping:
    """The policy's mapping, with the fields of deals, prospects and people that its rules read."""
    wanted = {noun: list(getattr(policy.mapping.fields, noun)) for noun in ExtraFields.model_fields}
    for _, noun, name in fields_named(policy):
        if noun != "account":  # those are a setting of the CRM as well
            wanted[noun].append(name)
    fields = ExtraFields.model_validate(
        {noun: tuple(dict.fromkeys(names)) for noun, names in wanted.items()}
    )
    return policy.mapping.model_copy(update={"fields": fields})
