"""The verifier is a program of its own: its folder is put where Python looks, since it is not installed here."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "verify"))
