"""What a playing ended with: what works, what is missing with its mend, and what comes next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from connectors.base import Check
from connectors.guiding import Guide
from worker.connect.guided import Guided
from worker.secrets import Secrets
from worker.settings import Settings, missing_secrets


@dataclass(frozen=True, slots=True, kw_only=True)
class NextStep:
    """What the admin does after this, in words, and the command for it."""

    text: str
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The end of a playing. ``written`` are the files that were changed."""

    guide: Guide
    flow: str
    checks: Sequence[Check]
    written: Sequence[Path] = ()
    installed: Sequence[Check] = ()
    following: Sequence[NextStep] = ()

    @property
    def missing(self) -> list[Check]:
        """What Hotlead cannot do without."""
        return [one for one in (*self.installed, *self.checks) if one.state == "fail"]

    @property
    def lesser(self) -> list[Check]:
        """What is off or to be looked at, without which the rest works."""
        return [one for one in (*self.installed, *self.checks) if one.state == "warn"]

    def as_json(self) -> dict[str, Any]:
        """The same for programs; no secret is part of it."""
        return {
            "ok": not self.missing,
            "system": self.guide.name,
            "flow": self.flow,
            "written": [str(path) for path in self.written],
            "installed": [asdict(one) for one in self.installed],
            "missing": [asdict(one) for one in self.missing],
            "to_look_at": [asdict(one) for one in self.lesser],
            "checks": [asdict(one) for one in self.checks],
            "next": [asdict(one) for one in self.following],
        }


@dataclass(frozen=True, slots=True)
class Connected:
    """What a next step may ask about."""

    guide: Guide
    config: Path
    settings: Settings
    secrets: Secrets
    ready: bool
    """Whether nothing that is needed is missing."""


def _surface(done: Connected) -> NextStep | None:
    """The other system of the two, while its secrets are missing."""
    name = done.settings.policy.surface
    missing = missing_secrets(done.settings, done.secrets)
    if done.guide.kind == "surface" or not any(name.upper() in one for one in missing):
        return None
    text = "Connect the place where your reps are told"
    return NextStep(text=text, command=f"hotlead connect {name}")


def _crm(done: Connected) -> NextStep | None:
    name = done.settings.crm
    missing = missing_secrets(done.settings, done.secrets)
    if done.guide.kind == "crm" or not any(name.upper() in one for one in missing):
        return None
    return NextStep(
        text="Connect your CRM (salesforce or hubspot)", command=f"hotlead connect {name}"
    )


def _fill_in(done: Connected) -> NextStep | None:
    if "YOUR-" not in done.config.read_text(encoding="utf-8", errors="replace"):
        return None
    text = f"Put your people and channels into {done.config}, where it says YOUR"
    return NextStep(text=text, command="hotlead check")


def _mirror(done: Connected) -> NextStep | None:
    ready = done.ready and not missing_secrets(done.settings, done.secrets)
    if not ready:
        return None
    return NextStep(
        text="Mirror the CRM once, then look at everything",
        command="hotlead sync --once && hotlead doctor",
    )


def _profile(done: Connected) -> NextStep | None:
    """After the mirror, as it reads it: the preset's stage classes and roles are a guess."""
    mirrored = _mirror(done) is not None  # offered right before this
    if not done.ready or not (mirrored or done.guide.kind == "crm"):
        return None
    text = "Let it propose the stage classes and roles that fit your CRM"
    return NextStep(text=text, command="hotlead profile" if mirrored else _MIRROR_AND_PROFILE)


_MIRROR_AND_PROFILE = "hotlead sync --once && hotlead profile"
NEXT_STEPS: tuple[Callable[[Connected], NextStep | None], ...] = (
    _crm,
    _surface,
    _fill_in,
    _mirror,
    _profile,
)
"""Asked in this order after what was given is stored; each may have nothing to say."""


def next_steps(done: Connected) -> list[NextStep]:
    """What to do after this."""
    found = (step(done) for step in NEXT_STEPS)
    return [one for one in found if one is not None]


def finished(guided: Guided, outcome: Outcome) -> Outcome:
    """The outcome with what comes next."""
    done = Connected(
        guided.guide,
        guided.config.path,
        guided.settings(),
        guided.secrets(),
        not outcome.missing,
    )
    return replace(outcome, following=next_steps(done))
