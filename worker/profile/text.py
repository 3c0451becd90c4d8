"""Puts a proposal into the text of a policy: what it knows nothing of stays as it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from routing.policy import Policy, Route
from worker.profile.flow import flow, mapping_data, quoted, route_data, sources, stage_rule
from worker.profile.proposal import Proposal
from worker.profile.shares import RoleShare
from worker.profile.sizes import percent, size
from worker.yaml_file import KeyPath, YamlFile

_ORDER = ("stage_classes", "mapping", "roles", "routes", "backups")
_INVENTED = "@your-company.example"
_WIDTH = 100
_GAP = "   "
_ADMIN = "ADMIN@YOUR-COMPANY.example"
Lines = list[str]


class UnfitError(Exception):
    """The text of the policy cannot be changed part by part; the text says why."""


def with_proposal(
    text: str, file: YamlFile, prefix: KeyPath, proposal: Proposal, present: Policy
) -> str:
    """The text with the proposed parts. ``file`` is ``text`` as it was read.

    ``prefix`` is where in the file the policy stands. Comments and all other parts stay. Raises
    UnfitError.
    """
    lines = text.splitlines()
    blocks = _blocks(lines, file, prefix)
    column = file.keys[(*prefix, "routes")][1] - 1
    edits = []
    for order, (name, part) in enumerate(_parts(proposal, present).items()):
        made = [" " * column + line if line else line for line in part]
        if name in blocks:
            edits.append((*blocks[name], order, made))
        else:
            place = min(blocks[one][0] for one in _ORDER[_ORDER.index(name) :] if one in blocks)
            edits.append((place, place, order, [*made, ""]))
    for start, end, _, made in sorted(edits, reverse=True):
        lines[start:end] = made
    if proposal.admin is not None:
        lines = [_with_admin(line, proposal) for line in lines]
    return ("\r\n" if "\r\n" in text else "\n").join([*lines, ""])


def _blocks(lines: Sequence[str], file: YamlFile, prefix: KeyPath) -> dict[str, tuple[int, int]]:
    """Where each part of the policy begins and ends, with the comment right above it."""
    depth = len(prefix) + 1
    keys = {path: row - 1 for path, (row, _) in file.keys.items() if len(path) <= depth}
    starts = sorted({_with_comment(lines, row) for row in keys.values()})
    found = {}
    for path, row in keys.items():
        if path[:-1] != prefix or path[-1] not in _ORDER:
            continue
        if lines[row][: file.keys[path][1] - 1].strip():
            what = f"{path[-1]} does not begin a line of its own"
            raise UnfitError(f"{what}; write the policy in lines, as the presets do")
        start = _with_comment(lines, row)
        end = min((one for one in starts if one > row), default=len(lines))
        while end > row + 1 and (not lines[end - 1].strip() or lines[end - 1].lstrip()[:1] == "#"):
            end -= 1
        found[str(path[-1])] = (start, end)
    return found


def _with_comment(lines: Sequence[str], row: int) -> int:
    start = row
    while start and lines[start - 1].lstrip()[:1] == "#":
        start -= 1
    return start or row  # the head of the file is about the whole of it


def _with_admin(line: str, proposal: Proposal) -> str:
    said = line.partition("#")[0]
    if proposal.admin is None or _ADMIN not in said:
        return line
    person = proposal.admin
    made = line.replace(_ADMIN, person.email)
    why = person.title or person.role_name or person.profile_name
    return made if "#" in line else f"{made}{_GAP}# {person.name}, {_comment(why)}"


def _parts(proposal: Proposal, present: Policy) -> Mapping[str, Lines]:
    mapping = mapping_data(present, proposal.deal_fields())
    found = {"stage_classes": _stage_lines(proposal)}
    if mapping != mapping_data(present, ()):
        found["mapping"] = [
            "# Further fields of the CRM; those of deals say who holds a role.",
            f"mapping: {flow(mapping)}",
        ]
    found |= {"roles": _role_lines(proposal), "routes": _route_lines(proposal.routes)}
    backed, active = proposal.facts.backed
    if backed and present.backups and all(one.endswith(_INVENTED) for one in present.backups):
        found["backups"] = [
            "# Who covers for whom, where the CRM does not name anybody.",
            f"backups: {{}}{_GAP}# the CRM names somebody for {backed:,} of {active:,} people",
        ]
    return found


def _stage_lines(proposal: Proposal) -> Lines:
    there = ", ".join(f"{count:,} {stage.value}" for stage, count in proposal.in_stage.items())
    rows = ((f"- {stage_rule(one.rule)}", one.why) for one in proposal.stages)
    return [
        f"# Proposed by hotlead profile out of {size(proposal.facts)}.",
        "# The first rule that fits gives the stage. Accounts there now, by themselves or by",
        f"# one of their prospects: {there}.",
        "stage_classes:",
        *_explained(rows, "  "),
    ]


def _role_lines(proposal: Proposal) -> Lines:
    made = [
        "# Who holds a role? The first source that names somebody wins. Shares are of the",
        "# accounts of its stage; a source counts those that no source before has somebody for.",
        "roles:",
    ]
    for one in proposal.roles:
        made += [f"  # {evidence(one)}.", f"  {flow(one.role)}:"]
        rows = []
        for number, each in enumerate(one.sources):
            sign = "+" if number else ""
            why = f"{sign}{percent(each.added, one.of)}"
            if number and each.alone != each.added:
                why += f" ({percent(each.alone, one.of)} by itself)"
            rows.append((f"- {quoted(each.source)}", why))
        made += _explained(rows, "    ")
    for name, some in proposal.kept.items():
        made += _explained([(f"{flow(name)}: {sources(some)}", "as it was")], "  ")
    return made


def evidence(role: RoleShare) -> str:
    """For how many accounts a role resolves, in words."""
    whose = "" if role.over_all else f" in {role.stage.value}"
    said = f"{percent(role.resolved, role.of)} of {role.of:,} accounts{whose} have one"
    if not role.over_all:
        said += f", and {percent(role.resolved_all, role.of_all)} of all {role.of_all:,}"
    return said


def _route_lines(routes: Iterable[Route]) -> Lines:
    made = ["# The first route that fits is taken.", "routes:"]
    for one in routes:
        said = route_data(one)
        line = f"  - {flow(said)}"
        if len(line) <= _WIDTH - 4:
            made.append(line)
            continue
        pairs = [f"{flow(name)}: {flow(value)}" for name, value in said.items()]
        made += [f"  - {pairs[0]}", *(f"    {pair}" for pair in pairs[1:])]
    return made


def _explained(rows: Iterable[tuple[str, str]], indent: str) -> Iterator[str]:
    """Each line with its evidence behind it, or above it where that would be too long."""
    for line, why in rows:
        said = f"# {_comment(why)}"
        whole = f"{indent}{line}{_GAP}{said}"
        if len(whole) <= _WIDTH - 4:
            yield whole
        else:
            yield f"{indent}{said}"
            yield f"{indent}{line}"


def _comment(text: str) -> str:
    """A text of the CRM as part of a comment: on one line, without what commands a terminal."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
