"""Profiles: how a foreign export maps onto a contract, one TOML file each (spec 10, "Files of other tools").

The file says; nothing here knows a foreign tool. `mapping.py` applies a profile to rows.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from loaders.contracts import SOURCES
from loaders.errors import Refused
from loaders.values import fold

_OWN = Path(__file__).parent


class Case(BaseModel):
    """`value` when every named column holds one of the listed words ("" is an empty cell)."""

    model_config = ConfigDict(extra="forbid")
    when: dict[str, list[str]]
    value: str


class Rule(BaseModel):
    """How one column of the contract is made. Exactly one way: constant | from | date+time | after | sha1 |
    cases.

    `from` joins columns (`join`, default a space; repeated and empty parts once and not at all); `instead`
    is taken when every column of `instead_if` is filled; `map` translates values; `lookup` turns names into
    ids,
    `id_from` first; `formats` are strptime formats tried on a date or time before the usual ones.
    """

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    constant: str | None = None
    from_: list[str] | None = Field(None, alias="from")
    join: str = " "
    instead: str | None = None
    instead_if: list[str] = []
    map: dict[str, str] = {}
    formats: list[str] = []
    lookup: Literal["clients", "services", "workers"] | None = None
    id_from: str | None = None
    date: str | None = None
    time: str | None = None
    default_time: str | None = None
    after: str | None = None
    duration: str | None = None
    default_duration: str | None = None
    sha1: list[str] | None = None
    prefix: str = ""
    cases: list[Case] | None = None
    default: str | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Rule:
        ways = [self.constant, self.from_, self.date, self.after, self.sha1, self.cases]
        if sum(way is not None for way in ways) != 1:
            raise ValueError("une seule règle par colonne : constant, from, date, after, sha1 ou cases")
        if self.after is not None and self.duration is None:
            raise ValueError("« after » demande « duration »")
        return self


class Keep(BaseModel):
    """Rows whose column holds one of the words; the others are not of this source and are counted apart."""

    model_config = ConfigDict(extra="forbid")
    column: str
    values: list[str]


class Profile(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    label: str = ""
    source: str
    detect: list[str] = Field(min_length=1)
    keep: Keep | None = None
    columns: dict[str, Rule]

    @model_validator(mode="after")
    def _fits_its_contract(self) -> Profile:
        contract = SOURCES.get(self.source)
        if contract is None:
            raise ValueError(f"source inconnue : {self.source}")
        if unknown := sorted(set(self.columns) - set(contract.columns)):
            raise ValueError(f"colonnes inconnues de « {self.source} » : {', '.join(unknown)}")
        if missing := [name for name in contract.required if name not in self.columns]:
            raise ValueError(f"colonnes obligatoires sans règle : {', '.join(missing)}")
        return self

    def recognises(self, headers: Sequence[str]) -> bool:
        return {fold(name) for name in self.detect} <= {fold(header) for header in headers}


def profiles(folder: Path | None = None) -> dict[str, Profile]:
    """Every profile by name: those of Guichet, then those of `folder`, which win. Raises Refused, naming
    the file, when one is not a valid profile."""
    found = {}
    for place in (_OWN, folder):
        if place is not None and place.is_dir():
            for path in sorted(place.glob("*.toml")):
                profile = read_profile(path)
                found[profile.name] = profile
    return found


def read_profile(path: Path) -> Profile:
    try:
        return Profile.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Refused(f"Le profil {path.name} n'est pas un fichier TOML valide.") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        reason = first["msg"].removeprefix("Value error, ")
        raise Refused(f"Le profil {path.name} n'est pas valide : {place} {reason}".rstrip() + ".") from error


def detected(candidates: dict[str, Profile], headers: Sequence[str], source: str | None) -> Profile | None:
    """The profile whose headers are all there; of several, the one that asks for most. None when there is
    none."""
    fits = [
        profile
        for profile in candidates.values()
        if profile.recognises(headers) and source in (None, profile.source)
    ]
    return max(fits, key=lambda profile: (len(profile.detect), profile.name), default=None)
