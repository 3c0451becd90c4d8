"""The errors that a connector may raise. One place in the worker catches them and decides."""

from __future__ import annotations


class ConnectorError(Exception):
    """Something outside said no. ``mend`` tells an admin what to do about it, or is empty."""

    def __init__(self, message: str, *, mend: str = "") -> None:
        super().__init__(message)
        self.mend = mend


class PermanentError(ConnectorError):
    """Trying again cannot help: the record, place or value itself is refused."""


class ConfigError(PermanentError):
    """Trying again helps only after an admin changed a setting, scope, field or permission."""


class AuthError(ConfigError):
    """The credentials were refused or have been withdrawn."""


class TemporaryError(ConnectorError):
    """Try again, not before ``retry_after`` seconds where the other side named them.

    ``tries``: after so many in all it is not worth another; None for as long as it takes.
    """

    def __init__(
        self,
        message: str,
        *,
        retry_after: float | None = None,
        mend: str = "",
        tries: int | None = None,
    ) -> None:
        super().__init__(message, mend=mend)
        self.retry_after = retry_after
        self.tries = tries


class LimitError(TemporaryError):
    """A rate or daily limit is used up; ``daily`` when it is the day's."""

    def __init__(
        self,
        message: str,
        *,
        retry_after: float | None = None,
        daily: bool = False,
        mend: str = "",
        tries: int | None = None,
    ) -> None:
        super().__init__(message, retry_after=retry_after, mend=mend, tries=tries)
        self.daily = daily


class UnclearError(TemporaryError):
    """The call was sent and its outcome is unknown: look before trying again."""
