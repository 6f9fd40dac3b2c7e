"""From what a file says to canonical text, one value at a time (spec 10, "Values").

A function here takes trimmed, non-empty text and answers the canonical text, or None when the text does not
say such a value. Nothing is rounded: a value that does not fit its column is left for `checks.py` to refuse.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from datetime import date as Date
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from loaders.contract import DEFAULT_WORD, Field

# What could not be read keeps its text behind this mark, which no accepted value can hold. It is told apart
# from canonical text even when it looks like it (2026-02-30).
UNREADABLE = "\x1f"
SKIPPED_TIME = "\x1fheure\x1f"

_SPACES = " \u00a0\u2007\u2009\u202f"
_NUMBER = re.compile(
    rf"([+-]?)((?:[0-9]{{1,3}}(?:[{_SPACES}][0-9]{{3}})+)|[0-9]{{1,30}}|)(?:[.,]([0-9]{{1,30}}))?"
)
_ISO_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_FRENCH_DATE = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")
_CLOCK = re.compile(
    r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:[.,][0-9]{1,9})?)?\s*(Z|z|[+-][0-9]{2}:?(?:[0-9]{2})?)?"
)
_TRUE = {"oui", "o", "1", "true", "vrai", "yes", "y"}
_FALSE = {"non", "n", "0", "false", "faux", "no"}

Canonical = Callable[[str], str | None]


def fold(text: str) -> str:
    """Case, accents, spaces and punctuation removed: "Nom de famille" and "NOM_DE FAMILLÉ" are the same
    header."""
    if not text.isascii():
        text = (
            text.replace("œ", "oe").replace("Œ", "oe").replace("æ", "ae").replace("°", "o").replace("º", "o")
        )
        text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return "".join(c for c in text.casefold() if c.isalnum() or c == "+")


def decimal(text: str) -> Decimal | None:
    """`.` or `,` before the decimals; spaces, narrow ones too, between thousands. Exact."""
    match = _NUMBER.fullmatch(text.replace("\u2212", "-"))
    if match is None or not (match[2] or match[3]):
        return None
    whole = re.sub(rf"[{_SPACES}]", "", match[2]) or "0"
    return Decimal(f"{match[1]}{whole}.{match[3] or '0'}")


def plain(value: Decimal, scale: int) -> str:
    """Without exponent; at least `scale` decimals, more only when the value has them; no negative zero."""
    digits = format(value, "f")
    whole, _, decimals = digits.partition(".")
    decimals = decimals.rstrip("0").ljust(scale, "0")
    whole = whole.lstrip("+")
    sign, whole = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
    whole = whole.lstrip("0") or "0"
    if whole == "0" and not decimals.strip("0"):
        sign = ""
    return f"{sign}{whole}.{decimals}" if decimals else f"{sign}{whole}"


def money(text: str) -> str | None:
    value = decimal(text.removesuffix("€").rstrip(_SPACES))
    return None if value is None else plain(value, 2)


def quantity(text: str) -> str | None:
    value = decimal(text)
    return None if value is None else plain(value, 2)


def rate(text: str) -> str | None:
    """With `%` a percentage; without it ≤ 1 is a fraction and > 1 a percentage. A fraction comes out."""
    percent = text.endswith("%")
    value = decimal(text.removesuffix("%").rstrip(_SPACES))
    if value is None:
        return None
    return plain(value.scaleb(-2) if percent or value > 1 else value, 4)


def integer(text: str) -> str | None:
    value = decimal(text)
    if value is None or value != value.to_integral_value():
        return None
    return plain(value, 0)


def boolean(text: str) -> str | None:
    word = fold(text)
    return "true" if word in _TRUE else "false" if word in _FALSE else None


def calendar_date(text: str) -> str | None:
    """`YYYY-MM-DD` or `DD/MM/YYYY`; a midnight behind it is dropped (spreadsheets add it)."""
    day, rest = _day(text)
    if day is None:
        return None
    if rest:
        clock = _clock(rest)
        if clock is None or clock[0] or clock[1] is not None:
            return None
    return day.isoformat()


def utc_time(text: str, zone: ZoneInfo) -> str | None:
    """The moment in UTC, seconds dropped. Without offset the text is the agency's time: one that the clock
    change skips comes out marked, one that occurs twice takes the first."""
    day, rest = _day(text)
    clock = _clock(rest) if day is not None and rest else None
    if day is None or clock is None:
        return None
    minutes, offset = clock
    if offset is None:
        offset = _steady_offset(day, zone)
    if offset is None:
        return _on_a_clock_change(day, minutes, zone, text)
    days, minutes = divmod(minutes - offset, 1440)
    try:
        moved = day if not days else Date.fromordinal(day.toordinal() + days)
    except (OverflowError, ValueError):
        return None
    return f"{moved.isoformat()} {minutes // 60:02}:{minutes % 60:02}:00"


@lru_cache(maxsize=20_000)
def _steady_offset(day: Date, zone: ZoneInfo) -> int | None:
    """Minutes that the zone is ahead of UTC all that day; None on a day when the clock changes."""
    midnight = datetime(day.year, day.month, day.day)
    offsets = set()
    for hours in range(0, 25):
        try:
            offset = (midnight + timedelta(hours=hours)).replace(tzinfo=zone).utcoffset()
        except OverflowError:
            return None
        offsets.add(offset)
    seconds = int((offsets.pop() or timedelta()).total_seconds())
    return seconds // 60 if not offsets and seconds % 60 == 0 else None


def _on_a_clock_change(day: Date, minutes: int, zone: ZoneInfo, text: str) -> str | None:
    local = datetime(day.year, day.month, day.day) + timedelta(minutes=minutes)
    try:
        moment = local.replace(tzinfo=zone).astimezone(UTC)
        if moment.astimezone(zone).replace(tzinfo=None) != local:
            return SKIPPED_TIME + text
    except (OverflowError, ValueError):
        return None
    return f"{moment.year:04}-{moment:%m-%d %H:%M}:00"


def local_time(text: str) -> datetime | None:
    """The date and time as written, with its offset if it has one, to the minute."""
    day, rest = _day(text)
    if day is None or not rest:
        return None
    clock = _clock(rest)
    if clock is None:
        return None
    minutes, offset = clock
    moment = datetime(day.year, day.month, day.day) + timedelta(minutes=minutes)
    return moment if offset is None else moment.replace(tzinfo=timezone(timedelta(minutes=offset)))


def chosen(field: Field) -> Canonical:
    """One of the words of the field, whatever its case and accents, or a synonym of it."""
    words = {fold(synonym): value for value, synonyms in field.choices.items() for synonym in synonyms}
    words |= {fold(value): value for value in field.choices}

    def canonical(text: str) -> str | None:
        return words.get(fold(text), text if field.open_choices else None)

    return canonical


def canonical_for(field: Field, zone: ZoneInfo) -> Canonical | None:
    """What brings a value of that column to canonical text; None for columns that are text as it is."""
    if field.kind in ("text", "id"):
        return None
    simple: dict[str, Canonical] = {
        "money": money, "quantity": quantity, "rate": rate, "integer": integer, "boolean": boolean,
        "date": calendar_date,
    }  # fmt: skip
    if field.kind == "time":
        read: Canonical = lambda text: utc_time(text, zone)  # noqa: E731
    elif field.kind == "choice":
        read = chosen(field)
    else:
        read = simple[field.kind]
    if not field.inherits:
        return read
    return lambda text: DEFAULT_WORD if fold(text) == DEFAULT_WORD else read(text)


@lru_cache(maxsize=100_000)
def _date_of(text: str) -> Date | None:
    if match := _ISO_DATE.fullmatch(text):
        year, month, day = match.groups()
    elif match := _FRENCH_DATE.fullmatch(text):
        day, month, year = match.groups()
    else:
        return None
    try:
        return Date(int(year), int(month), int(day))
    except ValueError:
        return None


def _day(text: str) -> tuple[Date | None, str]:
    """The date a text begins with, and the clock time that follows it."""
    for separator in (" ", "T"):
        day, found, rest = text.partition(separator)
        if found:
            return _date_of(day), rest.lstrip()
    return _date_of(text), ""


@lru_cache(maxsize=100_000)
def _clock(text: str) -> tuple[int, int | None] | None:
    """Minutes since midnight, and minutes ahead of UTC when the text says so."""
    match = _CLOCK.fullmatch(text)
    if match is None or int(match[1]) > 23 or int(match[2]) > 59 or int(match[3] or 0) > 59:
        return None
    minutes = int(match[1]) * 60 + int(match[2])
    if not match[4]:
        return minutes, None
    if match[4] in "Zz":
        return minutes, 0
    hours, rest = int(match[4][1:3]), int(match[4][3:].lstrip(":") or 0)
    if hours > 15 or rest > 59:
        return None
    return minutes, (hours * 60 + rest) * (-1 if match[4][0] == "-" else 1)
