"""The log-in of a person at the vendor's page, for the flows that want one (PKCE and ``state``)."""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from connectors.errors import ConnectorError
from connectors.oauth import new_state, pkce_pair
from worker.adapters import consent_for
from worker.connect.guided import Guided
from worker.validation import shown

_REFUSED = {
    "access_denied": "the log-in was not allowed there",
    "redirect_uri_mismatch": "the callback URL of the app is another one; it must be {uri}",
}


class ConsentError(Exception):
    """The log-in did not succeed; the text says why, without any secret.

    ``asks`` are the names of the answers that were wrong, where that is known.
    """

    def __init__(self, message: str, asks: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.asks = asks


class Consenting:
    """One log-in: good for one return of the browser."""

    def __init__(self, guided: Guided) -> None:
        """Raises SettingsError or SecretsError."""
        self._guided = guided
        self._state = new_state()
        self._pkce = pkce_pair()
        self._consent = consent_for(guided.settings(), guided.secrets())
        self.address = self._consent.address(guided.redirect_uri, self._state, self._pkce.challenge)

    def finish(self, query: Mapping[str, str]) -> None:
        """Take what the browser came back with. Raises ConsentError."""
        if not hmac.compare_digest(query.get("state", "").encode(), self._state.encode()):
            raise ConsentError("this is no answer to the log-in that was begun here; begin again")
        if query.get("error"):
            raise ConsentError(self._refusal(query))
        if not query.get("code"):
            raise ConsentError("the vendor sent no code; begin again")
        try:
            grant = self._consent.exchange(
                query["code"], self._guided.redirect_uri, self._pkce.verifier
            )
        except ConnectorError as error:
            raise self._refused(error) from error
        if grant.refresh_token is None:
            raise ConsentError("the vendor gave no refresh token; look at the app's scopes")
        self._guided.give_secret(self._guided.guide.refresh_token, grant.refresh_token)

    def _refused(self, error: ConnectorError) -> ConsentError:
        guide = self._guided.guide
        blames = guide.blames_for(f"{guide.name} log-in", str(error))
        asks = tuple(name for blame in blames for name in blame.asks)
        said = f"{blames[0].says} ({error})" if blames else f"{error}"
        mend = f"; {error.mend}" if error.mend else ""
        return ConsentError(f"{said}{mend}", asks)

    def _refusal(self, query: Mapping[str, str]) -> str:
        known = _REFUSED.get(query["error"], "")
        said = shown(query.get("error_description") or query["error"])
        return known.format(uri=self._guided.redirect_uri) or f"the vendor says: {said}"
