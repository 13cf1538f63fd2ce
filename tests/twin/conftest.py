"""What the tests of the simulated Amazon may ask for."""

from __future__ import annotations

import pytest

from tests.twin.amazon_caller import Caller


@pytest.fixture
def caller() -> Caller:
    """An account without orders, and an application that calls it."""
    return Caller()
