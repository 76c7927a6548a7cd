"""The command line in Korean by the locale: people's lines alone, on terminals that have the letters."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from rich.cells import cell_len

from hub.cli.errors import is_korean
from hub.views.lines import korean_line
from worlds.commands import IMAGES, must, rtb_hub
from worlds.repositories import state_repository

KOREAN = {"LANG": "ko_KR.UTF-8"}
AT = ("RTB-123", "--env", "int")
HANGUL = re.compile("[가-힣]")
CATALOGUE = json.loads(Path("hub/views/korean.json").read_text(encoding="utf-8"))


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return state_repository(tmp_path / "state.git")


def test_what_is_done_is_told_in_korean(state: Path) -> None:
    told = [
        must(*arguments, "--repo", state, **KOREAN).out
        for arguments in (
            ("start", *AT, *IMAGES), ("start", *AT, *IMAGES), ("set", *AT, "web.cpu=500m"), ("show", *AT), ("list",),
            ("extend", *AT, "--by", "1h"), ("sleep", *AT), ("wake", *AT), ("unset", *AT, "web.cpu"), ("stop", *AT),
            ("revive", *AT), ("env", "set", "int", "lease.ttl=12h", "--dry-run"),
        )
    ]  # fmt: skip
    for text in told:
        assert HANGUL.search(text), text
    assert "✓ int 환경에 RTB-123 프리뷰를 만들었습니다: 객체 12개" in told[0]
    assert "  주소    https://rtb-123.int.preview.example.com/" in told[0]
    assert "int 환경의 RTB-123: 활성" in told[3]


def test_headings_and_phases_of_tables_are_told_in_korean_where_they_stand_right(state: Path) -> None:
    must("start", *AT, *IMAGES, "--repo", state)
    told = must("list", "--repo", state, **KOREAN).out.splitlines()
    assert told[0].split() == [
        "이슈",
        "환경",
        "임대",
        "남은",
        "시간",
        "URL",
        "시간당",
        "임대",
        "합계",
        "컴퓨트",
        "블루프린트",
        "소유자",
    ]
    assert told[1].split()[:3] == ["RTB-123", "int", "활성"]
    assert cell_len(told[0][: told[0].index("URL")]) == cell_len(told[1][: told[1].index("https://")])
    assert "시각" in must("history", "--repo", state, **KOREAN).out.splitlines()[0]
    assert "ISSUE" in must("list", "--repo", state).out


def test_a_dry_run_is_never_told_as_done(state: Path) -> None:
    told = must("start", *AT, *IMAGES, "--dry-run", "--repo", state, **KOREAN).out
    assert told.startswith("예정: int 환경의 RTB-123: created. 아무것도 쓰지 않았습니다\n")
    assert "\n  쓰기    environments/int/previews/rtb/100/rtb-123/preview.yaml: " in told
    told = must("stop", "RTB-9", "--all", "--ignore-not-found", "--dry-run", "--repo", state, **KOREAN).out
    assert told == "어느 환경에도 RTB-9 프리뷰가 없습니다. 바뀌는 것이 없습니다\n"
    told = must("stop", "RTB-9", "--all", "--ignore-not-found", "--repo", state, **KOREAN).out
    assert told == "어느 환경에도 RTB-9 프리뷰가 없습니다. 바뀐 것이 없습니다\n"


@pytest.mark.parametrize(
    ("english", "korean"),
    [
        ("  ends    2026-11-29T17:18:18Z (27h53m left)", "  종료    2026-11-29T17:18:18Z (27h53m 남음)"),
        ("  ends    8h after the merge", "  종료    병합 후 8h"),
        (
            "  price   $0.0142 an hour, $0.3975 for the lease, at list price",
            "  가격    시간당 $0.0142, 임대 기간 전체 $0.3975 (정가 기준)",
        ),
        (
            "  price   $0.0000 an hour while it sleeps, which saves $0.0142 an hour",
            "  가격    절전 중 시간당 $0.0000 (시간당 $0.0142 절약)",
        ),
        ("  runs on db: data would be lost without the pods", "  계속 실행 db: 파드가 없으면 데이터가 사라집니다"),
        ("  commit  fd238ad83738 on main", "  커밋    main의 fd238ad83738"),
        ("  asked by root at 2026-11-28T13:18:18Z", "  요청자   root, 2026-11-28T13:18:18Z"),
    ],
)
def test_a_label_stands_once(english: str, korean: str) -> None:
    assert korean_line(english) == korean


def test_errors_and_what_to_do_are_told_in_korean(state: Path) -> None:
    ran = rtb_hub("stop", "RTB-9", "--env", "int", "--repo", state, **KOREAN)
    assert "오류: int 환경에 RTB-9 프리뷰가 없습니다 [PreviewNotFound]" in ran.err
    assert "할 일: 'rtb-hub list --env int'" in ran.err
    ran = rtb_hub("show", "RTB-9", "--env", "itn", "--repo", state, **KOREAN)
    assert "오류: 'itn' 환경이 없습니다 [UnknownEnvironment]" in ran.err
    assert "혹시: int" in ran.err


def test_machines_are_told_the_same_in_every_language(state: Path) -> None:
    must("start", *AT, *IMAGES, "--repo", state)
    for arguments in (("show", *AT), ("list",), ("price", "--env", "int")):
        texts = {must(*arguments, "--repo", state, "-o", "json", LANG=lang).out for lang in ("C", "ko_KR.UTF-8")}
        assert not any(HANGUL.search(text) for text in texts)
    errors = [
        rtb_hub("stop", "RTB-9", "--env", "int", "--repo", state, "-o", "json", LANG=lang).err
        for lang in ("C", "ko_KR.UTF-8")
    ]
    assert errors[0] == errors[1]


@pytest.mark.parametrize(
    ("environ", "encoding", "expected"),
    [
        ({"LANG": "ko_KR.UTF-8"}, "utf-8", True),
        ({"LANG": "ko_KR.eucKR"}, "euc-kr", True),
        ({"LANG": "ko_KR.CP949"}, "cp949", True),
        ({"LANG": "ko"}, "utf-8", True),
        ({"LANG": "ko_KR.UTF-8"}, "ascii", False),
        ({"LANG": "ko_KR.UTF-8"}, "iso-8859-1", False),
        ({"LANG": "kok_IN.UTF-8"}, "utf-8", False),
        ({"LANG": "ko_KR.UTF-8", "LC_ALL": "C"}, "utf-8", False),
        ({"LANG": "ko_KR.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, "utf-8", False),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "ko_KR.UTF-8"}, "utf-8", True),
        ({"LANG": "C.UTF-8", "LC_ALL": ""}, "utf-8", False),
        ({}, "utf-8", False),
    ],
)
def test_the_locale_and_the_encoding_say_which(
    environ: Mapping[str, str], encoding: str, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), encoding=encoding))
    assert is_korean() is expected


def test_each_line_of_the_catalogue_has_the_same_names_in_both_languages() -> None:
    for english, told in CATALOGUE["lines"].items():
        assert set(re.findall(r"{(\w+)}", english)) == set(re.findall(r"{(\w+)}", told)), english
        assert HANGUL.search(told) or english.startswith(("commit", "asked by")), english


@pytest.mark.parametrize(
    ("english", "korean"),
    [
        ("  blueprint web-api on fargate, shard previews-0", "  블루프린트 web-api on fargate, shard previews-0"),
        ("    to do: ask somebody", "    할 일: ask somebody"),
        ("environments/int/environment.yaml:3:5: error: spec.x: is odd [InvalidEnvironment]", None),
        ("spec.forged by {a} cluster", None),
        ("", None),
        ("  " + "x" * 5000, None),
    ],
)
def test_what_is_not_known_stays(english: str, korean: str | None) -> None:
    told = korean_line(english)
    if "error" in english:
        assert told is not None
        assert "is odd" in told
    else:
        assert told == korean
