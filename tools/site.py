"""Builds the documentation site into `site/`: `python tools/site.py`, strictly, so that a link to nothing fails.

Pages are the README and those of `docs/`, as they stand there: here they are only put side by side, with a list for
each folder that pages link to. The line that leads to a page's other language is left out, since the site has a switch.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCS, PAGES, BUILT = ROOT / "docs", ROOT / ".site", ROOT / "site"
#: Folders that pages link to as such, and what their list is called.
LISTED = {
    "adr": "Decisions", "reference": "Reference", "schema": "Schemas", "schema/output": "Schemas of output",
    "examples/blueprints": "Examples of blueprints",
}  # fmt: skip
#: The template of decisions is none.
LEFT_OUT = {"0000-template.md"}
#: A link whose text is the name of its file: on the site that is the page's title.
_NAMED = re.compile(r"\[(?:docs/)?([\w./-]+\.md)\]\(\1\)")
_LANGUAGES = re.compile(r"^\[(?:한국어|English)\]\([^)]+\)\n+", re.MULTILINE)
_STYLE = """\
/* Names of tests and commands are long: they break, and narrow screens scroll the table, not the page. */
.md-typeset table:not([class]) { font-size: 0.68rem; }
.md-typeset table:not([class]) td { min-width: 7rem; }
.md-typeset table:not([class]) td code { overflow-wrap: anywhere; }
.md-typeset h1, .md-typeset h2 { font-weight: 400; color: var(--md-default-fg-color); }
.md-grid { max-width: 76rem; }
/* Korean breaks between words. */
:lang(ko) .md-typeset, :lang(ko) .md-nav { word-break: keep-all; }
"""


def put_together() -> None:
    """The pages below `.site/`, made anew."""
    shutil.rmtree(PAGES, ignore_errors=True)
    shutil.copytree(DOCS, PAGES, ignore=shutil.ignore_patterns(*LEFT_OUT, "dashboards"))
    for language in ("", ".ko"):
        text = (ROOT / f"README{language}.md").read_text(encoding="utf-8")
        (PAGES / f"index{language}.md").write_text(text.replace("](docs/", "]("), encoding="utf-8")
    for page in PAGES.rglob("*.md"):
        page.write_text(_linked(page, page.read_text(encoding="utf-8")), encoding="utf-8")
    for folder, title in LISTED.items():
        (PAGES / folder / "index.md").write_text(f"# {title}\n\n{''.join(_listed(PAGES / folder))}", encoding="utf-8")
    (PAGES / "site.css").write_text(_STYLE, encoding="utf-8")


def _linked(page: Path, text: str) -> str:
    """A page whose links lead to pages: of folders to their list, of the README to the first page."""
    text = _LANGUAGES.sub("", text, count=1).replace("](../README.md)", "](index.md)")
    for folder in LISTED:
        for end in ("", "/"):
            up = "../" * len(page.relative_to(PAGES).parent.parts)
            text = text.replace(f"]({up}{folder}{end})", f"]({up}{folder}/index.md)")
    return _NAMED.sub(lambda link: f"[{_title(page.parent / link[1])}]({link[1]})", text)


def _title(page: Path) -> str:
    return page.read_text(encoding="utf-8").split("\n", 1)[0].removeprefix("# ")


def _listed(folder: Path) -> Iterator[str]:
    for path in sorted(folder.iterdir()):
        if path.suffix == ".md" and path.name != "index.md":
            yield f"- [{_title(path)}]({path.name})\n"
        elif path.suffix == ".json":
            yield f"- [{path.name}]({path.name})\n"
        elif path.is_dir() and f"{folder.name}/{path.name}" not in LISTED:
            yield from (
                f"- [{path.name}/{one.name}]({path.name}/{one.name})\n"
                for one in sorted(path.iterdir())
                if one.is_file()
            )


def main() -> int:
    """Build; the code that MkDocs ends with."""
    put_together()
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--clean", "--site-dir", str(BUILT)]
    # The notice is of MkDocs' next version (docs/adr/0064), and no warning.
    environ = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(command, cwd=ROOT, env=environ, check=False).returncode  # noqa: S603


if __name__ == "__main__":
    sys.exit(main())
