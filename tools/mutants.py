"""Change each line of decisions a little, and list what no test notices: `python tools/mutants.py [PART …]`.

A part is a package or a module below reconcilers/ (capacity, guard/leases); none: every one of them. Its tests are
those of tests/reconcilers/<package> and the files beside that; of them mutmut runs what comes by the changed code.
Everything happens in a copy, .mutants/<part>, where results stay: a second run goes on. MINUTES bounds a part.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SCRATCH = ROOT / ".mutants"
COPIED = (
    "generator", "reconcilers", "hub", "tests", "templates", "environments", "argocd", "requirements", "pyproject.toml"
)  # fmt: skip
#: Declarations only: nothing there decides.
NO_DECISIONS = ("reconcilers/ports/*",)
MINUTES = float(os.environ.get("MINUTES", "15"))


def main() -> int:
    """Run each part; 1 when a mutant survived, or when nothing was tried."""
    tried = [mutate(part) for part in sys.argv[1:] or parts()]
    return 0 if tried and not any(tried) else 1


def parts() -> list[str]:
    """Every package and single module of reconcilers/ that has something to decide."""
    found = [path.stem for path in sorted((ROOT / "reconcilers").iterdir()) if path.name[0] not in "_."]
    return [name for name in found if name != "ports"]


def mutate(part: str) -> list[str]:
    """Try the mutants of one part, print the survivors as differences, and return their names."""
    source = ROOT / "reconcilers" / part
    if not source.exists() and not source.with_suffix(".py").exists():
        raise SystemExit(f"there is no reconcilers/{part}: {', '.join(parts())}")
    work = SCRATCH / part.replace("/", "-")
    lay_out(work, part)
    tell(f"== reconcilers/{part}: at most {MINUTES:g} minutes")
    with (work / "run.log").open("wb") as log:
        try:
            mutmut("run", work=work, stdout=log, stderr=log, timeout=MINUTES * 60)
        except subprocess.TimeoutExpired:
            tell("the time was up; run it again to go on, or set MINUTES")
        except subprocess.CalledProcessError as err:
            raise SystemExit(f"mutmut failed, see {work / 'run.log'}") from err
    results = re.findall(r"^\s+(\S+): (.+)$", said("results", "--all", "1", work=work), re.MULTILINE)
    left = [name for name, status in results if status not in ("killed", "timeout", "not checked")]
    for name in left:
        tell(said("show", name, work=work))
    untried = sum(status == "not checked" for _, status in results)
    tell(f"reconcilers/{part}: {len(results)} mutants, {len(left)} noticed by no test, {untried} not tried")
    return left or (["not tried"] if untried or not results else [])


def lay_out(work: Path, part: str) -> None:
    """A copy of the project in `work`, with mutmut told what to change and what to run."""
    work.mkdir(parents=True, exist_ok=True)
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, work / name, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(ROOT / name, work / name)
    room = Path("tests/reconcilers", part.partition("/")[0])
    beside = sorted(path.relative_to(ROOT) for path in (ROOT / "tests" / "reconcilers").glob("test_*.py"))
    tests = [str(room), *map(str, beside)] if (ROOT / room).is_dir() else [str(path) for path in beside]
    settings = {
        "source_paths": ["reconcilers"],
        "only_mutate": [f"reconcilers/{part}.py", f"reconcilers/{part}/*"],
        "do_not_mutate": list(NO_DECISIONS),
        "also_copy": [name for name in COPIED if name not in ("reconcilers", "tests", "pyproject.toml")],
        "pytest_add_cli_args_test_selection": tests,
        "pytest_add_cli_args": ["-p", "no:cacheprovider", "-p", "no:xdist"],
    }
    lines = [f"{name} = {value!r}".replace("'", '"') for name, value in settings.items()]
    with (work / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write("\n".join(["", "[tool.mutmut]", *lines, ""]))


def mutmut(*words: str, work: Path, **how: Any) -> subprocess.CompletedProcess[str]:
    """Run it in the copy. Raises as `subprocess.run` does."""
    return subprocess.run([sys.executable, "-m", "mutmut", *words], cwd=work, check=True, text=True, **how)  # noqa: S603


def said(*words: str, work: Path) -> str:
    """What it prints."""
    return mutmut(*words, work=work, stdout=subprocess.PIPE).stdout


def tell(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
