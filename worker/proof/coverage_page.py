"""The proof of coverage as one page that needs nothing else: a heat map, and what to mend."""

from __future__ import annotations

from pathlib import Path

from worker.proof.coverage import Places, Proof, heat_rows, when

_HERE = Path(__file__).parent
_BASE = _HERE.parent / "web" / "static" / "base.css"
_KEY = (
    ("assignee", "✓", "the assigned rep"),
    ("backup", "b", "a backup"),
    ("claim_channel", "#", "a channel claims or covers"),
    ("manager", "m", "the manager"),
    ("admin", "!", "an admin alone"),
    ("none", "·", "suppressed"),
)


def page(proof: Proof, places: Places) -> str:
    """The page as HTML; every text of the CRM and the policy is escaped."""
    from jinja2 import Environment, FileSystemLoader

    letters = {kind: letter for kind, letter, _ in _KEY} | {"coverage_channel": "#", "": "·"}
    of = len(proof.coverage.days)
    shown = [
        {
            "kind": one.kind.value,
            "text": one.text,
            "mend": one.mend,
            "line": places.line(one.path),
            "accounts": one.accounts,
            "samples": one.samples,
            "when": when(one.days, of),
        }
        for one in proof.findings
    ]
    made = Environment(loader=FileSystemLoader(_HERE), autoescape=True)
    return made.get_template("coverage_page.html").render(
        base_css=_BASE.read_text(encoding="utf-8"),
        accounts=f"{proof.coverage.accounts:,}",
        days=proof.coverage.days,
        policy=proof.coverage.policy_hash,
        holes=proof.holes,
        rows=heat_rows(proof),
        letters=letters,
        key=_KEY,
        findings=shown,
    )
