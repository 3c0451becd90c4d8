"""The log-in in a browser for those who connect on the terminal."""

from __future__ import annotations

import queue
from collections.abc import Collection, Mapping
from contextlib import ExitStack
from urllib.parse import parse_qsl, urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from worker.connect.consenting import ConsentError, Consenting
from worker.connect.guided import Guided
from worker.connect.local_server import listening_on, opened_in_browser, serving
from worker.connect.terminal import Terminal

_NOTHING = "the browser has not come back yet"


def consent_by_browser(guided: Guided, terminal: Terminal, *, open_browser: bool) -> None:
    """Ask for the log-in until one succeeds. Raises UsageError when the input or port is gone."""
    returned: queue.SimpleQueue[Mapping[str, str]] = queue.SimpleQueue()
    with ExitStack() as stack:
        listening = listening_on(int(urlsplit(guided.redirect_uri).port or 0))
        stack.enter_context(serving(_way_back(returned), listening))
        while True:
            consenting = Consenting(guided)
            terminal.say()
            terminal.say(f"Log in to {guided.guide.title} and allow Hotlead, at this address:")
            terminal.say(f"   {consenting.address}")
            if open_browser:
                stack.enter_context(opened_in_browser(consenting.address))
            said = terminal.ask(
                "Press Enter when the browser says “Back to the terminal”. On another machine: "
                "paste the address at which the browser ended. If there was no page to log in: r "
                "gives the app's key and secret again"
            )
            if said.lower() == "r":
                _answer_again(guided, terminal, [ask.name for ask in guided.flow.asks()])
                continue
            try:
                consenting.finish(_pasted(said) if said else _returned(returned))
            except ConsentError as error:
                terminal.say(f"✗ {error}", "red")
                _answer_again(guided, terminal, error.asks)
                continue
            terminal.say("✓ logged in", "green")
            return


def _answer_again(guided: Guided, terminal: Terminal, names: Collection[str]) -> None:
    for ask in guided.flow.asks():
        if ask.name in names:
            terminal.answer(guided, ask)


def _way_back(returned: queue.SimpleQueue[Mapping[str, str]]) -> Starlette:
    async def callback(request: Request) -> Response:
        returned.put(dict(request.query_params))
        return PlainTextResponse("Back to the terminal: press Enter there. This may be closed.")

    return Starlette(routes=[Route("/callback", callback)])


def _pasted(address: str) -> Mapping[str, str]:
    return dict(parse_qsl(urlsplit(address).query))


def _returned(returned: queue.SimpleQueue[Mapping[str, str]]) -> Mapping[str, str]:
    """The newest return: an older one belongs to a log-in that failed."""
    newest: Mapping[str, str] | None = None
    while not returned.empty():
        newest = returned.get()
    if newest is None:
        raise ConsentError(_NOTHING)
    return newest
