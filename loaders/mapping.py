"""A profile applied: rows of a foreign export become rows of a contract, still text, checked like any
other."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pyarrow as pa

from loaders.contracts import SOURCES
from loaders.directory import Directory, NoMatch
from loaders.profiles import Profile, Rule
from loaders.readers.base import ABSENT
from loaders.validate import Errors
from loaders.values import calendar_date, decimal, fold, local_time

_CLOCK = re.compile(r"([0-9]{1,3})\s*(?:[:hH])\s*([0-9]{1,2})?(?::[0-9]{2})?\s*(?:min|m)?")
Row = Mapping[str, str | None]


class _Wrong(Exception):
    """This value of this row cannot be made: (check, message, value)."""


@dataclass
class Mapped:
    """`table`: columns of the contract, not yet canonical; `errors` by position; `kept`: positions of the
    rows that are of this source at all."""

    table: pa.Table
    errors: Errors
    kept: list[bool]


class Mapper:
    """Applies a profile to chunks. Columns of the file are found whatever their case and accents."""

    def __init__(self, profile: Profile, headers: tuple[str, ...], directory: Directory, zone: ZoneInfo):
        self._profile = profile
        self._directory = directory
        self._zone = zone
        self._headers = {fold(header): header for header in headers}
        self._columns = SOURCES[profile.source].columns

    def apply(self, cleaned: pa.Table) -> Mapped:
        made: dict[str, list[str | None]] = {name: [] for name in self._columns}
        errors: Errors = {}
        kept = []
        for position, row in enumerate(cleaned.to_pylist()):
            kept.append(self._keeps(row))
            values = self._row(row, position, errors) if kept[-1] else {}
            for name in self._columns:
                made[name].append(values.get(name))
        table = pa.table({name: pa.array(values, pa.string()) for name, values in made.items()})
        return Mapped(table, errors, kept)

    def _keeps(self, row: Row) -> bool:
        keep = self._profile.keep
        return keep is None or fold(self._cell(row, keep.column) or "") in map(fold, keep.values)

    def _row(self, row: Row, position: int, errors: Errors) -> dict[str, str | None]:
        values: dict[str, str | None] = {}
        late = [name for name, rule in self._profile.columns.items() if rule.after]
        for name in [*(name for name in self._profile.columns if name not in late), *late]:
            try:
                values[name] = self._value(self._profile.columns[name], row, values)
            except _Wrong as wrong:
                check, message, value = wrong.args
                errors.setdefault(position, []).append(
                    {"column": name, "check": check, "message": message, "value": value}
                )
        return values

    def _value(self, rule: Rule, row: Row, values: dict[str, str | None]) -> str | None:
        if rule.constant is not None:
            return rule.constant
        if rule.sha1 is not None:
            return self._digest(rule, row)
        if rule.cases is not None:
            return self._case(rule, row)
        if rule.after is not None:
            return self._end(rule, row, values.get(rule.after))
        if rule.date is not None:
            return self._start(rule, row)
        text = self._text(rule, row)
        if rule.lookup is not None:
            return self._identifier(rule, row, text)
        return self._translated(rule, text)

    def _cell(self, row: Row, column: str) -> str | None:
        value = row.get(self._headers.get(fold(column), ""))
        return None if value == ABSENT else value

    def _text(self, rule: Rule, row: Row) -> str | None:
        if rule.instead and all(self._cell(row, column) for column in rule.instead_if or [rule.instead]):
            return self._cell(row, rule.instead)
        parts = (self._cell(row, column) for column in rule.from_ or [])
        return rule.join.join(dict.fromkeys(part for part in parts if part)) or rule.default

    def _translated(self, rule: Rule, text: str | None) -> str | None:
        if text is None:
            return None
        if rule.map:
            words = {fold(word): value for word, value in rule.map.items()}
            if fold(text) in words:
                return words[fold(text)] or None
            if rule.default is not None:
                return rule.default or None
            raise _Wrong("correspondance", f"Valeur non prévue par le profil : « {text} ».", text)
        for known in rule.formats:
            try:
                moment = datetime.strptime(text, known)
            except ValueError:
                continue
            return moment.isoformat(sep=" ") if "%H" in known else moment.date().isoformat()
        return text

    def _identifier(self, rule: Rule, row: Row, text: str | None) -> str | None:
        identifier = self._cell(row, rule.id_from) if rule.id_from else None
        if text is None and identifier is None:
            return None
        try:
            return self._directory.find(rule.lookup or "", text or "", identifier)
        except NoMatch as error:
            raise _Wrong("correspondance", str(error), text or identifier) from error

    def _digest(self, rule: Rule, row: Row) -> str:
        parts = "\x1f".join(self._cell(row, column) or "" for column in rule.sha1 or [])
        return rule.prefix + hashlib.sha1(parts.encode("utf-8")).hexdigest()[:20]

    def _case(self, rule: Rule, row: Row) -> str | None:
        for case in rule.cases or []:
            if all(
                fold(self._cell(row, column) or "") in map(fold, words) for column, words in case.when.items()
            ):
                return case.value or None
        if rule.default is not None:
            return rule.default or None
        seen = {column: self._cell(row, column) for case in rule.cases or [] for column in case.when}
        said = ", ".join(f"{column} : {value or 'vide'}" for column, value in seen.items())
        raise _Wrong("correspondance", f"Cas non prévu par le profil ({said}).", said)

    def _start(self, rule: Rule, row: Row) -> str | None:
        date = self._cell(row, rule.date or "")
        clock = (self._cell(row, rule.time) if rule.time else None) or rule.default_time
        if date is None:
            return None
        minutes = _minutes(clock or "")
        if minutes is None or minutes >= 24 * 60:
            raise _Wrong("format", "Heure attendue, sous la forme HH:MM.", clock)
        return f"{calendar_date(date) or date} {minutes // 60:02}:{minutes % 60:02}"

    def _end(self, rule: Rule, row: Row, start: str | None) -> str | None:
        """Start plus duration, elapsed: a night across a clock change ends when it really did."""
        text = self._cell(row, rule.duration or "") or rule.default_duration
        minutes = _minutes(text or "")
        if minutes is None:
            raise _Wrong("format", "Durée attendue, par exemple 1:30, 1h30 ou 1,5.", text)
        local = local_time(start) if start else None
        if local is None:
            raise _Wrong("format", "La fin ne peut pas être calculée sans un début valable.", start)
        moment = local if local.tzinfo else local.replace(tzinfo=self._zone)
        return (moment.astimezone(UTC) + timedelta(minutes=minutes)).isoformat(timespec="minutes")


def _minutes(text: str) -> int | None:
    """ "1:30", "1h30", "1 h" or a number of hours ("1,5")."""
    if match := _CLOCK.fullmatch(text.strip()):
        rest = int(match[2] or 0)
        return int(match[1]) * 60 + rest if rest < 60 else None
    hours = decimal(text.strip())
    if hours is None or hours < 0 or hours > 1000 or (hours * 60) % 1 != 0:
        return None
    return int(hours * Decimal(60))
