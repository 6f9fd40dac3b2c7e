"""What users read: French formats, exact to the cent, never from a float (spec 90)."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from console.exports.formats import (
    count,
    day,
    decimal_fr,
    duration,
    euros,
    moment,
    month,
    of_month,
    percent,
    quantity,
)

N = "\u202f"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Decimal("1234.56"), f"1{N}234,56{N}€"),
        ("432.00", f"432,00{N}€"),
        ("-0.05", f"-0,05{N}€"),
        ("-0.00", f"0,00{N}€"),
        (0, f"0,00{N}€"),
        (Decimal("1E+3"), f"1{N}000,00{N}€"),
        (Decimal("12345678901234567890.12"), f"12{N}345{N}678{N}901{N}234{N}567{N}890,12{N}€"),
        (Decimal("70.070"), f"70,07{N}€"),
        (None, ""),
    ],
)
def test_euros(value: Decimal | str | int | None, shown: str) -> None:
    assert euros(value) == shown


def test_an_amount_is_never_rounded_nor_taken_from_a_float() -> None:
    with pytest.raises(ValueError):
        euros("0.005")
    with pytest.raises(TypeError):
        euros(1.5)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        euros(True)
    with pytest.raises(ValueError):
        euros("douze")
    with pytest.raises(ValueError):
        euros("NaN")


def test_numbers_rates_and_quantities() -> None:
    assert decimal_fr("1234.5") == f"1{N}234,5"
    assert quantity(Decimal("2.5000")) == "2,5"
    assert quantity("3.00") == "3"
    assert quantity("100") == "100"
    assert percent(Decimal("0.0550")) == f"5,5{N}%"
    assert percent("0.2000") == f"20{N}%"
    assert percent("0") == f"0{N}%"


@pytest.mark.parametrize(
    ("minutes", "shown"),
    [(150, f"2{N}h{N}30"), (120, f"2{N}h"), (45, f"45{N}min"), (65, f"1{N}h{N}05"), (0, f"0{N}min"),
     (-75, f"-1{N}h{N}15"), (90000, f"1{N}500{N}h"), (None, "")],
)  # fmt: skip
def test_durations(minutes: int | None, shown: str) -> None:
    assert duration(minutes) == shown


def test_dates() -> None:
    paris = ZoneInfo("Europe/Paris")
    assert day(date(2026, 11, 21)) == day("2026-11-21") == "21/11/2026"
    assert day(None) == "" and moment(None) == "" and month(None) == ""
    assert moment(datetime(2026, 7, 1, 22, 30), paris) == "02/07/2026 00:30"
    assert moment("2026-11-21T19:17:59.000000", paris) == "21/11/2026 20:17"
    assert moment(datetime(2026, 11, 21, 19, 17, tzinfo=UTC), paris) == "21/11/2026 20:17"
    assert month("2026-08") == "août 2026"
    assert (of_month("2026-08"), of_month("2026-03")) == ("d'août 2026", "de mars 2026")


def test_counts_agree_as_in_french() -> None:
    assert count(0, "facture") == "0 facture"
    assert count(1, "facture") == "1 facture"
    assert count(2, "facture") == "2 factures"
    assert count(1234, "avoir ventilé", "avoirs ventilés") == f"1{N}234 avoirs ventilés"
