"""What the journal is made of: events to append, stored events, refusals, and how an event is hashed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256
from typing import Any, NamedTuple

from pydantic_core import to_json

from console.journal.events import PAYLOADS, Payload

GENESIS = "0" * 64
EVENT_COLUMNS = (
    ("seq", "bigint"), ("event_id", "text"), ("stream", "text"), ("version", "int"), ("kind", "text"),
    ("payload", "text"), ("actor", "text"), ("occurred_at", "text"), ("hash", "text"),
)  # fmt: skip
EVENT_FIELDS = ", ".join(f"e.{name}" for name, _ in EVENT_COLUMNS)


@dataclass(slots=True)
class NewEvent:
    """An event to append. `payload`: a model, or its canonical JSON text (checked, stored as it is).
    Neighbours with the same `group` stand or fall together."""

    stream: str
    kind: str
    payload: Payload | str
    expected_version: int | None = None
    group: str | None = None


@dataclass(frozen=True)
class Event:
    """A stored event. `payload` is the text that was hashed; `data` is what it says; times are UTC text."""

    seq: int
    event_id: str
    stream: str
    version: int
    kind: str
    payload: str
    actor: str
    occurred_at: str
    hash: str

    @cached_property
    def data(self) -> dict[str, Any]:
        return json.loads(self.payload)

    def model(self) -> Payload:
        return PAYLOADS[self.kind].model_validate_json(self.payload)


class Head(NamedTuple):
    """An event without its invoice lines: what a state or a total is read from in bulk."""

    seq: int
    stream: str
    kind: str
    data: dict[str, Any]


@dataclass(frozen=True)
class Refusal:
    """Why one event was not appended, in French, and the event that stands in its way."""

    reason: str
    holder: Event | None = None
    resource: str | None = None


def iso(moment: datetime) -> str:
    """UTC text of 26 characters: its order is the order of time."""
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return moment.isoformat(timespec="microseconds")


def event_hash(previous: str, row: tuple[Any, ...] | list[Any]) -> str:
    """`row`: seq, event_id, stream, version, kind, payload text, actor, occurred_at. Hashed as compact
    UTF-8 (`json.dumps(row, ensure_ascii=False, separators=(",", ":"))` says the same, more slowly)."""
    digest = sha256(f"{previous}\n".encode())
    digest.update(to_json(row))
    return digest.hexdigest()
