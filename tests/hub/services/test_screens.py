"""What browsers load: which path is answered by what, and how long it is kept."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.middleware import Middleware

from hub.services.screens.files import CSP, NOT_BUILT, BuiltDashboard, Screens
from worlds.api_world import ApiWorld, api_world
from worlds.places import ROOT
from worlds.serving import Serving, served

SCRIPT = "console.log(1);\n" * 200
PAGE = "<!doctype html><title>RTB AI Hub</title>"


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with served(tmp_path_factory.mktemp("screens")) as made:
        yield made


def built(folder: Path) -> BuiltDashboard:
    (folder / "assets").mkdir()
    (folder / "index.html").write_text(PAGE)
    (folder / "assets" / "index-a1b2.js").write_text(SCRIPT)
    (folder / "favicon.svg").write_text("<svg/>")
    (folder / "screens.json").write_text((ROOT / "dashboard/src/paths.json").read_text())
    (folder / "sources.sha256").write_text("0")
    return BuiltDashboard.read(folder)


@pytest.fixture(scope="module")
def world(serving: Serving, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiWorld]:
    screens = Middleware(Screens, built=built(tmp_path_factory.mktemp("built")))
    with api_world(serving, works=False, is_loopback=True, screens=screens) as made:
        yield made


@pytest.fixture(scope="module")
def unbuilt(serving: Serving) -> Iterator[ApiWorld]:
    with api_world(serving, works=False, screens=Middleware(Screens, built=BuiltDashboard())) as made:
        yield made


def test_every_screen_is_the_page_and_is_asked_for_anew(world: ApiWorld) -> None:
    for path in json.loads((ROOT / "dashboard/src/paths.json").read_text()):
        told = world.get(path.replace(":env", "int").replace(":key", "RTB-1"), by=None)
        assert (told.status_code, told.text) == (200, PAGE), path
        assert told.headers["cache-control"] == "no-cache"
        assert told.headers["content-security-policy"] == CSP
        assert "unsafe" not in CSP


def test_a_name_that_says_its_content_is_kept_for_ever(world: ApiWorld) -> None:
    told = world.get("/assets/index-a1b2.js", by=None, headers={"Accept-Encoding": "gzip"})
    assert told.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert told.headers["content-encoding"] == "gzip"
    assert told.headers["vary"] == "Accept-Encoding"
    assert told.text == SCRIPT
    plain = world.get("/assets/index-a1b2.js", by=None, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.text == SCRIPT
    assert plain.headers["content-type"].startswith("text/javascript")


def test_who_has_the_page_is_not_sent_it_again(world: ApiWorld) -> None:
    etag = world.get("/", by=None).headers["etag"]
    again = world.get("/", by=None, headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/index.html",
        "/screens.json",
        "/previews/int",
        "/previews/int/RTB-1/more",
        "/starting",
        "/start/",
        "/..%2f..%2fetc%2fpasswd",
        "/assets/..%2f..%2findex.html",
        "/assets/index-0000.js",
        "/assets/",
    ],
)
def test_no_other_path_is_answered_with_the_page(world: ApiWorld, path: str) -> None:
    told = world.get(path, by=None)
    assert told.status_code == 404, path
    assert PAGE not in told.text


def test_a_file_of_another_release_is_not_kept(world: ApiWorld) -> None:
    assert world.get("/assets/index-0000.js", by=None).headers["cache-control"] == "no-store"


def test_the_way_to_a_preview_is_the_page_unless_the_application_knows_it(world: ApiWorld) -> None:
    nobody = world.get("/preview/RTB-1", by=None)
    assert (nobody.status_code, nobody.text) == (200, PAGE), "the page leads to signing in"
    none = world.get("/preview/RTB-1", by="viewer")
    assert (none.status_code, none.text) == (404, PAGE)
    assert world.get("/preview/RTB-1/int/more", by="viewer").text != PAGE


def test_the_application_answers_the_rest(world: ApiWorld) -> None:
    assert world.get("/healthz", by=None).json() == {"status": "ok"}
    assert world.call("POST", "/", by=None).headers["content-type"] == "application/problem+json"


def test_the_page_is_answered_to_this_machines_names_only(world: ApiWorld) -> None:
    told = world.get("/", by=None, headers={"Host": "rebound.example"})
    assert told.status_code == 403
    assert PAGE not in told.text


def test_without_a_build_the_page_says_how_to_make_it(unbuilt: ApiWorld) -> None:
    told = unbuilt.get("/", by=None)
    assert (told.status_code, told.text) == (404, NOT_BUILT)
    assert unbuilt.get("/healthz", by=None).status_code == 200


def test_a_folder_without_a_page_is_none(tmp_path: Path) -> None:
    assert not BuiltDashboard.read(tmp_path / "nowhere").is_built


def test_what_is_compressed_is_the_same_each_time(tmp_path: Path) -> None:
    file: Any = built(tmp_path).files["/assets/index-a1b2.js"]
    assert file.compressed == gzip.compress(SCRIPT.encode(), mtime=0)
    assert file.is_hashed
