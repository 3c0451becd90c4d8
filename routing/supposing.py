"""What is supposed of a signal and its prospect when nothing has come in yet.

The proof of coverage supposes the plainest signal of each class, from somebody of whom no more is
known than their account; a team's sentence may suppose more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from routing.nouns import Prospect, Sentiment, Signal, SignalKind
from routing.policy_parts import MultiOpen
from routing.priority import classify
from routing.snapshot import Snapshot
from routing.terms import SignalClass

_KINDS = {
    SignalClass.POSITIVE_REPLY: SignalKind.REPLY,
    SignalClass.MULTI_OPEN: SignalKind.MULTI_OPEN,
    SignalClass.REPLY: SignalKind.REPLY,
    SignalClass.FORM: SignalKind.FORM,
    SignalClass.CLICK: SignalKind.CLICK,
    SignalClass.VISIT: SignalKind.VISIT,
    SignalClass.OPEN: SignalKind.OPEN,
}


def signal_of(signal_class: SignalClass, now: datetime) -> Signal:
    """The plainest signal of a class, from somebody of whom no more is known."""
    return Signal(
        source="coverage",
        event_id=signal_class.value,
        kind=_KINDS[signal_class],
        prospect_email="",
        occurred_at=now,
        received_at=now,
        tier=1 if signal_class in (SignalClass.MULTI_OPEN, SignalClass.OPEN) else None,
        sentiment=Sentiment.POSITIVE if signal_class is SignalClass.POSITIVE_REPLY else None,
        count=2 if signal_class is SignalClass.MULTI_OPEN else 1,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Supposed:
    """Values beside those of the plainest signal. ``fields`` are the prospect's, by CRM name.

    A prospect with a title, a role or fields is one whom the CRM knows.
    """

    kind: SignalKind | None = None
    tier: int | None = None
    confidence: float | None = None
    sentiment: Sentiment | None = None
    language: str = ""
    sending_rep: str = ""
    known_prospect: bool = False
    title: str = ""
    contact_role: str = ""
    fields: tuple[tuple[str, str], ...] = ()

    def signal(self, signal_class: SignalClass, now: datetime, rule: MultiOpen) -> Signal | None:
        """The signal of a class; None where what is supposed makes it one of another class."""
        plain = signal_of(signal_class, now)
        unsure = self.tier is not None or self.confidence is not None
        made = replace(
            plain,
            kind=self.kind or plain.kind,
            tier=self.tier if unsure else plain.tier,
            confidence=self.confidence,
            sentiment=self.sentiment or plain.sentiment,
            language=self.language,
            sending_rep=self.sending_rep,
            count=max(plain.count, rule.opens) if plain.count > 1 else plain.count,
        )
        if self.sentiment is not None and made.kind is not SignalKind.REPLY:
            return None
        says_what_it_is = self.kind is not None or self.sentiment is not None or unsure
        if says_what_it_is and classify(made, (), rule)[0] is not signal_class:
            return None
        return made

    def within(self, snapshot: Snapshot) -> Snapshot:
        """The facts with the prospect of whom this is supposed, if the CRM is to know them."""
        known = self.known_prospect or self.title or self.contact_role or self.fields
        account = snapshot.account
        if not known or account is None:
            return snapshot
        prospect = Prospect(
            id="supposed",
            kind="contact",
            email="",
            name="",
            title=self.title,
            account_id=account.id,
            fields=dict(self.fields),
        )
        takes_part = {deal.id: self.contact_role for deal in snapshot.deals if self.contact_role}
        return replace(
            snapshot,
            prospect=prospect,
            contact_roles=takes_part,
            prospect_deals=frozenset(takes_part),
        )

    def __str__(self) -> str:
        """In words, for a case in which a sentence does not hold: “title CISO, language de”."""
        said = [
            f"{name.replace('_', ' ')} {getattr(value, 'value', value)}"
            for name in ("kind", "tier", "confidence", "sentiment", "language", "sending_rep")
            if (value := getattr(self, name)) not in (None, "")
        ]
        said += [f"title {self.title}"] if self.title else []
        said += [f"contact role {self.contact_role}"] if self.contact_role else []
        said += [f"prospect.{name} {value}" for name, value in self.fields]
        return ", ".join(said)


NOTHING = Supposed()
