"""What is written is what is there."""
from __future__ import annotations

import pytest

from crossdock.domain.case_kinds import ALL_CASE_KINDS
from crossdock.store.database import Database
from tests.house.case_gallery import EXAMPLES, TOP, gallery, play
from tests.joined_twin import Stage


def test_gallery_is_what_is_generated(request: pytest.FixtureRequest) -> None:
    """`docs/cases.md` says what the catalogue says; `make golden` writes it anew."""
    page = TOP / "docs" / "cases.md"
    if request.config.getoption("--golden"):
        page.write_text(gallery(), encoding="utf-8")
    assert page.read_text(encoding="utf-8") == gallery()

@pytest.mark.parametrize("code", [kind.code for kind in ALL_CASE_KINDS])
def test_example_shows_its_case(stage: Stage, database: Database, code: str) -> None:
    """Every kind of case has an example, and playing it opens a case of this kind."""
    assert code in play(EXAMPLES[code], stage.scene(), database)
