"""What ``hotlead init`` left to be filled in."""

from __future__ import annotations

import re
from pathlib import Path

_PLACEHOLDER = re.compile(r"[\w.@-]*YOUR-[A-Z][\w.@-]*")


def placeholders(config: Path) -> list[str]:
    """Where the file still holds what ``hotlead init`` left to be replaced."""
    found = []
    for number, line in enumerate(config.read_text(encoding="utf-8").splitlines(), start=1):
        names = _PLACEHOLDER.findall(line.partition("#")[0] if line[:1] == "#" else line)
        found += [f"{config}:{number}: {name}" for name in names]
    return found
