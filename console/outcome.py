"""What a job's handler gives back to the worker: answers to store, events, follow-up jobs, how it ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from console.journal.store import NewEvent


@dataclass(frozen=True)
class Response:
    """One exchange with the outside: a row of `responses` (docs/architecture.md, "Responses")."""

    gateway: str
    operation: str
    outcome: Literal["ok", "error", "unknown"]
    items: list[dict[str, Any]]
    http_status: int | None = None
    request: str | None = None
    response: str | None = None


@dataclass(frozen=True)
class NewJob:
    """A job to enqueue with an outcome. `not_before` is on the agency's clock; None: at once."""

    kind: str
    payload: dict[str, Any]
    not_before: datetime | None = None
    job_id: str | None = None


@dataclass
class Outcome:
    """How a job ended. `retry` is bounded by the settings; `retry_at` overrides the back-off's own moment,
    `remaining` replaces the payload by what is left to do."""

    status: Literal["done", "retry", "failed"] = "done"
    message: str = ""
    responses: list[Response] = field(default_factory=list)
    events: list[NewEvent] = field(default_factory=list)
    jobs: list[NewJob] = field(default_factory=list)
    retry_at: datetime | None = None
    remaining: dict[str, Any] | None = None
