"""The colours of the style sheet, computed: WCAG 2.2 AA in the light and in the dark."""

from __future__ import annotations

import re

import pytest

from crossdock.web.pages import STATIC

CSS = (STATIC / "desk.css").read_text()
LIGHT, DARK = (
    dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
    for block in re.findall(r":root \{(.*?)\n *\}", CSS, re.DOTALL)
)
TEXT, SHAPE = 4.5, 3.0

PAIRS = [
    *((colour, paper, TEXT) for colour in ("ink", "dim", "link", "bad") for paper in ("paper", "card")),
    *((colour, "raised", TEXT) for colour in ("ink", "dim", "link", "bad")),
    *(("ink", paper, TEXT) for paper in ("chip", "bad-paper")),
    *((colour, "chip", TEXT) for colour in ("dim", "link")),
    *((colour, "bad-paper", TEXT) for colour in ("dim", "bad", "link")),
    *((colour, "card", SHAPE) for colour in ("good", "wait", "bad", "other", "edge", "fbm", "fba", "focus")),
    *((colour, "paper", SHAPE) for colour in ("edge", "focus")),
]


def luminance(colour: str) -> float:
    """Relative luminance as WCAG defines it."""
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, from 1 to 21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("front", "back", "least"), PAIRS, ids=str)
def test_contrast(palette: dict[str, str], front: str, back: str, least: float) -> None:
    """4.5 for text, 3 for dots, bars, borders of fields and the focus ring."""
    assert contrast(palette[front], palette[back]) >= least


def test_the_dark_palette_is_whole() -> None:
    """Every colour of the light has its counterpart; none is written anywhere else in the sheet."""
    assert LIGHT.keys() == DARK.keys()
    assert len(re.findall(r"#[0-9a-fA-F]{3,8}\b", CSS)) == len(LIGHT) + len(DARK)
