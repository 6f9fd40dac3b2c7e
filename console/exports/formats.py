"""French formats, the same on screens, in documents, in mails and in messages (spec 90: `1 234,56 €`,
`21/11/2026`).

Amounts come as Decimal or as the exact text of the journal ("432.00"), never as float: a float is refused.
Spaces inside a value are narrow no-break spaces (U+202F), so that a value is never cut at the end of a line.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

NARROW = "\u202f"
MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin",
    "juillet", "août", "septembre", "octobre", "novembre", "décembre",
)  # fmt: skip
Number = Decimal | int | str


def exact(value: Number) -> Decimal:
    """A Decimal from exact text, an int or a Decimal. TypeError for a float, ValueError for bad text."""
    if isinstance(value, bool) or not isinstance(value, Decimal | int | str):
        raise TypeError(f"amounts are Decimal, int or text, not {type(value).__name__}")
    try:
        number = Decimal(value)
    except ArithmeticError as error:
        raise ValueError(f"not a number: {value!r}") from error
    if not number.is_finite():
        raise ValueError(f"not a finite number: {value!r}")
    return number


def _grouped(digits: str) -> str:
    return f"{int(digits):,}".replace(",", NARROW)


def decimal_fr(value: Number | None, places: int | None = None) -> str:
    """`1 234,5`: the value's own digits, or exactly `places` decimals. Never rounds: digits that do not fit
    in `places` raise ValueError. None gives an empty text."""
    if value is None:
        return ""
    number = exact(value)
    sign = "-" if number < 0 else ""
    whole, _, fraction = format(abs(number), "f").partition(".")
    if places is not None:
        if fraction[places:].strip("0"):
            raise ValueError(f"{value} has more than {places} decimals")
        fraction = fraction[:places].ljust(places, "0")
    return sign + _grouped(whole) + ("," + fraction if fraction else "")


def euros(value: Number | None) -> str:
    """`1 234,56 €`; None gives an empty text. Raises ValueError when the amount is finer than the cent."""
    return "" if value is None else decimal_fr(value, 2) + NARROW + "€"


def quantity(value: Number | None) -> str:
    """`1,5`, `3`: without the zeros that say nothing."""
    if value is None:
        return ""
    text = decimal_fr(value)
    return text.rstrip("0").rstrip(",") if "," in text else text


def percent(fraction: Number | None) -> str:
    """`5,5 %` from the fraction 0.0550."""
    return "" if fraction is None else quantity(exact(fraction) * 100) + NARROW + "%"


def duration(minutes: int | None) -> str:
    """`2 h 30`, `45 min`, `2 h`, `-1 h 15`; None gives an empty text."""
    if minutes is None:
        return ""
    hours, rest = divmod(abs(int(minutes)), 60)
    sign = "-" if minutes < 0 else ""
    if not hours:
        return f"{sign}{rest}{NARROW}min"
    return f"{sign}{_grouped(str(hours))}{NARROW}h" + (f"{NARROW}{rest:02}" if rest else "")


def day(value: date | str | None) -> str:
    """`21/11/2026` from a date, a datetime (its own day) or `YYYY-MM-DD`; None gives an empty text."""
    if value is None:
        return ""
    if isinstance(value, str):
        value = date.fromisoformat(value[:10])
    return f"{value.day:02}/{value.month:02}/{value.year:04}"


def moment(value: datetime | str | None, zone: ZoneInfo | None = None) -> str:
    """`21/11/2026 19:17` in `zone`; a value without offset is UTC, as in the journal and the marts."""
    if value is None:
        return ""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if zone is not None:
        value = (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(zone)
    return f"{day(value)} {value.hour:02}:{value.minute:02}"


def month(period: str | None) -> str:
    """`octobre 2026` from `2026-10`."""
    if not period:
        return ""
    year, number = period.split("-")[:2]
    return f"{MONTHS[int(number) - 1]} {year}"


def of_month(period: str | None) -> str:
    """`d'octobre 2026`, `de mars 2026`: the month after a noun."""
    shown = month(period)
    return ("d'" if shown[:1] in ("a", "o") else "de ") + shown if shown else ""


def count(number: int, singular: str, plural: str | None = None) -> str:
    """`0 facture`, `1 facture`, `1 234 factures`: in French the plural begins at two."""
    word = singular if abs(number) < 2 else (plural if plural is not None else singular + "s")
    return f"{'-' if number < 0 else ''}{_grouped(str(abs(number)))} {word}"
