from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from worker.settings import Settings, SettingsError, load_settings

KEYS = tuple(Settings.model_fields)
POLICY: dict[str, Any] = {
    "routes": [{"name": "All", "to": "person:a@b.example"}],
    "ladder": [{"to": "assignee"}],
    "places": {"admins": ["a@b.example"]},
}
any_text = st.text(max_size=30)
any_value = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | any_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(any_text, inner, max_size=4),
    max_leaves=10,
)


def judged(folder: Path, text: bytes) -> None:
    """The file loads, or every problem has a place and a mend."""
    path = folder / "hotlead.yaml"
    path.write_bytes(text)
    try:
        load_settings(path)
    except SettingsError as error:
        problems = error.problems
    else:
        return
    assert problems
    for problem in problems:
        assert problem.line >= 1
        assert problem.column >= 1
        assert problem.mend
        str(problem).encode()


@settings(deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
@example(b"[" * 5000)
@example(b"a:\n" * 5000)
@example(b"- " * 5000)
def test_any_bytes_load_or_are_refused_with_places(tmp_path_factory: Any, text: bytes) -> None:
    judged(tmp_path_factory.getbasetemp(), text)


@settings(deadline=None)
@given(st.sampled_from(KEYS), any_value)
def test_any_value_of_any_key_loads_or_is_refused_with_places(
    tmp_path_factory: Any, key: str, value: Any
) -> None:
    whole = {"crm": "csv", "csv": {"folder": "crm"}, "policy": POLICY, key: value}
    judged(tmp_path_factory.getbasetemp(), json.dumps(whole).encode())


@settings(deadline=None)
@given(st.sampled_from([*POLICY, "roles", "backups", "working_hours", "priority"]), any_value)
def test_any_value_inside_the_policy_loads_or_is_refused_with_places(
    tmp_path_factory: Any, key: str, value: Any
) -> None:
    whole = {"crm": "csv", "csv": {"folder": "crm"}, "policy": {**POLICY, key: value}}
    judged(tmp_path_factory.getbasetemp(), json.dumps(whole).encode())
