"""The holidays seed against two other sources: the `holidays` library where it is installed, and always our
own computation of Easter (a wrong day here prices a Sunday rate on a weekday, or the other way round)."""

from __future__ import annotations

import csv
from collections import defaultdict
from datetime import date, timedelta
from importlib.util import find_spec
from pathlib import Path

import pytest

SEED = Path(__file__).parents[2] / "dbt_project" / "seeds" / "holidays.csv"
YEARS = range(2020, 2036)


def seed() -> dict[tuple[str, str], set[date]]:
    days: dict[tuple[str, str], set[date]] = defaultdict(set)
    with SEED.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            days[row["country"], row["region"]].add(date.fromisoformat(row["date"]))
    return days


def easter(year: int) -> date:
    """Gregorian Easter Sunday (Meeus, Astronomical Algorithms, chapter 8)."""
    a, b, c = year % 19, year // 100, year % 100
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return date(year, month, day + 1)


def around(year: int, *offsets: int) -> set[date]:
    return {easter(year) + timedelta(days=offset) for offset in offsets}


def fixed(year: int, *days: tuple[int, int]) -> set[date]:
    return {date(year, month, day) for month, day in days}


def france(year: int) -> set[date]:
    return around(year, 1, 39, 50) | fixed(
        year, (1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25)
    )


def belgium(year: int) -> set[date]:
    return around(year, 0, 1, 39, 49, 50) | fixed(
        year, (1, 1), (5, 1), (7, 21), (8, 15), (11, 1), (11, 11), (12, 25)
    )


@pytest.mark.parametrize(
    ("sunday", "year"), [(date(2020, 4, 12), 2020), (date(2025, 4, 20), 2025), (date(2035, 3, 25), 2035)]
)
def test_our_own_easter_is_the_known_one(sunday: date, year: int) -> None:
    assert easter(year) == sunday


@pytest.mark.parametrize("year", YEARS)
def test_each_year_has_the_legal_days_and_no_other(year: int) -> None:
    def of(country: str, region: str = "") -> set[date]:
        return {day for day in seed()[country, region] if day.year == year}

    assert of("FR") == france(year)
    assert of("BE") == belgium(year)
    assert of("FR", "alsace-moselle") == around(year, -2) | fixed(year, (12, 26))


def test_the_seed_covers_2020_to_2035_and_nothing_else() -> None:
    assert {day.year for days in seed().values() for day in days} == set(YEARS)


def test_the_seed_is_the_librarys_for_the_country_and_every_subdivision() -> None:
    if find_spec("holidays") is None:  # the days themselves are checked above, without it
        assert set(seed()) >= {("FR", ""), ("BE", ""), ("FR", "alsace-moselle")}
        return
    import holidays

    days = seed()
    national = set(holidays.country_holidays("FR", years=YEARS))
    assert days["FR", ""] == national
    assert days["BE", ""] == set(holidays.country_holidays("BE", years=YEARS))
    assert days["FR", "alsace-moselle"] == days["FR", "6AE"] == days["FR", "57"]
    for _, region in [key for key in days if key[0] == "FR" and key[1] not in ("", "alsace-moselle")]:
        regional = set(holidays.country_holidays("FR", subdiv=region, years=YEARS))
        assert days["FR", region] == regional - national, region
