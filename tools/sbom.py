"""What is in an image: a CycloneDX 1.6 document, and its licences as a table: `python tools/sbom.py dist/rtb-hub.tar`.

Reads the layers of an OCI archive, as Buildah and `docker buildx build --output type=oci` write them; nothing of it is
started. Written beside the archive: `rtb-hub.cdx.json` and `rtb-hub.licenses.md`. The packages are those that Debian
and Python recorded in the image; their licences are what the packages say of themselves.
"""

from __future__ import annotations

import json
import re
import sys
import tarfile
from collections.abc import Iterator, Mapping
from email.parser import HeaderParser
from pathlib import Path
from typing import Any

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

STATUS = "var/lib/dpkg/status"
_METADATA = re.compile(r"(?:usr/local|usr/lib/rtb-hub)/lib/python3[^/]*/site-packages/[^/]+\.dist-info/METADATA")
_COPYRIGHT = re.compile(r"usr/share/doc/([^/]+)/copyright")
_RECORDS = (re.compile(re.escape(STATUS)), _METADATA, _COPYRIGHT)
_GONE = ".wh."
_UNSAID = "not said; see the package"


def files_of(archive: Path) -> dict[str, str]:
    """The recorded texts of the archive's only image, by path: of a file in several layers, the last."""
    found: dict[str, str] = {}
    with tarfile.open(archive) as packed:

        def blob(digest: str) -> Any:
            return packed.extractfile(f"blobs/{digest.replace(':', '/')}")

        (listed,) = json.load(packed.extractfile("index.json"))["manifests"]  # type: ignore[arg-type]
        for layer in json.load(blob(listed["digest"]))["layers"]:
            with tarfile.open(fileobj=blob(layer["digest"]), mode="r:*") as files:
                for member in files:
                    path = member.name.removeprefix("./")
                    folder, _, name = path.rpartition("/")
                    if name.startswith(_GONE):
                        gone = f"{folder}/{name.removeprefix(_GONE)}"
                        found = {at: text for at, text in found.items() if at != gone and not at.startswith(f"{gone}/")}
                    elif member.isreg() and any(one.fullmatch(path) for one in _RECORDS):
                        found[path] = files.extractfile(member).read().decode("utf-8", "replace")  # type: ignore[union-attr]
    return found


def components(files: Mapping[str, str]) -> list[Component]:
    """Of Debian and of Python, by name."""
    return sorted([*_of_debian(files), *_of_python(files)], key=lambda one: str(one.purl))


def bom(name: str, files: Mapping[str, str]) -> Bom:
    """The document of an image of that name."""
    made = Bom(components=components(files))
    version = next((one.version for one in made.components if one.name == "rtb-ai-hub"), None)
    made.metadata.component = Component(name=name, version=version, type=ComponentType.CONTAINER)
    made.register_dependency(made.metadata.component, made.components)
    return made


def licenses(made: Bom) -> str:
    """A table in Markdown: package, version, licence."""
    lines = ["| package | version | license |", "|---|---|---|"]
    for one in sorted(made.components, key=lambda one: (one.purl.type if one.purl else "", one.name)):
        told = "; ".join(
            sorted(str(getattr(x, "id", None) or getattr(x, "name", None) or x.value) for x in one.licenses)
        )
        lines.append(f"| {one.name} | {one.version} | {(told or _UNSAID).replace('|', '/')} |")
    return "\n".join([*lines, ""])


def _of_debian(files: Mapping[str, str]) -> Iterator[Component]:
    for stanza in files[STATUS].split("\n\n"):
        fields = HeaderParser().parsestr(stanza.strip() + "\n")
        name, version = fields["Package"], fields["Version"]
        if not name or fields["Status"] != "install ok installed":
            continue
        qualifiers = {"arch": fields["Architecture"]}
        text = files.get(f"usr/share/doc/{name}/copyright", "")
        machine_readable = text.startswith("Format:")
        said = sorted(set(re.findall(r"(?m)^License: *(\S[^\n]*?) *$", text))) if machine_readable else []
        yield Component(
            name=name,
            version=version,
            type=ComponentType.LIBRARY,
            purl=PackageURL("deb", "debian", name, version, qualifiers),
            licenses=[LicenseFactory().make_with_name(one[:200]) for one in said],
        )


def _of_python(files: Mapping[str, str]) -> Iterator[Component]:
    for path, text in files.items():
        if not _METADATA.fullmatch(path):
            continue
        fields = HeaderParser().parsestr(text)
        name, version = str(fields["Name"]), str(fields["Version"])
        said = _license(fields)
        made = [LicenseFactory().make_from_string(said)] if said else []
        purl = PackageURL("pypi", None, re.sub(r"[-_.]+", "-", name).lower(), version)
        yield Component(name=name, version=version, type=ComponentType.LIBRARY, purl=purl, licenses=made)


def _license(fields: Any) -> str | None:
    """An SPDX expression, else what the classifiers say, else the first line of the field."""
    if fields["License-Expression"]:
        return str(fields["License-Expression"])
    told = [one.rpartition(" :: ")[2] for one in fields.get_all("Classifier", []) if one.startswith("License ::")]
    if told:
        return " AND ".join(sorted(told))
    line = str(fields["License"] or "").strip().partition("\n")[0].strip()
    return line[:100] or None


def main(archive: Path) -> None:
    """Write both files beside the archive."""
    made = bom(archive.stem, files_of(archive))
    (archive.parent / f"{archive.stem}.cdx.json").write_text(
        JsonV1Dot6(made).output_as_string(indent=1), encoding="utf-8"
    )
    (archive.parent / f"{archive.stem}.licenses.md").write_text(licenses(made), encoding="utf-8")
    sys.stdout.write(f"{archive.stem}: {len(made.components)} packages\n")


if __name__ == "__main__":
    for given in sys.argv[1:]:
        main(Path(given))
