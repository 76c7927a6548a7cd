"""Quantities and durations: exact numbers, and the usual slips refused with a hint."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.values.quantities import GIB, MIB, duration, format_duration, memory_bytes, millicores
from worlds.hostile import CORPUS


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("250m", 250),
        ("1m", 1),
        ("1000m", 1000),
        ("0250m", 250),
        ("0.5", 500),
        ("0.001", 1),
        ("1.250", 1250),
        ("2", 2000),
        ("2.0m", 2),
        ("999999", 999_999_000),
    ],
)
def test_cpu_is_read_in_millicores(text: str, amount: int) -> None:
    assert millicores(text) == amount


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "0m",
        "0.0",
        "m",
        ".5",
        "5.",
        "-1",
        "+1",
        "1e3",
        "1 m",
        " 1",
        "1\n",
        "1M",
        "1k",
        "1Mi",
        "1u",
        "1n",
        "0.0005",
        "0.5m",
        "1.0001",
        "1,5",
        "1_000",
        "0x1",
        "٢",
        "1000000",
        "inf",
        "nan",
        "1m1",
        "1mm",
        "½",
    ],
)
def test_other_cpu_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"CPU|whole, positive number of millicores") as caught:
        millicores(text)
    assert "allowed" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1Mi", MIB),
        ("256Mi", 256 * MIB),
        ("1024Ki", MIB),
        ("1Gi", GIB),
        ("1.5Gi", GIB * 3 // 2),
        ("0.5Gi", GIB // 2),
        ("1Ti", 1024 * GIB),
        ("2M", 2_000_000),
        ("2000k", 2_000_000),
        ("1G", 10**9),
        ("1T", 10**12),
        ("1048576", MIB),
        ("1048576.0", MIB),
    ],
)
def test_memory_is_read_in_bytes(text: str, amount: int) -> None:
    assert memory_bytes(text) == amount


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "0Mi",
        "Mi",
        "1",
        "1k",
        "1Ki",
        "1023Ki",
        "1M",
        "1048575",
        "0.5Mi",
        "1.001Mi",
        "1048576.5",
        "-1Gi",
        "+1Gi",
        "1 Gi",
        "1GiB",
        "1GB",
        "1gi",
        "1mi",
        "1K",
        "1KI",
        "1Gi\n",
        " 1Gi",
        "1e9",
        "1E9",
        "1Ei",
        "1.5.5Gi",
        "1,5Gi",
        "٢Gi",
    ],
)
def test_other_memory_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="allowed: a number with Mi or Gi"):
        memory_bytes(text)


def test_memory_in_thousandths_of_a_byte_says_what_was_meant() -> None:
    with pytest.raises(ValueError, match=r"'256m' .* thousandths of a byte, write Mi"):
        memory_bytes("256m")


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("24h", timedelta(days=1)),
        ("90m", timedelta(minutes=90)),
        ("1h30m", timedelta(minutes=90)),
        ("0h5m", timedelta(minutes=5)),
        ("1h0m", timedelta(hours=1)),
        ("99999h", timedelta(hours=99999)),
    ],
)
def test_a_duration_is_hours_and_minutes(text: str, length: timedelta) -> None:
    assert duration(text) == length


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0h",
        "0m",
        "0h0m",
        "h",
        "m",
        "24",
        "1w",
        "30s",
        "1h30",
        "30m1h",
        "1h1h",
        "1.5h",
        "-1h",
        "+1h",
        "1 h",
        "1H",
        "1h 30m",
        "1h\n",
        " 1h",
        "٢h",
        "100000h",
        "P1D",
        "1h30m0s",
        "1e2h",
        "1_0h",
        "inf",
    ],
)
def test_other_durations_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration; allowed: days, hours and minutes, such as 7d"):
        duration(text)


@pytest.mark.parametrize(
    ("minutes", "text"), [(1, "1m"), (59, "59m"), (60, "1h"), (90, "1h30m"), (1440, "24h"), (1441, "24h1m"), (0, "0m")]
)
def test_a_duration_is_written_in_its_shortest_form(minutes: int, text: str) -> None:
    assert format_duration(timedelta(minutes=minutes)) == text


@given(st.integers(1, 99_999 * 60))
def test_every_duration_is_read_back(minutes: int) -> None:
    length = timedelta(minutes=minutes)
    assert duration(format_duration(length)) == length


@given(st.integers(1, 10**6 - 1))
def test_cores_and_millicores_agree(amount: int) -> None:
    assert millicores(f"{amount}m") == amount == millicores(str(Decimal(amount) / 1000))


@given(st.integers(1, 10**9), st.sampled_from(["Mi", "Gi", "Ti"]))
def test_each_binary_suffix_is_1024_of_the_one_before(number: int, unit: str) -> None:
    smaller = {"Mi": "Ki", "Gi": "Mi", "Ti": "Gi"}[unit]
    assert memory_bytes(f"{number}{unit}") == memory_bytes(f"{number * 1024}{smaller}")


@pytest.mark.parametrize("read", [millicores, memory_bytes, duration])
@given(text=st.text(st.characters() | st.sampled_from("0123456789.mhMGiTk"), max_size=8) | st.sampled_from(CORPUS))
def test_any_text_is_a_positive_amount_or_a_value_error(read: object, text: str) -> None:
    assert callable(read)
    try:
        amount = read(text)
    except ValueError as err:
        assert len(str(err)) < 400
        return
    assert amount > type(amount)(0)
    assert text.isascii()


@pytest.mark.parametrize(
    ("text", "hours"),
    [("7d", 168), ("1d12h", 36), ("0d5h", 5), ("12h", 12), ("90m", 1.5)],
)
def test_a_period_has_days_too(text: str, hours: float) -> None:
    assert duration(text) == timedelta(hours=hours)


@pytest.mark.parametrize("text", ["", "d", "0d", "7", "-1d", "1d1d", "1.5d", "0d0h", "99999999d", "٣d"])
def test_what_is_no_period_is_told_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration; allowed: days, hours and minutes, such as 7d"):
        duration(text)
