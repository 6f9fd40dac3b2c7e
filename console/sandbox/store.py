"""What the sandbox payer keeps, in SQLite: its clients, the requests it took, its clock, the calls it had.

One connection behind one lock: a sandbox serves one agency's training, and a request is either kept or not.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from console.sandbox.clients import LABELS, PayerClient, state_after

SCHEMA = """
create table if not exists meta (name text primary key, value text not null);
create table if not exists clients (
    id_client text primary key, born_on text, activated_on text, status text not null,
    behaviour text not null);
create table if not exists requests (
    request_id text primary key, number text not null unique, id_client text not null, amount text not null,
    invoiced_on text not null, body text not null, behaviour text not null, hour real not null,
    day text not null);
create table if not exists calls (
    call_id integer primary key, at real not null, method text not null, path text not null,
    body text not null, status integer, answer text not null);
"""
SEARCH_LIMIT = 1000


@dataclass(frozen=True)
class Kept:
    """A request as the payer has it. `hour`: the payer's clock when it came in."""

    request_id: str
    number: str
    id_client: str
    amount: str
    invoiced_on: str
    body: str
    behaviour: str
    hour: float
    day: str


class PayerStore:
    """`seed` makes the identifiers of a run repeatable; `speed` is how many hours an hour counts for."""

    def __init__(self, path: Path, speed: float | None = None, seed: int = 0):
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("pragma journal_mode = wal")
        self._db.execute("pragma synchronous = normal")
        self._db.executescript(SCHEMA)
        self._seed = seed
        if self._meta("origin") is None:
            self._set_meta(origin=repr(time.time()), hours="0.0", speed=repr(1.0 if speed is None else speed))
        elif speed is not None:
            self.set_speed(speed)

    def close(self) -> None:
        with self._lock:
            self._db.close()

    # the clock

    @property
    def speed(self) -> float:
        return float(self._meta("speed") or "1")

    def hours(self) -> float:
        """Hours on the payer's clock since it was first started."""
        with self._lock:
            since = time.time() - float(self._meta("origin") or 0)
            return float(self._meta("hours") or 0) + since * self.speed / 3600

    def set_speed(self, speed: float) -> None:
        with self._lock:
            self._set_meta(hours=repr(self.hours()), origin=repr(time.time()), speed=repr(speed))

    def advance(self, hours: float) -> None:
        with self._lock:
            self._set_meta(hours=repr(float(self._meta("hours") or 0) + hours))

    def today(self) -> date:
        fixed = self._meta("today")
        return date.fromisoformat(fixed) if fixed else date.today()

    def set_today(self, day: str | None) -> None:
        self._set_meta(today=date.fromisoformat(day).isoformat() if day else "")

    # clients

    def replace_clients(self, clients: Iterable[PayerClient]) -> int:
        rows = [tuple(asdict(client).values()) for client in clients]
        with self._lock:
            self._db.execute("begin")
            self._db.execute("delete from clients")
            self._db.executemany("insert or replace into clients values (?, ?, ?, ?, ?)", rows)
            self._db.execute("commit")
        return len(rows)

    def put_client(self, client: PayerClient) -> None:
        with self._lock:
            self._db.execute(
                "insert or replace into clients values (?, ?, ?, ?, ?)", tuple(asdict(client).values())
            )

    def client(self, id_client: str) -> PayerClient | None:
        rows = self._rows("select * from clients where id_client = ?", id_client)
        return PayerClient(**rows[0]) if rows else None

    def clients(self) -> int:
        return self._rows("select count(*) as n from clients")[0]["n"]

    # requests

    def take(self, request: dict[str, Any], body: str, behaviour: str) -> Kept | None:
        """Keeps a request; None when one of that number is already there."""
        number = str(request["numFactureTiers"])
        digest = hashlib.sha256(f"{self._seed}|{number}".encode()).hexdigest()
        kept = Kept(
            str(int(digest[:12], 16)).zfill(14)[-14:], number, str(request["idClient"]),
            str(request["mntFactureTTC"]), str(request["dateFacture"])[:10], body, behaviour, self.hours(),
            self.today().isoformat(),
        )  # fmt: skip
        try:
            with self._lock:
                self._db.execute(
                    "insert into requests values (?, ?, ?, ?, ?, ?, ?, ?, ?)", tuple(asdict(kept).values())
                )
        except sqlite3.IntegrityError:
            return None
        return kept

    def set_behaviour(self, number: str, behaviour: str) -> bool:
        """Puts one request on another road."""
        with self._lock:
            done = self._db.execute("update requests set behaviour = ? where number = ?", (behaviour, number))
        return done.rowcount == 1

    def find(
        self, numbers: list[str], ids: list[str], first: str | None, last: str | None,
        limit: int = SEARCH_LIMIT,
    ) -> list[Kept]:  # fmt: skip
        """Requests that meet every criterion that is given; a negative limit is none."""
        where, values = [], []  # type: tuple[list[str], list[str]]
        for column, wanted in (("number", numbers), ("request_id", ids)):
            if wanted:
                where.append(f"{column} in (select value from json_each(?))")
                values.append(json.dumps(wanted))
        if first:
            where.append("invoiced_on >= ?")
            values.append(first[:10])
        if last:
            where.append("invoiced_on <= ?")
            values.append(last[:10])
        rows = self._rows(
            f"select * from requests where {' and '.join(where) or '1 = 1'} order by number limit {limit}",
            *values,
        )
        return [Kept(**row) for row in rows]

    def requests(self) -> list[dict[str, Any]]:
        """All that is kept, for people and tests: number, client, amount, state."""
        return [
            {"numFactureTiers": one.number, "idClient": one.id_client, "montant": one.amount,
             "idDemandePaiement": one.request_id, "statut": self.state(one)[0], "libelle": self.state(one)[1],
             "comportement": one.behaviour}
            for one in self.find([], [], None, None, limit=-1)
        ]  # fmt: skip

    def state(self, kept: Kept) -> tuple[str, str]:
        code, _ = state_after(kept.behaviour, self.hours() - kept.hour)
        return code, LABELS.get(code, "Statut inconnu")

    def info(self, kept: Kept) -> str:
        """The JSON text of an InfoDemandePaiement: amounts are written as they were received."""
        hours = self.hours() - kept.hour
        code, since = state_after(kept.behaviour, hours)
        status = {"code": code, "libelle": LABELS.get(code, "Statut inconnu")}
        if not code:
            del status["code"]
        parts = [
            f'"idDemandePaiement":{json.dumps(kept.request_id)}', f'"demandePaiement":{kept.body}',
            f'"statut":{json.dumps(status, ensure_ascii=False)}',
        ]  # fmt: skip
        if kept.behaviour.startswith("refuse:") and code in ("40", "110"):
            reason = {
                "code": kept.behaviour.removeprefix("refuse:"),
                "commentaire": "Décision du particulier.",
            }
            parts.append(f'"infoRejet":{json.dumps(reason, ensure_ascii=False)}')
        if code == "70":
            day = self._day_of(hours - since)
            parts.append(f'"infoVirement":{{"mntVirement":{kept.amount},"dateVirement":"{day}T00:00:00Z"}}')
        return "{" + ",".join(parts) + "}"

    def _day_of(self, hours_ago: float) -> str:
        """The calendar day on which that happened: the sped-up clock shortens waiting, not the calendar."""
        days = int(hours_ago / max(self.speed, 1.0) / 24)
        return (self.today() - timedelta(days=days)).isoformat()

    # calls

    def log_call(self, method: str, path: str, body: str, status: int | None, answer: str) -> None:
        with self._lock:
            self._db.execute(
                "insert into calls (at, method, path, body, status, answer) values (?, ?, ?, ?, ?, ?)",
                (time.time(), method, path, body, status, answer),
            )

    def calls(self, path: str | None = None) -> list[dict[str, Any]]:
        """Calls received so far, in order; those of the token are without their credentials."""
        return self._rows("select * from calls where ? is null or path = ? order by call_id", path, path)

    def _rows(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        with self._lock:
            cursor = self._db.execute(sql, values)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor]

    def _meta(self, name: str) -> str | None:
        rows = self._rows("select value from meta where name = ?", name)
        return rows[0]["value"] if rows else None

    def _set_meta(self, **values: str) -> None:
        with self._lock:
            self._db.executemany("insert or replace into meta values (?, ?)", list(values.items()))


def to_json(value: Any) -> str:
    """JSON text with Decimal written as it was read (the standard encoder knows only binary fractions)."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        return (
            "{"
            + ",".join(f"{json.dumps(str(k), ensure_ascii=False)}:{to_json(v)}" for k, v in value.items())
            + "}"
        )
    if isinstance(value, list):
        return "[" + ",".join(to_json(entry) for entry in value) + "]"
    return json.dumps(value, ensure_ascii=False)
