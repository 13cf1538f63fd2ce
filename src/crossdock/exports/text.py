"""Text that others wrote, as it may stand in a file that people open: in one line, in the file's characters, and never a formula.

Rule: texts only. What identifies something (a number, a key) is refused where it would have to change, and an amount never comes here.
"""

from __future__ import annotations

import re
import unicodedata

# What a spreadsheet may take for a formula, also after spaces and quotes, which some programs drop: `=`, `+`, `-`, `@`, and what some keyboards give for them.
# It counts after a separator too: a spreadsheet of another country divides cells by another than the file's.
_RUNS = re.compile(r"""(^|[,;|])(?=[\s"'`´‘’‚“”„«»＂＇]*[=+\-@＝﹦＋﹢－﹣−＠﹫])""")  # noqa: RUF001 - these are the ones
# Letters that Unicode does not take apart.
_LETTERS = str.maketrans(
    {"Ł": "L", "ł": "l", "Đ": "D", "đ": "d", "Ħ": "H", "ħ": "h", "ı": "i", "Ŧ": "T", "ŧ": "t", "−": "-"}  # noqa: RUF001
)


def plain(text: str, encoding: str) -> str:
    """The text in one line and in the characters of the encoding, with an apostrophe before what a spreadsheet would run."""
    line = "".join(_printable(character) for character in text).strip()
    # First the characters, then the formula: what is written otherwise may become one.
    return _not_run(_transliterated(line, encoding))


def is_plain(text: str, encoding: str) -> bool:
    """Whether a text is written as it stands."""
    return plain(text, encoding) == text


def _printable(character: str) -> str:
    category = unicodedata.category(character)
    if category in {"Cc", "Zl", "Zp"}:
        return " "
    if category == "Cf":
        # Marks that turn the direction of writing, or that nobody sees.
        return ""
    return "?" if category in {"Cs", "Co", "Cn"} else character


def _transliterated(text: str, encoding: str) -> str:
    return "".join(_encodable(character, encoding) for character in text)


def _encodable(character: str, encoding: str) -> str:
    """The character, the letter it is made of, or `?`."""
    if _fits(character, encoding):
        return character
    letters = unicodedata.normalize("NFKD", character.translate(_LETTERS))
    kept = "".join(letter for letter in letters if not unicodedata.combining(letter) and _fits(letter, encoding))
    return kept or ("" if unicodedata.combining(character) else "?")


def _fits(character: str, encoding: str) -> bool:
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _not_run(text: str) -> str:
    return _RUNS.sub(r"\1'", text)
