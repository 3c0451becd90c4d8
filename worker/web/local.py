"""What pages for the person at this machine have in common: files, headers, and who may call.

A page on another site could make a browser call our routes, also under a name that resolves to
this machine; so every request must name a loopback host, and one that changes anything must come
from our own origin with a JSON body, which no form can send.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from ipaddress import ip_address
from urllib.parse import urlsplit

from fastapi import HTTPException, Request
from fastapi.responses import Response

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_MEDIA = {"html": "text/html", "css": "text/css", "js": "text/javascript"}
SHARED: Mapping[str, str] = {"base.css": "worker.web", "dom.js": "worker.web"}
"""The files that every page may use, each with the package whose folder ``static`` holds it."""


def static_file(name: str, package: str) -> Response:
    """A file of the folder ``static`` of a package."""
    body = (files(package) / "static" / name).read_bytes()
    media = f"{_MEDIA[name.rpartition('.')[2]]}; charset=utf-8"
    return Response(body, media_type=media, headers=HEADERS)


def loopback_only(request: Request) -> None:
    """Refuse a request that was not addressed to this machine by a loopback name."""
    if not _is_loopback(request.headers.get("host", "")):
        raise HTTPException(403, "this page answers to 127.0.0.1 and localhost only")


def same_origin(request: Request) -> None:
    """Refuse what another site's page, or a form, made the browser send."""
    origin = request.headers.get("origin")
    host = request.headers.get("host", "")
    site = request.headers.get("sec-fetch-site", "same-origin")
    if origin is not None and urlsplit(origin).netloc != host:
        raise HTTPException(403, "this comes from another page")
    if site not in ("same-origin", "none"):
        raise HTTPException(403, "this comes from another page")
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "application/json":
        raise HTTPException(415, "send Content-Type: application/json")


def _is_loopback(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False
