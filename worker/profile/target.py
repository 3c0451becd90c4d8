"""Which file a proposal goes into, and what it would change there."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError
from ruamel.yaml.error import YAMLError

from routing.policy import Policy
from worker.profile.flow import parts
from worker.profile.proposal import Proposal
from worker.profile.text import UnfitError, with_proposal
from worker.yaml_file import KeyPath, YamlError, YamlFile, read_yaml


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The file that holds the policy. ``prefix`` is where in it; empty for a file of its own."""

    path: Path
    prefix: KeyPath
    text: str
    file: YamlFile

    @property
    def beside(self) -> Path:
        """Where the proposal goes when no place is named: a file beside this one."""
        return self.path.with_name(f"{self.path.stem}.profile{self.path.suffix}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The text with the proposal in it, and what it says differently than before."""

    text: str
    policy: Policy
    diff: tuple[str, ...]
    """Lines that begin with '-' (as it is) and '+' (as proposed); comments left out."""


def target_of(config: Path) -> Target:
    """The file with the policy of a configuration that has been loaded before."""
    main = read_yaml(config)
    name = main.data.get("policy")
    path = config.parent / name if isinstance(name, str) else config
    text = path.read_bytes().decode("utf-8-sig")
    prefix: KeyPath = () if isinstance(name, str) else ("policy",)
    return Target(path=path, prefix=prefix, text=text, file=read_yaml(path, text))


def changed(target: Target, proposal: Proposal, present: Policy) -> Change:
    """The proposal in the target's text. Raises UnfitError when they do not go together."""
    text = with_proposal(target.text, target.file, target.prefix, proposal, present)
    try:
        data = read_yaml(target.path, text).data
        said = data["policy"] if target.prefix else data
        policy = Policy.model_validate_json(json.dumps(said, default=str))
    except (ValidationError, YamlError, YAMLError) as error:
        raise UnfitError(
            f"the rest of the policy does not go with the proposal: {error}"
        ) from error
    before, after = parts(present), parts(policy)
    lines = difflib.unified_diff(before, after, n=0, lineterm="")
    diff = tuple(one for one in lines if one[:1] in "+-" and one[:3] not in ("+++", "---"))
    return Change(text=text, policy=policy, diff=diff)
