from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gateways.support import Agency, an_agency


@pytest.fixture
def agency(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Agency]:
    with an_agency(tmp_path, monkeypatch) as ready:
        yield ready
