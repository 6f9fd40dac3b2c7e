"""One file on its way into landing: accepted rows and rejected rows in temporary tables, then settled by SQL.

Only `settle` touches `raw`, so that a file that turns out to be damaged on its last line leaves nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from loaders.contract import Contract

DUPLICATE = {
    "column": None,
    "value": None,
    "check": "doublon",
    "message": "Cette clé revient plus bas dans le fichier : seule sa dernière ligne est retenue.",
}
_REJECTS = pa.schema(
    [("row_no", pa.int64()), ("key", pa.string()), ("raw", pa.string()), ("errors", pa.string())]
)


@dataclass(frozen=True)
class Rejected:
    """A row for quarantine: `raw` as the file says it, `errors` as in docs/architecture.md."""

    row: int
    key: str | None
    raw: dict[str, str | None]
    errors: Sequence[Mapping[str, Any]]

    def as_dict(self) -> dict[str, Any]:
        return {
            "row": self.row,
            "key": self.key,
            "raw": dict(self.raw),
            "errors": [dict(e) for e in self.errors],
        }


@dataclass(frozen=True)
class Counts:
    new: int
    unchanged: int
    rejected: int


class Staging:
    """Temporary tables `incoming` and `incoming_rejects` of one file."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, contract: Contract):
        self._connection = connection
        self._contract = contract
        self._names = ", ".join(f'"{name}"' for name in contract.columns)

    def open(self) -> None:
        self.close()
        columns = ", ".join(f'"{name}" VARCHAR' for name in self._contract.columns)
        self._connection.execute(
            f"CREATE TEMP TABLE incoming ({columns}, "
            "_extra VARCHAR, _key VARCHAR, _hash VARCHAR, _row BIGINT)"
        )
        self._connection.execute(
            "CREATE TEMP TABLE incoming_rejects (row_no BIGINT, key VARCHAR, raw VARCHAR, errors VARCHAR)"
        )

    def close(self) -> None:
        for table in ("incoming", "incoming_rejects"):
            self._connection.execute(f"DROP TABLE IF EXISTS temp.{table}")

    def accept(self, table: pa.Table, rows: pa.Array, extras: Mapping[str, pa.Array]) -> None:
        """Rows of canonical text. `extras`: what the file has besides, by header."""
        chunk = table.append_column("_row", rows)
        for position, values in enumerate(extras.values()):
            chunk = chunk.append_column(f"_x{position}", values)
        self._connection.register("chunk", chunk)
        self._connection.execute(
            f"INSERT INTO temp.incoming SELECT {self._names}, {_json(list(extras))}, {self._key()}, "
            f"{self._hash()}, _row FROM chunk"
        )
        self._connection.unregister("chunk")

    def reject(self, rejected: Sequence[Rejected]) -> None:
        if not rejected:
            return
        columns = [
            [one.row for one in rejected],
            [one.key for one in rejected],
            [_dump(one.raw) for one in rejected],
            [_dump(list(one.errors)) for one in rejected],
        ]
        self._connection.register("chunk", pa.table(columns, schema=_REJECTS))
        self._connection.execute("INSERT INTO temp.incoming_rejects SELECT * FROM chunk")
        self._connection.unregister("chunk")

    def duplicates(self) -> dict[int, str]:
        """Accepted rows whose key comes again further down (in a wrong row too), and that key."""
        found = self._connection.execute(
            "SELECT i._row, i._key FROM temp.incoming i JOIN ("
            " SELECT _key, max(_row) AS last FROM ("
            "  SELECT _key, _row FROM temp.incoming"
            "  UNION ALL SELECT key, row_no FROM temp.incoming_rejects WHERE key IS NOT NULL"
            " ) GROUP BY _key HAVING count(*) > 1"
            ") k ON k._key = i._key AND i._row < k.last"
        ).fetchall()
        return dict(found)

    def reject_duplicates(self, rejected: Sequence[Rejected]) -> None:
        """Move accepted rows to quarantine; say it of the rows that were already there, too."""
        earlier = self._connection.execute(
            "SELECT r.row_no, r.errors FROM temp.incoming_rejects r JOIN ("
            " SELECT key, max(row_no) AS last FROM ("
            "  SELECT key, row_no FROM temp.incoming_rejects WHERE key IS NOT NULL"
            "  UNION ALL SELECT _key, _row FROM temp.incoming"
            "   WHERE _key IN (SELECT key FROM temp.incoming_rejects)"
            " ) GROUP BY key"
            ") k ON k.key = r.key AND r.row_no < k.last"
        ).fetchall()
        told = [(row, _dump([*json.loads(errors), DUPLICATE])) for row, errors in earlier]
        self._replace_errors(told)
        self.reject(rejected)
        if rejected:
            lost = pa.table({"row_no": pa.array([one.row for one in rejected], pa.int64())})
            self._connection.register("chunk", lost)
            self._connection.execute("DELETE FROM temp.incoming WHERE _row IN (SELECT row_no FROM chunk)")
            self._connection.unregister("chunk")

    def _replace_errors(self, told: Sequence[tuple[int, str]]) -> None:
        if not told:
            return
        rows = pa.table({"row_no": [row for row, _ in told], "errors": [errors for _, errors in told]})
        self._connection.register("chunk", rows)
        self._connection.execute(
            "UPDATE temp.incoming_rejects SET errors = chunk.errors FROM chunk "
            "WHERE incoming_rejects.row_no = chunk.row_no"
        )
        self._connection.unregister("chunk")

    def counts(self) -> Counts:
        total, unchanged = self._one(
            f"SELECT count(*), count(*) FILTER (NOT ({self._is_new()})) FROM temp.incoming i"
        )
        (rejected,) = self._one("SELECT count(*) FROM temp.incoming_rejects")
        return Counts(total - unchanged, unchanged, rejected)

    def settle(self, batch_id: int, file_name: str, with_rejects: bool = True) -> None:
        """Land the new versions and the rejects (inside the caller's transaction)."""
        source = self._contract.name
        self._connection.execute(
            f'INSERT INTO raw."{source}" ({self._names}, _extra, _key, _hash, _batch, _row) '
            f"SELECT {self._names}, "
            f"i._extra, i._key, i._hash, ?, i._row FROM temp.incoming i WHERE {self._is_new()}",
            [batch_id],
        )
        if with_rejects:
            self._connection.execute(
                "INSERT INTO raw.rejected_rows "
                "SELECT ?, ?, ?, row_no, key, raw, errors FROM temp.incoming_rejects ORDER BY row_no",
                [batch_id, source, file_name],
            )

    def first_rejects(self, count: int) -> list[dict[str, Any]]:
        rows = self._connection.execute(
            "SELECT row_no, key, raw, errors FROM temp.incoming_rejects ORDER BY row_no LIMIT ?", [count]
        ).fetchall()
        return [
            {"row": row, "key": key, "raw": json.loads(raw), "errors": json.loads(errors)}
            for row, key, raw, errors in rows
        ]

    def _is_new(self) -> str:
        """An SQL condition on `incoming i`: the latest landed version of the key, if any, differs; or the
        row answers a reject that nothing has answered yet, and must leave a trace that does (decision
        loaders-versions).

        A key is once in a batch, so its latest version is the one of the highest batch.
        """
        source = _quote(self._contract.name)
        table = f'raw."{self._contract.name}"'
        landed, rejected = self._one(
            f"SELECT EXISTS (FROM {table}), EXISTS (FROM raw.rejected_rows WHERE source = {source})"
        )
        if not landed:
            return "true"
        differs = (
            "NOT EXISTS (SELECT 1 FROM (SELECT _key AS k, max_by(_hash, _batch) AS h "
            f"FROM {table} GROUP BY _key) WHERE k = i._key AND h = i._hash)"
        )
        if not rejected:
            return differs
        reference = "r.batch_id || ':' || r.row_no"
        unanswered = (
            f"FROM raw.rejected_rows r WHERE r.source = {source} AND r.key IS NOT NULL AND NOT EXISTS"
        )
        by_key = f"(SELECT 1 FROM {table} a WHERE a._key = r.key AND a._batch > r.batch_id)"
        unnamed = f"FROM raw.rejected_rows r WHERE r.source = {source} AND NOT EXISTS"
        by_name = f"(SELECT 1 FROM {table} a WHERE (a._extra ->> '_rejet') = {reference})"
        return (
            f"{differs} OR i._key IN (SELECT r.key {unanswered} {by_key}) "
            f"OR coalesce((i._extra ->> '_rejet') IN (SELECT {reference} {unnamed} {by_name}), false)"
        )

    def _key(self) -> str:
        return " || '|' || ".join(f'"{name}"' for name in self._contract.key)

    def _hash(self) -> str:
        """Of the values that say something: an absent value and the one it stands for are the same version,
        and a column added to the contract later makes no version of its own."""
        parts = []
        for field in self._contract.fields:
            value = f'"{field.name}"'
            if field.default is not None:
                value = f"nullif({value}, {_quote(field.default)})"
            parts.append(f"{_quote(field.name + '=')} || {value}")
        return f"md5(concat_ws(chr(31), {', '.join(parts)}))"

    def _one(self, sql: str) -> tuple[Any, ...]:
        row = self._connection.execute(sql).fetchone()
        assert row is not None
        return row


def _json(headers: list[str]) -> str:
    """An SQL expression: the JSON object of the columns _x0, _x1… that are not null, or null."""
    if not headers:
        return "NULL"
    parts = [
        f"{_quote(_dump(header) + ':')} || CAST(to_json(_x{position}) AS VARCHAR)"
        for position, header in enumerate(headers)
    ]
    return f"nullif('{{' || concat_ws(',', {', '.join(parts)}) || '}}', '{{}}')"


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
