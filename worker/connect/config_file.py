"""hotlead.yaml as a person wrote it, and the same with a few settings changed: comments stay."""

from __future__ import annotations

import contextlib
import difflib
import os
import stat
import tempfile
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from ruamel.yaml.error import YAMLError

from worker.connect.yaml_edit import UneditableError, with_setting
from worker.settings import SettingsError
from worker.yaml_file import FileProblem, YamlError, YamlFile, read_yaml

PATTERNS = {
    "solo": "everything to one person",
    "small-team": "3 to 5 AEs with a claim channel",
    "bdr-ae": "10 to 15 BDRs and AEs by stage",
    "named-accounts": "hard assignment with a backup for each account",
}
"""The presets of ``config``, each with the team it is for."""


class UnwritableError(Exception):
    """The configuration file cannot be written; the text says why and how to mend it."""


def preset(pattern: str) -> str:
    """The text of a preset."""
    return files("config").joinpath(f"{pattern}.yaml").read_text(encoding="utf-8")


class ConfigFile:
    """The file as it is on the disk; a preset where there is none yet."""

    def __init__(self, path: Path, pattern: str = "") -> None:
        """Raises SettingsError when the file is there and cannot be read as YAML."""
        self.path = path
        self.exists = path.exists()
        self._base = preset(pattern) if pattern and not self.exists else ""
        self._data: Any = {}
        if self.exists:
            self._data = _read(path).data
            # As bytes, so that line ends stay what they are.
            self._base = path.read_bytes().decode("utf-8-sig")

    @property
    def needs_pattern(self) -> bool:
        """Whether there is nothing yet to change."""
        return not self._base

    def value(self, path: str) -> Any:
        """What the file on the disk says at a path such as 'salesforce.login_url', or None."""
        here = self._data
        for part in path.split("."):
            here = here.get(part) if isinstance(here, dict) else None
        return here

    def changed(self, values: Mapping[str, str]) -> str:
        """The text with these settings, by path; nothing else changes. Raises SettingsError."""
        text = self._base
        for path, value in values.items():
            try:
                text = with_setting(text, path, value, behind="crm")
            except (UneditableError, YAMLError) as error:
                mend = f"write {path}: {value} there by hand, then run this again"
                problem = FileProblem(str(self.path), 1, 1, f"{path} cannot be changed", mend)
                raise SettingsError([problem]) from error
        return text

    def differs(self, after: str) -> bool:
        """Whether writing ``after`` would change the file, or make it."""
        return not self.exists or after != self._base

    def diff(self, after: str) -> str:
        """What ``after`` says differently than the file, or than the preset; '' for nothing."""
        name = self.path.name
        lines = difflib.unified_diff(
            self._base.splitlines(keepends=True),
            after.splitlines(keepends=True),
            f"{name} ({'now' if self.exists else 'as the pattern has it'})",
            f"{name} (new)",
            n=2,
        )
        return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)

    def write(self, text: str) -> None:
        """Put the text into the file, whole or not at all. Raises UnwritableError."""
        write_whole(self.path, text)


def write_whole(path: Path, text: str) -> None:
    """Put the text into a file, whole or not at all. Raises UnwritableError."""
    target = Path(os.path.realpath(path))
    try:
        mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o644
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            os.chmod(name, mode)
            os.replace(name, target)
        except OSError:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name)
            raise
    except OSError as error:
        said = f"{path} cannot be written: {error.strerror}; let the user that runs "
        raise UnwritableError(f"{said}hotlead write in this folder") from error


def _read(path: Path) -> YamlFile:
    try:
        return read_yaml(path)
    except YamlError as error:
        raise SettingsError(error.problems) from error
