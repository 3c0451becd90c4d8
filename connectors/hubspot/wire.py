"""What every request passes on its way out: it is counted, and gets its token and its version.

Here and nowhere else, because the client library writes both by itself: a token once for the life
of an API object, and versions into each of its paths.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from urllib3.connectionpool import HTTPConnectionPool

from connectors.http import CallCounter

PLACEHOLDER = "taken-from-the-log-in"
_NUMBERED = re.compile(r"^/(?:(crm)/v[34]/([a-z]+)|(account-info|crm-object-schemas)/v3)(?=[/?]|$)")


def dated(path: str, version: str) -> str:
    """A path of the library in this version: ``/crm/v3/objects/…`` → ``/crm/objects/2026-09/…``.

    A version that is no date leaves it as it is.
    """
    if "-" not in version:
        return path
    return _NUMBERED.sub(lambda found: _head(found, version), path)


def _head(found: re.Match[str], version: str) -> str:
    area, part, other = found.groups()
    return f"/{area}/{part}/{version}" if area else f"/{other}/{version}"


def wired(
    kind: type[HTTPConnectionPool],
    counter: CallCounter,
    version: str,
    token: Callable[[], str],
) -> type[HTTPConnectionPool]:
    """A pool whose requests go out so.

    Only a request that carries a token gets ours: urllib3 takes it away before it follows a
    redirect to another host, and there it shall stay away.
    """

    class Wired(kind):  # type: ignore[misc, valid-type]
        def urlopen(
            self,
            method: str,
            url: str,
            body: Any = None,
            headers: Any = None,
            *args: Any,
            **kw: Any,
        ) -> Any:
            counter.add()
            if headers is not None and "Authorization" in headers:
                headers = {**headers, "Authorization": f"Bearer {token()}"}
            return super().urlopen(method, dated(url, version), body, headers, *args, **kw)

    return Wired
