"""Reads a policy that is on trial: a file of rules alone, or a whole configuration."""

from __future__ import annotations

from pathlib import Path

from routing.policy import Policy
from worker.settings import SettingsError, load_settings
from worker.yaml_file import YamlError, read_yaml


def load_candidate(config: Path, file: Path) -> Policy:
    """The policy of ``file``; ``config`` gives the rest where the file holds rules alone.

    Raises SettingsError, with each problem's place and mend.
    """
    try:
        whole = "policy" in read_yaml(file).data
    except YamlError as error:
        raise SettingsError(error.problems) from error
    return load_settings(file).policy if whole else load_settings(config, candidate=file).policy
