"""What the parameters of actions have in common: their types, and how they name invoices.

Lists take the datasets' own keys; where no list is given and a `period` is, all that qualify (spec 00).
"""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from console.actions.registry import Context, Params, Refused

Ids = Annotated[list[Annotated[str, Field(min_length=1, max_length=300)]], Field(max_length=1_000_000)]
Period = Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]
Reason = Annotated[str, Field(min_length=1, max_length=300)]


def _decimal_text(value: Any) -> Any:
    """Accepts « 1 234,56 » as a person types it."""
    if isinstance(value, str):
        return value.replace("\u202f", "").replace("\u00a0", "").replace(" ", "").replace(",", ".")
    return value


Amount = Annotated[
    Decimal, BeforeValidator(_decimal_text), Field(gt=0, max_digits=12, decimal_places=2)
]  # euros, more than zero


class Invoices(Params):
    """Names invoices: by identifier, by number, or all those of a month."""

    invoice_ids: Ids | None = Field(
        None, title="Factures", description="Identifiants des factures (brouillons compris)."
    )
    invoice_numbers: Ids | None = Field(None, title="Numéros", description="Numéros des factures.")
    period: Period | None = Field(
        None, title="Mois", description="Mois facturé (AAAA-MM) : toutes les factures concernées."
    )

    def named(self) -> bool:
        return self.invoice_ids is not None or self.invoice_numbers is not None


def money(amount: Decimal) -> str:
    """The text of an amount in events: two decimals, always."""
    return f"{amount:.2f}"


def made_id(prefix: str, *parts: object) -> str:
    """An identifier that the same decision (idempotency key) always gives again."""
    text = "\n".join(str(part) for part in parts)
    return prefix + hashlib.sha256(text.encode()).hexdigest()[:16]


def known_seq(ctx: Context) -> int:
    """The journal's last number that the warehouse has seen; 0 when there is no run yet."""
    return ctx.warehouse.info().seq if ctx.warehouse.run_id else 0


def mart(ctx: Context, sql: str, params: list[Any] | None = None) -> list[dict[str, Any]]:
    """Rows of the warehouse; none before the first run."""
    return ctx.warehouse.rows(sql, params or []) if ctx.warehouse.run_id else []


def need_run(ctx: Context) -> None:
    """Refuses an action that starts from computed figures while there are none."""
    if not ctx.warehouse.run_id:
        raise Refused("Aucun calcul n'est encore disponible : lancez « guichet run », puis recommencez.")
