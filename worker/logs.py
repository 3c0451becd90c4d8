"""One line a log record: time, level, where, what, and the named extras. No secrets, no markup."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime

_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class LineFormatter(logging.Formatter):
    """Renders a record on one line; control characters in outside text are made visible."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, with a traceback below where there is one."""
        moment = datetime.fromtimestamp(record.created, UTC)
        extras = " ".join(
            f"{name}={value}" for name, value in vars(record).items() if name not in _PLAIN
        )
        text = f"{record.getMessage()} {extras}".strip()
        clean = "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
        line = f"{moment:%Y-%m-%dT%H:%M:%SZ} {record.levelname.lower()} {record.name}: {clean}"
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


def log_to_stderr(level: int) -> None:
    """Send the project's log to standard error; libraries speak from warnings on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for name in ("worker", "connectors", "routing"):
        logging.getLogger(name).setLevel(level)
