"""Where things are in the checkout."""

from __future__ import annotations

import os
from pathlib import Path

WORLDS = Path(__file__).resolve().parent
TESTS = WORLDS.parent
ROOT = TESTS.parent
#: What a process needs on PYTHONPATH to import what tests import.
PYTHON_PATH = f"{TESTS}:{ROOT}"
#: The real home's caches, for tools that tests build (Go). Everything else sees an empty home.
REAL_HOME = Path(os.environ.get("HOME", "/"))
