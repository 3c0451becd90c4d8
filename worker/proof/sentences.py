"""Reads policy-tests.yaml, hears it against the mirror, and tells the verdicts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from routing.policy import Policy
from routing.sentences import Court, Sentences, Verdict
from routing.snapshot import Snapshot
from worker.proof.coverage import noons
from worker.proof.team import accounts_of, team_of
from worker.settings import SettingsError, names_at
from worker.store.engine import Store
from worker.validation import explain, nearest
from worker.yaml_file import FileProblem, KeyPath, YamlError, YamlFile, read_yaml

Progress = Callable[[int], None]


def load_sentences(path: Path, policy: Policy) -> tuple[Sentences, YamlFile]:
    """The sentences of a file. Raises SettingsError: each problem with its place and mend."""
    try:
        found = read_yaml(path)
    except YamlError as error:
        raise SettingsError(error.problems) from error
    try:
        sentences = Sentences.model_validate_json(json.dumps(found.data, default=str))
    except ValidationError as error:
        raise SettingsError(list(_problems(error, found))) from error
    unknown = list(_unknown(sentences, policy, found))
    if unknown:
        raise SettingsError(unknown)
    return sentences, found


def _problems(error: ValidationError, found: YamlFile) -> Iterator[FileProblem]:
    schema = Sentences.model_json_schema()
    seen = set()
    for one in error.errors(include_url=False, include_input=False):
        path = tuple(part for part in one["loc"] if (*one["loc"],) in found.values or _is(part))
        what, mend = explain(one, names_at(schema, path[:-1]))
        head, colon, rest = what.partition(": ")
        inner = (*path, head) if colon and (*path, head) in found.values else path
        key = one["type"] == "extra_forbidden"
        problem = found.problem(inner, rest if inner != path else what, mend, key=key)
        place = (problem.line, problem.column)
        if place not in seen:  # alternatives of one value each complain about it
            seen.add(place)
            yield problem


def _is(part: object) -> bool:
    return not isinstance(part, str) or part.isidentifier()


def _unknown(sentences: Sentences, policy: Policy, found: YamlFile) -> Iterator[FileProblem]:
    """Roles and lists that the policy does not have: such a sentence could never fail."""
    known = {*policy.roles, *(f"pool:{name}" for name in policy.pools)}
    known |= {"named_rep"} if policy.named_accounts else set()
    for number, one in enumerate(sentences.tests):
        verb = "always" if one.always else "never"
        for role in one.reach.role:
            if role not in known and not role.startswith("queue:"):
                path = ("tests", number, verb, "role")
                yield found.problem(path, f"no role is called {role!r}", nearest(role, known))
        for name in one.given.account_list or ():
            if name not in policy.account_lists:
                path = ("tests", number, "given", "account_list")
                mend = nearest(name, policy.account_lists)
                yield found.problem(path, f"no list is called {name!r}", mend)


def strangers(sentences: Sentences, team: Snapshot, found: YamlFile) -> list[FileProblem]:
    """People whom a sentence names and the mirror does not know."""
    known = sorted({one.email for one in team.people.values() if one.email})
    problems = []
    for number, one in enumerate(sentences.tests):
        verb = "always" if one.always else "never"
        named: list[tuple[str, KeyPath]] = [(email, (verb, "person")) for email in one.reach.person]
        named += [(email, ("given", "away")) for email in one.given.away]
        named += [(email, ("given", "sending_rep")) for email in one.given.sending_rep or ()]
        made_up = one.given.made_up
        if made_up is not None:
            owners: list[tuple[str | None, KeyPath]] = [
                (made_up.owner, ("given", "made_up", "owner"))
            ]
            if made_up.deal is not None:
                owners.append((made_up.deal.owner, ("given", "made_up", "deal")))
            named += [(email, path) for email, path in owners if email]
        for email, path in named:
            if email not in known:
                what = f"the CRM has no user {email}"
                problems.append(
                    found.problem(("tests", number, *path), what, nearest(email, known))
                )
    return problems


def hear(
    store: Store,
    sentences: Sentences,
    found: YamlFile,
    policy: Policy,
    now: datetime,
    progress: Progress = lambda _: None,
) -> list[Verdict]:
    """The verdict on each sentence. Raises SettingsError for people who are not known."""

    def moments(day: date | None, days: int) -> Sequence[datetime]:
        zone = ZoneInfo(policy.working_hours.time_zone)
        start = datetime.combine(day, time(12), zone) if day is not None else now
        return noons(policy, start, days)

    with store.read() as conn:
        team = team_of(conn, policy, now)
        unknown = strangers(sentences, team, found)
        if unknown:
            raise SettingsError(unknown)
        court = Court(sentences, team, policy, moments)
        court.hear(accounts_of(conn), progress)
    return court.verdicts


def problem_of(verdict: Verdict) -> str:
    """Why the sentence does not hold; '' when it does."""
    if verdict.accounts == 0:
        return "no account fits what is given, so nothing is proved"
    one = verdict.counterexample
    if one is None:
        return ""
    stage, signal = one.stage.value.replace("_", " "), one.signal.value.replace("_", " ")
    supposing = f", {one.supposing}" if one.supposing else ""
    return (
        f"{one.account} ({one.account_id}), {stage}, {signal}{supposing}, on {one.day}: reaches "
        f"{one.recipient}, {one.why}"
    )


def as_json(verdicts: Sequence[Verdict], found: YamlFile) -> dict[str, Any]:
    """For programs."""
    return {
        "ok": all(one.ok for one in verdicts),
        "tests": [
            {
                "say": one.sentence.say,
                "ok": one.ok,
                "line": found.place(("tests", number))[0],
                "accounts": one.accounts,
                "failing": one.failing,
                "problem": problem_of(one),
                "counterexample": _example(one),
            }
            for number, one in enumerate(verdicts)
        ],
    }


def _example(verdict: Verdict) -> dict[str, Any] | None:
    one = verdict.counterexample
    return {**asdict(one), "day": one.day.isoformat()} if one is not None else None


def as_junit(verdicts: Sequence[Verdict], found: YamlFile) -> str:
    """For CI that shows tests: JUnit's XML."""
    failures = sum(not one.ok for one in verdicts)
    suite = Element("testsuite", name=found.name, tests=str(len(verdicts)), failures=str(failures))
    for verdict in verdicts:
        case = SubElement(suite, "testcase", classname="policy", name=verdict.sentence.say)
        if not verdict.ok:
            SubElement(case, "failure", message=problem_of(verdict))
    return tostring(suite, encoding="unicode", xml_declaration=True) + "\n"
