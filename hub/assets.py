"""What travels with the package: templates, environments and schema bundles, from a checkout or an installed wheel."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_INSTALLED = _PACKAGE / "assets"
#: The folder that holds `templates/` and `environments/`. A checkout has the built dashboard alone in `_INSTALLED`.
ROOT = _INSTALLED if (_INSTALLED / "templates").is_dir() else _PACKAGE.parent


def template_files() -> dict[str, str]:
    """Texts of all shipped templates and blueprints, by path (`templates/preview/…`)."""
    return files_below(ROOT / "templates", "templates")


def environment_files(folder: Path | None = None) -> dict[str, str]:
    """Texts of an `environments/` folder (the shipped one by default), by path (`environments/…`)."""
    return files_below(folder or ROOT / "environments", "environments")


def blueprint_files(folder: Path) -> dict[str, str]:
    """Texts of a folder of blueprints by path (`blueprints/<name>/blueprint.yaml`, and templates beside it).

    Raises `ConfigError` (FileUnusable) for a folder without any, or a file that is no text.
    """
    found = {
        path: text
        for path, text in files_below(folder, "blueprints").items()
        if path.count("/") == 2 and path.endswith(("/blueprint.yaml", ".yaml.j2"))
    }
    if not any(path.endswith("/blueprint.yaml") for path in found):
        from generator.errors import ConfigError, Fault, Location, Reason

        remedy = "name the folder that holds NAME/blueprint.yaml"
        raise ConfigError(Reason.FILE_UNUSABLE, Fault("holds no blueprint", Location(str(folder)), remedy=remedy))
    return found


def files_below(folder: Path, shown: str) -> dict[str, str]:
    """Texts of all files below `folder`, sorted, by path with `shown` in place of the folder."""
    paths = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    visible = (path for path in paths if not any(part.startswith(".") for part in path.parts))
    return {f"{shown}/{path.as_posix()}": _text(folder / path) for path in visible}


def _text(path: Path) -> str:
    """The text of a file. Raises `ConfigError` (FileUnusable) for one that is none."""
    try:
        with naming(path):
            return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as err:
        from generator.errors import ConfigError, Fault, Location, Reason

        fault = Fault("is not UTF-8 text", Location(str(path)), remedy="move it out of the folder, or save it as UTF-8")
        raise ConfigError(Reason.FILE_UNUSABLE, fault) from err


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Have each `OSError` name the file: Python names it where it cannot be opened, not where it cannot be read."""
    try:
        yield
    except OSError as err:
        err.filename = err.filename or str(path)
        raise


def requirements() -> str:
    """What rtb-hub needs, each release with its digests (pip's requirements file)."""
    return (ROOT / "requirements" / "runtime.txt").read_text(encoding="utf-8")


def dashboard_folder() -> Path:
    """Where the built dashboard is, in a checkout and in a wheel; it need not be there."""
    return _INSTALLED / "dashboard"


def generator_data(name: str) -> bytes:
    """A data file of the `generator` package, such as `schema_bundles/v1.34.json.gz`."""
    return (_PACKAGE.parent / "generator" / name).read_bytes()


def schema_files(names: tuple[str, ...]) -> dict[str, str]:
    """The JSON Schemas `names` by the path that editors find them under in a state repository."""
    from generator.model.json_schemas import schema_text

    return {f"docs/schema/{name}.schema.json": schema_text(name) for name in names}
