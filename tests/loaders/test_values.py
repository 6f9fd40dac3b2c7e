"""The value rules of spec 10, one by one. The text of a case is the case."""

from zoneinfo import ZoneInfo

import pytest

from loaders.values import (
    SKIPPED_TIME,
    boolean,
    calendar_date,
    fold,
    integer,
    money,
    quantity,
    rate,
    utc_time,
)

PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12", "12.00"), ("12.5", "12.50"), ("12,5", "12.50"), ("1 234,56", "1234.56"),
        ("1\u00a0234,56", "1234.56"), ("1\u202f234\u202f567,8", "1234567.80"), ("1\u2009234.5", "1234.50"),
        ("-3,10", "-3.10"), ("\u22124", "-4.00"), ("+4", "4.00"), ("007", "7.00"), (",5", "0.50"),
        ("-0", "0.00"), ("12,50 €", "12.50"), ("12.5000", "12.50"), ("1.234", "1.234"),
        ("9999999999999", "9999999999999.00"),
        ("1.234,56", None), ("1,234.56", None), ("1 2", None), ("12 34,5", None), ("1e5", None), ("5.", None),
        ("١٢", None), ("abc", None), ("--1", None), ("0x1F", None), ("NaN", None), ("inf", None),
    ],
)  # fmt: skip
def test_money(text: str, expected: str | None) -> None:
    assert money(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5,5 %", "0.0550"), ("5.5%", "0.0550"), ("5,5", "0.0550"), ("0,055", "0.0550"), ("80", "0.8000"),
        ("80\u00a0%", "0.8000"), ("0.8", "0.8000"), ("1", "1.0000"), ("1 %", "0.0100"), ("0", "0.0000"),
        ("0,5 %", "0.0050"), ("100 %", "1.0000"), ("33,333 %", "0.33333"), ("1,1", "0.0110"), ("%", None),
        ("vingt", None),
    ],
)  # fmt: skip
def test_rate(text: str, expected: str | None) -> None:
    assert rate(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-10-05", "2026-10-05"), ("05/10/2026", "2026-10-05"), ("5/1/2026", "2026-01-05"),
        ("2026-10-05 00:00:00", "2026-10-05"), ("29/02/2028", "2028-02-29"),
        ("2026-02-29", None), ("31/04/2026", None), ("05/10/26", None), ("10/13/2026", None),
        ("2026-10-05 10:00", None), ("20261005", None), ("5 octobre 2026", None), ("46300", None),
    ],
)  # fmt: skip
def test_date(text: str, expected: str | None) -> None:
    assert calendar_date(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-10-05 09:00", "2026-10-05 07:00:00"), ("2026-10-05 09:00:59", "2026-10-05 07:00:00"),
        ("05/10/2026 09:00", "2026-10-05 07:00:00"), ("5/1/2026 8:05", "2026-01-05 07:05:00"),
        ("2026-10-05T09:00", "2026-10-05 07:00:00"), ("2026-10-05T09:00:00.123+02:00", "2026-10-05 07:00:00"),
        ("2026-10-05T09:00+0530", "2026-10-05 03:30:00"), ("2026-10-05T09:00Z", "2026-10-05 09:00:00"),
        ("2026-10-05T23:30-05:00", "2026-10-06 04:30:00"), ("2026-01-01 00:30", "2025-12-31 23:30:00"),
        # 25 October 2026: 02:30 occurs twice, the first is still summer time
        ("2026-10-25 02:30", "2026-10-25 00:30:00"), ("2026-10-25 03:00", "2026-10-25 02:00:00"),
        ("2026-10-25T02:30+01:00", "2026-10-25 01:30:00"),
        # 29 March 2026: 02:00 to 02:59 do not exist
        ("2026-03-29 01:59", "2026-03-29 00:59:00"), ("2026-03-29 03:00", "2026-03-29 01:00:00"),
        ("2026-03-29 02:30", SKIPPED_TIME + "2026-03-29 02:30"),
        ("2026-03-29T02:30+01:00", "2026-03-29 01:30:00"),
        ("2026-10-05", None), ("2026-10-05 24:00", None), ("2026-10-05 09:60", None), ("09:00", None),
        ("2026-02-30 09:00", None), ("2026-10-05 9h", None), ("05/10/2026 09:00 PM", None),
    ],
)  # fmt: skip
def test_time(text: str, expected: str | None) -> None:
    assert utc_time(text, PARIS) == expected


def test_time_in_another_zone() -> None:
    assert utc_time("2026-10-05 09:00", ZoneInfo("Indian/Reunion")) == "2026-10-05 05:00:00"


@pytest.mark.parametrize("text", ["oui", "OUI", "Oui", "1", "true", "True", "vrai", "VRAI"])
def test_true(text: str) -> None:
    assert boolean(text) == "true"


@pytest.mark.parametrize("text", ["non", "NON", "0", "false", "faux", "Faux"])
def test_false(text: str) -> None:
    assert boolean(text) == "false"


def test_neither_true_nor_false() -> None:
    assert boolean("peut-être") is None
    assert boolean("2") is None


def test_integers_and_quantities() -> None:
    assert integer("30") == "30"
    assert integer("30,0") == "30"
    assert integer("30,5") is None
    assert quantity("12,25") == "12.25"


def test_headers_are_folded() -> None:
    assert fold("Nom de famille") == fold(" NOM_DE  FAMÌLLE ") == "nomdefamille"
    assert fold("N° client") == "noclient"
    assert fold("Home+") == "home+"
