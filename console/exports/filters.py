"""The filter that a user writes (`guichet export … --where`), checked before it meets the data.

It is one SQL condition over the dataset's columns: parsed by DuckDB itself, and refused when it is anything
more (a second statement, a sub-query, an order, a limit). What runs it can read nothing but the warehouse
(tables.py).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import duckdb


class ExportRefused(Exception):
    """The export cannot be made; the text is a French sentence for the user."""


_PARTS = ("modifiers", "group_expressions", "group_sets", "having", "sample", "qualify")
_FORBIDDEN = {
    "SUBQUERY": "une sous-requête",
    "PARAMETER": "un paramètre (« ? » ou « $ »)",
    "WINDOW": "un calcul par fenêtre",
}


def checked(connection: duckdb.DuckDBPyConnection, where: str) -> str:
    """The condition, ready to stand between parentheses. Raises ExportRefused."""
    statement = f"select * from donnees where {where}\n"
    row = connection.execute("select json_serialize_sql(?)", [statement]).fetchone()
    parsed: dict[str, Any] = json.loads(row[0]) if row else {"error": True}
    if parsed.get("error"):
        if parsed.get("error_type") == "not implemented" or ";" in where:
            raise ExportRefused("Le filtre est refusé : une seule condition, sans « ; ».")
        raise ExportRefused(f"Le filtre n'est pas une condition SQL : {_where_it_stops(parsed)}.")
    statements = parsed["statements"]
    node = statements[0]["node"]
    if (
        len(statements) != 1
        or node["type"] != "SELECT_NODE"
        or node["from_table"].get("table_name") != "donnees"
    ):
        raise ExportRefused("Le filtre est refusé : une seule condition est attendue.")
    if any(node.get(part) for part in _PARTS):
        raise ExportRefused(
            "Le filtre est refusé : une condition seulement, sans tri, regroupement ni limite."
        )
    for found in _classes(node["where_clause"]):
        if found in _FORBIDDEN:
            raise ExportRefused(f"Le filtre est refusé : il contient {_FORBIDDEN[found]}.")
    return where


def explained(error: duckdb.Error) -> ExportRefused:
    """What DuckDB says of a condition that it cannot apply, as a French sentence."""
    text = str(error)
    if column := re.search(r'[Rr]eferenced column "([^"]+)"', text):
        return ExportRefused(f"Le filtre nomme une colonne inconnue : « {column.group(1)} ».")
    if function := re.search(r"[Ff]unction with name \"?([A-Za-z0-9_]+)\"?", text):
        return ExportRefused(f"Le filtre emploie une fonction inconnue : « {function.group(1)} ».")
    if value := re.search(r"(?:convert string '|out of range: \"|field format: \")([^'\"]*)", text):
        return ExportRefused(f"La valeur « {value.group(1)} » du filtre n'est pas du type de sa colonne.")
    return ExportRefused("Le filtre ne peut pas être appliqué à ces données : vérifiez les types comparés.")


def _where_it_stops(parsed: dict[str, Any]) -> str:
    near = re.search(r'at or near "(.*?)"', str(parsed.get("error_message", "")), re.S)
    return f"il n'est pas compris près de « {near.group(1).strip()} »" if near else "il est incomplet"


def _classes(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("class"), str):
            yield node["class"]
        for value in node.values():
            yield from _classes(value)
    elif isinstance(node, list):
        for value in node:
            yield from _classes(value)
