"""How ``hotlead drill`` speaks: the plan, the line of progress, the report."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from worker.cli.output import console, errors, print_table, printable
from worker.store.engine import Store

if TYPE_CHECKING:
    from worker.drill.asking import Record
    from worker.drill.plan import Target
    from worker.drill.report import Report

_LOOK_SECONDS = 0.5
_STEPS = {
    "open": "is being opened",
    "complete": "is open",
    "read": "is completed",
    "remove": "is read back",
    "done": "is proved and removed",
    "failed": "has failed",
}


def say(text: str) -> None:
    """A sentence that no markup and no width changes."""
    shown = "\n".join(printable(line) for line in text.split("\n"))
    console.print(shown, markup=False, highlight=False, soft_wrap=True)


def print_plan(targets: Sequence[Target], record: Record | None) -> None:
    """Who would get what."""
    rows = []
    for one in targets:
        what = "a test message"
        if not one.gets_message:
            why = one.skipped or one.problem
            what = f"nothing: {why}" + (f" (mend: {one.mend})" if one.mend else "")
        behind = " → ".join(rung["name"] for rung in one.rungs)
        rows.append((one.name, one.email or one.kind, one.why, what, behind))
    columns = ("who", "where", "told as", "gets", "behind them")
    print_table("Who would be told", columns, rows)
    told = [one for one in targets if one.gets_message]
    people = sum(one.kind == "person" for one in told)
    said = f"{people} {'person' if people == 1 else 'people'} and {len(told) - people} channels "
    said += "would get a test message."
    if record is not None:
        said += f" The CRM would get one marked task about {record.name}, removed at the end."
    say(f"{said} Nothing was sent.")


def follow(store: Store, drill_id: int) -> Report:
    """Show how far the drill is until it is over; Ctrl-C leaves it to the worker."""
    from worker.drill.report import report_of

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    found = report_of(store, drill_id)
    if found.over or found.waits:
        return found
    with Progress(*columns, console=errors, transient=True) as bar:
        line = bar.add_task(_how_far(found), total=None)
        try:
            while True:
                time.sleep(_LOOK_SECONDS)
                found = report_of(store, drill_id)
                if found.over or found.waits:
                    return found
                bar.update(line, description=_how_far(found))
        except KeyboardInterrupt:
            bar.stop()
            errors.print(f"Drill {drill_id} goes on in the worker: hotlead drill report --follow")
            raise


def _how_far(found: Report) -> str:
    counts = found.counts
    said = f"drill {found.drill['drill']}: {counts.delivered} of {counts.messages} delivered, "
    said += f"{counts.pressed} pressed, {counts.escalated} passed on"
    if found.write_back is not None:
        said += f", the task {_STEPS[found.write_back['step']]}"
    return said


def print_report(found: Report) -> None:
    """By person, then by channel, the write-back, and what to mend."""
    number = found.drill["drill"]
    if found.drill["state"] == "withdrawn":
        say(f"Drill {number} by {found.drill['by']} was withdrawn; nobody was told.")
        return
    people = [(*_who(one), *_states(one), _path(one)) for one in found.people]
    if people:
        columns = ("who", "told as", "identity", "delivery", "button", "escalation")
        print_table(f"Drill {number}: people", columns, people)
    others = [(*_who(one), *_states(one)[1:]) for one in found.channels]
    if others:
        heads = ("channel", "told as", "delivery", "button")
        print_table(f"Drill {number}: channels", heads, others)
    others = [
        (one["name"], "; ".join(one["stands_in_for"]), *_states(one)[1:]) for one in found.covers
    ]
    if others:
        heads = ("stood in", "because", "delivery", "button")
        print_table(f"Drill {number}: passed on", heads, others)
    _print_write_back(found.write_back)
    _print_mends(found)
    _print_sum(found)


def _who(one: dict[str, Any]) -> tuple[str, str]:
    name = one["name"]
    return (f"{name} ({one['email']})" if one["email"] not in ("", name) else name), one["why"]


def _states(one: dict[str, Any]) -> tuple[str, str, str]:
    """Identity, delivery and button in a few words each."""
    delivery, button, identity = one["delivery"], one["button"], one["identity"]
    if identity is None:
        known = ""
    elif not identity["crm_user"]:
        known = "✗ no CRM user" if one["problem"] else "– no CRM user"
    elif identity["address"]:
        known = f"✓ {identity['surface']} {identity['address']}"
    else:
        known = "– not looked up" if identity["address"] is None else "✗ not found"
    told = {
        "sent": "✓ delivered",
        "skipped": f"– left alone: {one['skipped']}",
        "waiting": f"… waiting{': ' + delivery['error'] if delivery['error'] else ''}",
        "failed": "✗ not delivered",
        "unsent": "✗ not sent in time",
    }[delivery["state"]]
    pressed = {
        "": "",
        "waiting": "… waiting",
        "silent": "! not pressed",
        "no_button": "– none there",
        "pressed": f"✓ {_took(button['seconds'])}",
    }[button["state"]]
    if button["state"] == "pressed" and (one["identity"] is None or button["problem"]):
        pressed += f" by {button['by']}"
    return known, told, pressed + (" !" if button["problem"] else "")


def _took(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def _path(one: dict[str, Any]) -> str:
    path = one["escalation"]
    if path is None:
        return ""
    if path["told"]:
        return f"passed on to {path['told']}"
    if path["told"] == "":
        return "✗ nobody was left"
    behind = " → ".join(path["behind"])
    return behind if path["reachable"] else f"✗ {behind} cannot be reached"


def _print_write_back(task: dict[str, Any] | None) -> None:
    if task is None:
        say("Write-back: not tried (--no-write-back).")
        return
    about = f"a marked task about {task['about']}"
    steps = [name for name in ("opened", "completed", "read", "removed") if task[name]]
    done = ", ".join("read back" if name == "read" else name for name in steps) or "nothing yet"
    if task["state"] == "ok":
        say(f"Write-back: ✓ {about} was opened, completed, read back and removed.")
    elif task["state"] == "failed":
        say(f"Write-back: ✗ {about} ({done}): {task['problem']}.")
        say(f"  Mend: {task['mend'] or 'hotlead doctor says what is wrong'}")
    else:
        waits = f"; it is tried again: {task['problem']}" if task["problem"] else ""
        say(f"Write-back: … {about} ({done}{waits}).")


def _print_mends(found: Report) -> None:
    records = (*found.people, *found.channels, *found.covers)
    mends: dict[tuple[str, str], list[str]] = {}
    for one in records:
        if one["mend"]:
            mends.setdefault((one["problem"], one["mend"]), []).append(one["name"])
    for (problem, mend), names in mends.items():
        say(f"✗ {', '.join(dict.fromkeys(names))}: {problem}.\n  Mend: {mend}")
    for one in records:
        if one["button"]["problem"]:
            say(f"! {one['name']}: {one['button']['problem']}.")
    if found.drill["policy_differs"]:
        say(
            "! The worker runs another policy than hotlead.yaml says. Start hotlead run again, "
            "and drill again."
        )


def _print_sum(found: Report) -> None:
    counts = found.counts
    state = found.drill["state"]
    said = f"Drill {found.drill['drill']} by {found.drill['by']}"
    said += ": " if state == "ended" else " is under way: "
    parts = [
        f"{counts.unreachable} unreachable",
        f"{counts.delivered} of {counts.messages} delivered",
        f"{counts.pressed} pressed",
    ]
    parts += [f"{counts.silent} did not press"] if counts.silent else []
    parts += [f"{counts.skipped} left alone"] if counts.skipped else []
    say(f"{said}{', '.join(parts)}.")
