"""What the person who loads a file is told."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Status = Literal["charge", "deja_charge", "refuse", "rien"]
SHOWN_REJECTS = 20


@dataclass
class BatchReport:
    """One file. `status`: charge (landed, maybe with rejected rows), deja_charge (nothing changed), refuse
    (nothing landed but its name), rien (nothing to load in it). `rejects`: the first ones, each {row, key,
    raw, errors}.
    `ok`: nothing for the user to correct (exit code 0)."""

    source: str | None
    file_name: str
    status: Status
    message: str
    batch_id: int | None = None
    profile: str | None = None
    rows_total: int = 0
    rows_new: int = 0
    rows_unchanged: int = 0
    rows_rejected: int = 0
    rejects: list[dict[str, Any]] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return self.status != "refuse" and self.rows_rejected == 0

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "ok": self.ok}


def plural(count: int, one: str, many: str) -> str:
    """ "1 ligne rejetée", "3 lignes rejetées", with thousands apart."""
    return f"{count:,}".replace(",", "\u202f") + f" {one if count < 2 else many}"
