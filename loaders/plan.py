"""What a file is to be read as: its contract, and the profile that maps it there when its headers are
foreign."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loaders.contract import Contract
from loaders.contracts import SOURCES
from loaders.errors import Refused
from loaders.headers import (
    REASONS_COLUMN,
    check_match,
    listed,
    match_headers,
    source_from_headers,
    source_from_name,
)
from loaders.mapping import Mapper
from loaders.profiles import Profile, detected
from loaders.readers import RawFile
from loaders.readers.base import ABSENT
from loaders.validate import Errors
from loaders.values import fold


@dataclass(frozen=True)
class Plan:
    contract: Contract
    profile: Profile | None
    columns: Mapping[str, str]  # contract column -> header of the file (without a profile)
    unknown: tuple[str, ...]  # headers whose values go to _extra

    def prepare(self, cleaned: pa.Table, mapper: Mapper | None) -> Prepared:
        """A cleaned chunk in the columns of the contract, not yet canonical."""
        extras = {header: _present(cleaned[header]) for header in self.unknown}
        if mapper is None:
            return Prepared(cleaned, self.columns, extras, {}, None)
        mapped = mapper.apply(cleaned)
        same = {name: name for name in mapped.table.column_names}
        return Prepared(mapped.table, same, extras, mapped.errors, np.array(mapped.kept, dtype=bool))


@dataclass(frozen=True)
class Prepared:
    """`columns`: contract column -> column of `table`; `kept`: None, or which rows are of this source at
    all."""

    table: pa.Table
    columns: Mapping[str, str]
    extras: dict[str, pa.Array]
    errors: Errors
    kept: np.ndarray | None


def known_source(source: str | None) -> str | None:
    if source is not None and source not in SOURCES:
        raise Refused(f"Source inconnue : « {source} ». Sources connues : {', '.join(SOURCES)}.")
    return source


def make_plan(
    path: Path, raw: RawFile, source: str | None, profile: str | None, profiles: dict[str, Profile]
) -> Plan:
    """In this order: what the caller says, the file's or folder's name, the headers (spec 10).

    A profile is used when it is named, or when the contract's own columns are not there and its headers are.
    """
    if profile is not None:
        return _with_profile(_named(profile, profiles, source), raw)
    source = source or source_from_name(path)
    if source is not None:
        contract = SOURCES[source]
        match = match_headers(contract, raw.headers)
        foreign = detected(profiles, raw.headers, source) if match.missing else None
        return _with_profile(foreign, raw) if foreign else _direct(contract, raw)
    foreign = detected(profiles, raw.headers, None)
    found = source_from_headers(raw.headers)
    if found is not None:
        return _direct(SOURCES[found], raw)
    if foreign is not None:
        return _with_profile(foreign, raw)
    raise Refused(
        f"Source non reconnue d'après le nom et les colonnes : précisez-la ({', '.join(SOURCES)}). "
        f"Colonnes trouvées : {listed(raw.headers)}."
    )


def _named(name: str, profiles: dict[str, Profile], source: str | None) -> Profile:
    found = profiles.get(name)
    if found is None:
        raise Refused(f"Profil inconnu : « {name} ». Profils connus : {', '.join(profiles) or 'aucun'}.")
    if source is not None and source != found.source:
        raise Refused(f"Le profil « {name} » est pour la source « {found.source} », pas « {source} ».")
    return found


def _direct(contract: Contract, raw: RawFile) -> Plan:
    match = match_headers(contract, raw.headers)
    check_match(contract, match, raw.headers, raw.repeated)
    return Plan(contract, None, match.columns, match.unknown)


def _with_profile(profile: Profile, raw: RawFile) -> Plan:
    absent = [name for name in profile.detect if fold(name) not in {fold(header) for header in raw.headers}]
    if absent:
        raise Refused(
            f"Colonnes absentes pour le profil « {profile.name} » : {', '.join(absent)}. "
            f"Colonnes trouvées : {listed(raw.headers)}."
        )
    kept = tuple(header for header in raw.headers if fold(header) != fold(REASONS_COLUMN))
    return Plan(SOURCES[profile.source], profile, {}, kept)


def _present(column: pa.ChunkedArray) -> pa.Array:
    array = column.combine_chunks()
    absent = pc.fill_null(pc.equal(array, ABSENT), False)
    return pc.if_else(absent, pa.scalar(None, pa.string()), array)


def sheet_names(source: str | None) -> Sequence[str]:
    """How the sheet of a workbook may be called for its source to be taken from it rather than from the
    first."""
    if source is None:
        return ()
    contract = SOURCES[source]
    return (contract.name, contract.label, *contract.names)
