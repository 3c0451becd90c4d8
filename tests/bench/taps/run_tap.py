"""Runs a tap inside the tap's own environment: its hosts lead to the sandbox, nothing else differs.

Standing alone, as nothing of Hotlead is installed there. Messages go to ``FOLDER/out.jsonl``, how
long it took and how many calls it made to ``FOLDER/took.json``. Imports are not counted.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from pathlib import Path
from typing import Any

requests: Any = importlib.import_module("requests")
_calls = 0


def count_calls() -> None:
    """Count what any session sends."""
    send = requests.Session.send

    def counted(self: Any, request: Any, **how: Any) -> Any:
        global _calls
        _calls += 1
        return send(self, request, **how)

    requests.Session.send = counted


def salesforce(url: str) -> Any:
    """The tap, whose log-in host is written into a method: its session leads elsewhere."""
    tap: Any = importlib.import_module("tap_salesforce")

    class There(requests.adapters.HTTPAdapter):  # type: ignore[misc]
        def send(self, request: Any, **how: Any) -> Any:
            request.url = request.url.replace("https://login.salesforce.com", url)
            return super().send(request, **how)

    class Redirected(tap.Salesforce):  # type: ignore[misc]
        def __init__(self, **how: Any) -> None:
            super().__init__(**how)
            self.session.mount("https://login.salesforce.com", There())

    tap.Salesforce = Redirected
    return tap


def hubspot(url: str) -> Any:
    """The tap, whose host is a constant."""
    tap: Any = importlib.import_module("tap_hubspot")
    tap.BASE_URL = url
    return tap


def main() -> None:
    """``run_tap.py salesforce|hubspot URL FOLDER [--discover]``"""
    name, url, place, *more = sys.argv[1:]
    folder = Path(place)
    tap = {"salesforce": salesforce, "hubspot": hubspot}[name](url)
    chosen = more or ["--properties", str(folder / "catalog.json")]
    sys.argv = [f"tap-{name}", "--config", str(folder / "config.json"), *chosen]
    count_calls()
    with (folder / "out.jsonl").open("w", encoding="utf-8") as out:
        sys.stdout = out
        began = time.perf_counter()
        tap.main_impl()
        out.flush()
        seconds = time.perf_counter() - began
    (folder / "took.json").write_text(json.dumps({"seconds": seconds, "calls": _calls}))


if __name__ == "__main__":
    main()
