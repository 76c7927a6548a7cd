"""Pictures of every message in both languages, for the documents: `python tests/browser/message_pictures.py [FOLDER]`.

With a folder, PNGs of them for whoever looks at them; else the SVGs below `docs/pictures/messages`.
"""

from __future__ import annotations

import base64
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS.parent)]

from chromium import launched  # noqa: E402

from worlds.message_sheets import PICTURES, WIDTH, picture, sheets  # noqa: E402
from worlds.places import REAL_HOME  # noqa: E402

#: Other fonts than here take more room.
_SPARE = 1.04


def main(to: Path | None) -> None:
    """Take them all."""
    with launched(REAL_HOME) as browser:
        page = browser.new_page(viewport={"width": WIDTH, "height": 100})
        for name, sheet in sheets().items():
            page.set_content(f"<body style='margin: 0'>{sheet}")
            drawn = picture(sheet, int(page.evaluate("document.querySelector('.sheet').scrollHeight") * _SPARE))
            if to is None:
                PICTURES.mkdir(parents=True, exist_ok=True)
                (PICTURES / f"{name}.svg").write_text(drawn)
                continue
            to.mkdir(parents=True, exist_ok=True)
            source = base64.b64encode(drawn.encode()).decode()
            page.set_content(f"<body style='margin: 0'><img src='data:image/svg+xml;base64,{source}'>")
            page.locator("img").screenshot(path=to / f"{name}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
