"""The French formats of the house as screens show them: with ordinary no-break spaces.

Streamlit's font has no narrow no-break space (U+202F), which documents use: amounts would stick to their
sign.
"""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from console.exports import formats as house
from console.exports.formats import Number

__all__ = ["count", "day", "decimal_fr", "duration", "euros", "moment", "month", "percent", "quantity"]


def _wide(text: str) -> str:
    return text.replace("\u202f", "\u00a0")


def decimal_fr(value: Number | None, places: int | None = None) -> str:
    return _wide(house.decimal_fr(value, places))


def euros(value: Number | None) -> str:
    return _wide(house.euros(value))


def quantity(value: Number | None) -> str:
    return _wide(house.quantity(value))


def percent(fraction: Number | None) -> str:
    return _wide(house.percent(fraction))


def duration(minutes: int | None) -> str:
    return _wide(house.duration(minutes))


def count(number: int, singular: str, plural: str | None = None) -> str:
    return _wide(house.count(number, singular, plural))


def day(value: date | str | None) -> str:
    return house.day(value)


def moment(value: datetime | str | None, zone: ZoneInfo | None = None) -> str:
    return house.moment(value, zone)


def month(period: str | None) -> str:
    return house.month(period)
