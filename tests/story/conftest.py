"""A stage for each story."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.story.stage import Stage

Staging = Callable[..., Stage]


@pytest.fixture
def staged(tmp_path: Path, sqlite_url: str) -> Iterator[Staging]:
    """Builds a stage; keyword arguments are those of ``Stage``. The worker runs already."""
    with ExitStack() as stack:

        def build(**more: Any) -> Stage:
            stage = stack.enter_context(Stage(folder=tmp_path, store_url=sqlite_url, **more))
            stage.start()
            return stage

        yield build


@pytest.fixture
def stage(staged: Staging) -> Stage:
    """The small team on Salesforce."""
    return staged()
