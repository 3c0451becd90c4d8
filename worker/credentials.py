"""The file of credentials beside hotlead.yaml: lines NAME=value that only its owner may read.

Written whole into a temporary file, synced and renamed, under a lock that all processes on the
machine share: none sees half of it, and of two that write at once neither loses what it wrote.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import glob
import os
import re
import stat
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pydantic import SecretStr

_MOST_BYTES = 256_000
_LOOSE = stat.S_IRWXG | stat.S_IRWXO
_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,99}")
_HEAD = (
    "# Credentials of Hotlead. Only its owner may read this file; it belongs into no repository."
)
_SEVERAL_LINES = "_PRIVATE_KEY"
"""End of the names whose values have several lines; here they stand on one."""
_LONGEST_WAIT = 120.0
"""Seconds; longer than any log-in that another process may be in the middle of."""
_PAUSE = 0.02


class SecretsError(Exception):
    """Secrets are there but cannot be used; ``problems`` names each, never its value."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class UnwritableError(SecretsError):
    """The file's folder may not be written, or its disk is full."""


class CredentialFile:
    """Reads and changes one such file. One instance serves several threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._threads = threading.RLock()
        self._depth = 0

    def __repr__(self) -> str:
        return f"CredentialFile({str(self.path)!r})"

    def read(self) -> dict[str, SecretStr]:
        """Name → value of every line; empty when there is no file.

        Raises SecretsError when it may be read by others, or is not of this form.
        """
        return {name: SecretStr(value) for name, value in self._entries(self._lines()).items()}

    def put(self, values: Mapping[str, str | SecretStr | None]) -> None:
        """Set these names and leave the others alone; None takes a name out.

        On return the file is on the disk. Raises SecretsError, and then nothing was changed.
        """
        given = {name: _plain(name, value) for name, value in values.items()}
        with self.locked():
            lines = self._lines()
            known = self._entries(lines)
            self._write(_changed(lines or [_HEAD], given, known))

    def prove_writable(self) -> None:
        """Raise SecretsError when ``put`` would not work."""
        with self.locked():
            self._lines()
            try:
                with tempfile.NamedTemporaryFile(prefix=self._prefix, dir=self._target().parent):
                    return
            except OSError as error:
                raise self._unwritable(error) from error

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep every other process and thread from changing the file; may be nested.

        Raises SecretsError when the folder cannot be written or the lock is never given back.
        """
        with self._threads, contextlib.ExitStack() as held:
            if self._depth == 0:
                held.enter_context(self._lock_file())
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1

    @contextmanager
    def turn(self) -> Iterator[None]:
        """``locked``, but in a folder that cannot be written: there nobody can change the file."""
        with contextlib.ExitStack() as held:
            try:
                held.enter_context(self.locked())
            except UnwritableError:
                held.enter_context(self._threads)
            yield

    @contextmanager
    def _lock_file(self) -> Iterator[None]:
        path = self._target().with_name(f"{self._target().name}.lock")
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            deadline = time.monotonic() + _LONGEST_WAIT
            while not _taken(handle):
                if time.monotonic() > deadline:
                    what = f"{path} is held by another process for minutes"
                    raise SecretsError([f"{what}; see which hotlead hangs, and stop it"])
                time.sleep(_PAUSE)
            yield
        finally:
            os.close(handle)

    def _target(self) -> Path:
        """The file itself, at the end of a symbolic link; a link shall stay one."""
        return Path(os.path.realpath(self.path))

    @property
    def _prefix(self) -> str:
        return f".{self._target().name}."

    def _lines(self) -> list[str]:
        try:
            handle = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except FileNotFoundError:
            return []
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "no path"
            mend = "check the path and its permissions"
            raise SecretsError([f"{self.path} cannot be read: {why}; {mend}"]) from error
        try:
            self._refuse_lax(os.fstat(handle))
            with os.fdopen(handle, "rb", closefd=False) as stream:
                raw = stream.read(_MOST_BYTES + 1)
        finally:
            os.close(handle)
        if len(raw) > _MOST_BYTES:
            raise SecretsError([f"{self.path} is too large to be a file of credentials"])
        try:
            return raw.decode().splitlines()
        except UnicodeDecodeError as error:
            raise SecretsError([f"{self.path} is no text file in UTF-8"]) from error

    def _refuse_lax(self, found: os.stat_result) -> None:
        target = self._target()
        shown = str(target) if target == self.path.absolute() else f"{self.path} (that is {target})"
        if not stat.S_ISREG(found.st_mode):
            raise SecretsError([f"{shown} is no file; name a file for the credentials"])
        if found.st_mode & _LOOSE:
            mode = f"{stat.S_IMODE(found.st_mode):04o}"
            what = f"{shown} may be read by others on this machine (mode {mode})"
            raise SecretsError([f"{what}; run: chmod 600 {target}"])

    def _entries(self, lines: list[str]) -> dict[str, str]:
        """Name → value. Tells the place of a wrong line, never what it holds."""
        found: dict[str, str] = {}
        problems = []
        for number, line in enumerate(lines, start=1):
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            name = _name_of(line)
            if not name:
                problems.append(f"{self.path}:{number} is not NAME=value; mend or remove the line")
            elif name in found:
                problems.append(f"{self.path}:{number} sets {name} again; remove one of the lines")
            else:
                found[name] = _unquoted(line.partition("=")[2].strip())
        if problems:
            raise SecretsError(problems)
        return found

    def _write(self, text: str) -> None:
        target = self._target()
        try:
            for left in target.parent.glob(f"{glob.escape(self._prefix)}*"):
                left.unlink()  # of a writer that died: whoever writes holds the lock
            handle, name = tempfile.mkstemp(prefix=self._prefix, dir=target.parent)
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                os.fchmod(stream.fileno(), stat.S_IRUSR | stat.S_IWUSR)
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(name, target)
            _sync_folder(target.parent)
        except OSError as error:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name)
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> UnwritableError:
        mend = "let the user that runs Hotlead write in this folder, or set credentials: in "
        mend += "hotlead.yaml to a place where it may"
        return UnwritableError([f"{self.path} cannot be written: {error.strerror}; {mend}"])


def _plain(name: str, value: str | SecretStr | None) -> str:
    """The value as it stands in the file. Raises SecretsError without showing it."""
    if not _NAME.fullmatch(name):
        raise SecretsError([f"{name!r} is no name for a credential; write it like HOTLEAD_X"])
    text = value.get_secret_value() if isinstance(value, SecretStr) else value or ""
    text = text.strip().replace("\r\n", "\n")
    if not text and value is not None:
        raise SecretsError([f"{name} is empty; give it a value or take it out"])
    if name.endswith(_SEVERAL_LINES):
        text = text.replace("\n", "\\n")
    if not text.isprintable():
        raise SecretsError([f"{name} holds a line break or a control character; copy it again"])
    return f'"{text}"' if _unquoted(text) != text else text


def _changed(lines: list[str], given: Mapping[str, str], known: Mapping[str, str]) -> str:
    """The file with these values in it: comments and order stay, new names come last."""
    new = []
    for line in lines:
        name = _name_of(line)
        if name not in given:
            new.append(line)
        elif given[name]:
            new.append(f"{name}={given[name]}")
    new += [f"{name}={value}" for name, value in given.items() if value and name not in known]
    return "\n".join(new) + "\n"


def _name_of(line: str) -> str:
    """The name that a line sets, or ''."""
    name, equals, _ = line.partition("=")
    name = name.strip()
    return name if equals and _NAME.fullmatch(name) else ""


def _unquoted(text: str) -> str:
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "'\""
    return text[1:-1] if quoted else text


def _taken(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES):
            return False
        raise
    return True


def _sync_folder(folder: Path) -> None:
    """Let the new name itself survive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
