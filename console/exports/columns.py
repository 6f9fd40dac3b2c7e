"""How each kind of column is written as text, as SQL expressions that DuckDB evaluates (no float in between).

CSV for French Excel: `;`, decimal comma, days `AAAA-MM-JJ` (which it recognises as dates), `oui`/`non`. A
text that a spreadsheet would run as a formula gets a leading apostrophe; numbers never do: `-12,50` stays a
number. JSON: numbers with their exact decimals, days and times as ISO text.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "integer", "decimal", "float", "date", "timestamp", "boolean", "json", "nested"]
RISKY = "=+-@\t\r\n＝＋－＠"  # what a spreadsheet may take for the beginning of a formula
RISKY_PATTERN = r"=+\-@\t\r\n＝＋－＠"  # the same, inside a character class
INTEGERS = (
    "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT",
    "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT",
)  # fmt: skip


@dataclass(frozen=True)
class Column:
    name: str
    type: str  # DuckDB's
    kind: Kind

    @property
    def sql(self) -> str:
        return '"' + self.name.replace('"', '""') + '"'

    @property
    def text_sql(self) -> str:
        """SQL of the value as text, for the kinds that are written as text."""
        return f"to_json({self.sql})::varchar" if self.kind == "nested" else f"cast({self.sql} as varchar)"

    @property
    def scale(self) -> int:
        """Decimals of a DECIMAL column."""
        return int(self.type.rstrip(")").split(",")[1]) if self.kind == "decimal" else 0


def kind_of(duckdb_type: str) -> Kind:
    name = duckdb_type.upper()
    if name.endswith("]") or name.startswith(("STRUCT", "MAP", "UNION")):
        return "nested"
    if name.startswith("DECIMAL"):
        return "decimal"
    if name in INTEGERS:
        return "integer"
    if name in ("DOUBLE", "FLOAT"):
        return "float"
    if name.startswith("TIMESTAMP"):
        return "timestamp"
    simple: dict[str, Kind] = {"DATE": "date", "BOOLEAN": "boolean", "JSON": "json"}
    return simple.get(name, "text")


def safe_text(text: str) -> str:
    """The text, or the text after an apostrophe when a spreadsheet could run it."""
    return "'" + text if text[:1] and text[0] in RISKY else text


def safe_sql(text: str) -> str:
    """SQL: the same as safe_text, of a text expression."""
    return f"case when regexp_matches({text}, '^[{RISKY_PATTERN}]') then '''' || {text} else {text} end"


def csv_text(text: str) -> str:
    """A text as a CSV cell."""
    text = safe_text(text)
    quoted = any(c in text for c in ';"\r\n') or text != text.strip()
    return '"' + text.replace('"', '""') + '"' if quoted else text


def csv_row(columns: list[Column]) -> str:
    """SQL of a whole CSV line (without its end)."""
    return "concat_ws(';', " + ", ".join(f"coalesce({_csv_cell(column)}, '')" for column in columns) + ")"


def _csv_cell(column: Column) -> str:
    value = column.sql
    if column.kind in ("decimal", "float"):
        return f"replace(cast({value} as varchar), '.', ',')"
    if column.kind in ("integer", "date"):
        return f"cast({value} as varchar)"
    if column.kind == "timestamp":
        return f"strftime({value}, '%Y-%m-%d %H:%M:%S')"
    if column.kind == "boolean":
        return f"case when {value} then 'oui' when not {value} then 'non' end"
    text, safe = column.text_sql, safe_sql(column.text_sql)
    return (
        f"case when regexp_matches({text}, '[;\"\\r\\n]|^\\s|\\s$') "
        f"then '\"' || replace({safe}, '\"', '\"\"') || '\"' else {safe} end"
    )


def json_row(columns: list[Column]) -> str:
    """SQL of a whole JSON object."""
    members = [f"{_sql_text(_json_name(column.name))} || {_json_cell(column)}" for column in columns]
    return "'{' || " + " || ',' || ".join(members) + " || '}'"


def _json_cell(column: Column) -> str:
    value = column.sql
    if column.kind in ("decimal", "integer", "boolean"):
        text = f"cast({value} as varchar)"
    elif column.kind == "float":
        text = f"case when isfinite({value}) then cast({value} as varchar) end"
    elif column.kind == "date":
        text = f"'\"' || cast({value} as varchar) || '\"'"
    elif column.kind == "timestamp":
        text = f"'\"' || strftime({value}, '%Y-%m-%dT%H:%M:%S') || '\"'"
    else:
        text = f"cast(to_json({value}) as varchar)"
    return f"coalesce({text}, 'null')"


def _json_name(name: str) -> str:
    return json.dumps(name, ensure_ascii=False) + ":"


def _sql_text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
