"""The journal: what was decided, appended in one order and never edited. Spec 00, "Journal".

One writer at a time: `Journal.begin` waits for its turn, so the order of `seq` is the order of commits and a
reader that follows `seq` misses nothing. What may be used once is claimed once, together with its event.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Engine

from console.journal import engine as database
from console.journal.records import EVENT_FIELDS, GENESIS, Event, Head, NewEvent, Refusal, event_hash, iso
from console.journal.refused import Refused
from console.journal.transaction import Transaction, command_result
from console.settings import Settings

__all__ = [
    "GENESIS", "Event", "Head", "Journal", "NewEvent", "Refusal", "Refused", "Transaction", "event_hash",
    "iso",
]  # fmt: skip
PAGE = 5_000


class Journal:
    """The journal of one agency. `engine` lets one writer at a time through; `reader` never waits."""

    def __init__(self, engine: Engine):
        self.engine = engine
        self.reader = database.reading(engine)

    @classmethod
    def open(cls, settings: Settings) -> Journal:
        return cls(database.open_engine(settings.database_url()))

    def close(self) -> None:
        self.engine.dispose()

    def begin(self, actor: str, now: datetime) -> Transaction:
        """Waits for the other writers (at most a minute), then holds the journal until commit or rollback."""
        return Transaction(self.engine.connect(), actor, now)

    def command_result(self, key: str, input_hash: str) -> dict[str, Any] | None:
        """The first result of this key, or None. Raises Refused when the key was used for another input."""
        with self.reader.connect() as connection:
            return command_result(connection, key, input_hash)

    def last_seq(self) -> int:
        return self._last("events")

    def last_response_seq(self) -> int:
        return self._last("responses")

    def events(
        self, after: int = 0, limit: int | None = None, kinds: Iterable[str] | None = None,
        stream: str | None = None,
    ) -> Iterator[Event]:  # fmt: skip
        """Events in order, read in pages: a long read holds nobody up."""
        wanted = sorted(kinds) if kinds is not None else None
        left = limit
        while left is None or left > 0:
            size = PAGE if left is None else min(PAGE, left)
            page = self._page(after, size, wanted, stream)
            yield from page
            if len(page) < size:
                return
            after = page[-1].seq
            left = None if left is None else left - len(page)

    def stream(self, name: str) -> list[Event]:
        return list(self.events(stream=name))

    def _page(self, after: int, size: int, kinds: list[str] | None, stream: str | None) -> list[Event]:
        with self.reader.connect() as connection:
            mark = "?" if database.is_sqlite(connection) else "%s"
            where, values = f"e.seq > {mark}", [after]  # type: tuple[str, list[Any]]
            if kinds is not None:
                where += f" and e.kind in ({', '.join(mark for _ in kinds) or 'null'})"
                values += kinds
            if stream is not None:
                where += f" and e.stream = {mark}"
                values.append(stream)
            sql = f"select {EVENT_FIELDS} from events e where {where} order by e.seq limit {size}"
            return [Event(*row) for row in connection.exec_driver_sql(sql, tuple(values))]

    def _last(self, table: str) -> int:
        with self.reader.connect() as connection:
            return connection.exec_driver_sql(f"select coalesce(max(seq), 0) from {table}").scalar_one()
