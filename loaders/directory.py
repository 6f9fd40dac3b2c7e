"""Names to ids, from what has landed: the latest version of each client and service, and the workers' ids
that plannings and interventions use (there is no file of workers)."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field

import duckdb

from loaders.values import fold

_TITLE = re.compile(r"^(m|mr|mme|mlle|monsieur|madame|mademoiselle)[. ]+", re.IGNORECASE)
_NAMES = {"clients": ("Aucun client ne correspond", "Plusieurs clients correspondent"),
          "services": ("Aucune prestation ne correspond", "Plusieurs prestations correspondent"),
          "workers": ("Aucun intervenant ne correspond", "Plusieurs intervenants correspondent")}  # fmt: skip


class NoMatch(Exception):
    """In French: nothing, or several things, go by that name."""


@dataclass
class _Index:
    ids: dict[str, set[str]] = field(default_factory=dict)
    names: dict[str, set[str]] = field(default_factory=dict)


class Directory:
    """Reads `raw` once per kind, at its first question."""

    def __init__(self, connection: duckdb.DuckDBPyConnection):
        self._connection = connection
        self._indexes: dict[str, _Index] = {}

    def find(self, kind: str, name: str, identifier: str | None = None) -> str:
        """The id that `identifier` is, else that `name` is or names. Raises NoMatch.

        A worker that no id matches gets one made of the name: the same person has the same id in every file.
        """
        index = self._indexes.get(kind) or self._indexes.setdefault(kind, self._read(kind))
        for text, known in ((identifier, index.ids), (name, index.ids), (name, index.names)):
            matches = known.get(fold(_TITLE.sub("", text)) if text else "", set())
            if len(matches) > 1:
                ids = ", ".join(sorted(matches)[:5])
                raise NoMatch(f"{_NAMES[kind][1]} à « {text} » : {ids}.")
            if matches:
                return next(iter(matches))
        if kind == "workers" and (identifier or name):
            return identifier or worker_id(name)
        raise NoMatch(f"{_NAMES[kind][0]} à « {name or identifier or ''} ».")

    def _read(self, kind: str) -> _Index:
        index = _Index()
        for identifier, *names in self._connection.execute(_QUERIES[kind]).fetchall():
            index.ids.setdefault(fold(identifier), set()).add(identifier)
            for name in self._spellings(kind, names):
                index.names.setdefault(name, set()).add(identifier)
        index.names.pop("", None)
        return index

    @staticmethod
    def _spellings(kind: str, names: list[str | None]) -> set[str]:
        if kind != "clients":
            return {fold(name) for name in names if name}
        last, first, birth = (name or "" for name in names)
        pairs = {f"{first} {last}", f"{last} {first}"}
        if birth:
            pairs |= {f"{first} {birth}", f"{birth} {first}"}
        return {fold(pair) for pair in pairs}


def worker_id(name: str) -> str:
    """An id for a worker known by name only: order of first and last name, case and accents do not change
    it."""
    words = sorted(fold(word) for word in _TITLE.sub("", name).split())
    return "W-" + hashlib.sha1(" ".join(words).encode()).hexdigest()[:12]


_LATEST = "QUALIFY row_number() OVER (PARTITION BY _key ORDER BY _batch DESC, _row DESC) = 1"
_QUERIES = {
    "clients": f"SELECT client_id, last_name, first_name, birth_name FROM raw.clients {_LATEST}",
    "services": f"SELECT service_code, label FROM raw.services {_LATEST}",
    "workers": (
        "SELECT DISTINCT worker_id FROM "
        "(SELECT worker_id FROM raw.plannings UNION ALL SELECT worker_id FROM raw.interventions)"
    ),
}
