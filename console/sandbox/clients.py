"""The payer's own list of clients, and the road each client's requests take. The format and the behaviours
are in docs/decisions/home-plus-sandbox.md.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

LABELS = {
    "10": "Intégrée", "15": "Aides calculées", "20": "En attente de validation", "30": "Validée",
    "40": "Refusée", "50": "Prélevée", "60": "En refus de prélèvement", "70": "Payée",
    "77": "Suspendue pour étude", "80": "En attente d'échanges", "90": "Clôturée", "100": "Supprimée",
    "110": "Annulée", "111": "Annulée après impayé", "112": "Annulée après recouvrement", "120": "Recouvrée",
    "": "Annulée par le particulier",
}  # fmt: skip
ACCOUNT_STATES = ("OK", "EN_COURS", "BLOQUE", "MANDAT_ECHU")

# Hours since the request came in, and the state from then on.
Road = tuple[tuple[float, str], ...]
_START: Road = ((0, "10"), (1, "20"))
_PAID: Road = (*_START, (49, "30"), (73, "50"), (169, "70"))
_DEBIT_REFUSED: Road = (*_PAID[:4], (169, "60"))
ROADS: dict[str, Road] = {
    "accept": _PAID,
    "validate": (*_START, (3, "30"), (27, "50"), (123, "70")),
    "no_answer": _START,
    "slow": ((0, "10"),),
    "exchanges": (*_START, (5, "80"), (25, "20"), (49, "30"), (73, "50"), (169, "70")),
    "debit_refused": _DEBIT_REFUSED,
    "debit_refused_then_paid": (*_DEBIT_REFUSED, (265, "70")),
    "paid_then_refused": (*_PAID, (400, "60")),
    "unpaid": (*_DEBIT_REFUSED, (600, "111")),
    "recovered": (*_DEBIT_REFUSED, (600, "120")),
    "cancelled_after_recovery": (*_DEBIT_REFUSED, (600, "120"), (700, "112")),
    "cancelled": (*_START, (5, "110")),
    "deleted": (*_START, (5, "100")),
    "cancelled_by_client": (*_START, (5, "")),
    "closed": (*_START, (5, "40"), (100, "90")),
    "unknown_status": (*_START, (5, "77")),
    "backwards": (*_PAID, (200, "20")),
}
_REFUSED: Road = (*_START, (5, "40"))
_CANCELLED: Road = (*_START, (5, "110"))


@dataclass(frozen=True)
class PayerClient:
    """A client as the payer knows it. A null birth or activation date is not compared."""

    id_client: str
    born_on: str | None
    activated_on: str | None
    status: str
    behaviour: str

    @classmethod
    def read(cls, entry: dict[str, Any]) -> PayerClient:
        """Raises ValueError, in French, for an entry that is not of the format."""
        identifier = str(entry.get("idClient") or "").strip()
        if not identifier:
            raise ValueError("Un client de la liste n'a pas d'« idClient ».")
        status = entry.get("statut") or "OK"
        if status not in ACCOUNT_STATES:
            raise ValueError(f"Client {identifier} : statut inconnu « {status} ».")
        behaviour = entry.get("comportement") or "accept"
        road_of(behaviour)
        days = [_day(identifier, entry.get(name)) for name in ("dateNaissance", "dateActivation")]
        return cls(identifier, days[0], days[1], status, behaviour)


def load_clients(source: Path | dict[str, Any]) -> list[PayerClient]:
    """Reads a list of clients from a file or from its content. Raises ValueError, in French."""
    content = json.loads(source.read_text(encoding="utf-8")) if isinstance(source, Path) else source
    entries = content.get("clients") if isinstance(content, dict) else None
    if not isinstance(entries, list):
        raise ValueError("La liste des clients doit être un objet JSON avec « clients ».")
    return [PayerClient.read(entry) for entry in entries]


def refusal_at_once(behaviour: str) -> str | None:
    """The error code with which every request of this client is rejected when it is sent."""
    code = behaviour.removeprefix("refuse:")
    return code if behaviour != code and code.startswith("ERR") else None


def road_of(behaviour: str) -> Road:
    """The states of an accepted request. Raises ValueError, in French, for an unknown behaviour."""
    if behaviour.startswith("refuse:"):
        code = behaviour.removeprefix("refuse:")
        if code.startswith(("CONTEST_", "REGUL_")):
            return _REFUSED
        if code.startswith("ANNUL_"):
            return _CANCELLED
        if code.startswith("ERR"):
            return ((0, "10"),)
    elif behaviour in ROADS:
        return ROADS[behaviour]
    raise ValueError(f"Comportement inconnu « {behaviour} ».")


def state_after(behaviour: str, hours: float) -> tuple[str, float]:
    """The state a request is in after so many hours, and when (in hours) it came into it."""
    since, state = 0.0, "10"
    for moment, code in road_of(behaviour):
        if hours >= moment:
            since, state = float(moment), code
    return state, since


def _day(identifier: str, value: Any) -> str | None:
    if value is None or value == "":
        return None
    try:
        return date.fromisoformat(str(value)[:10]).isoformat()
    except ValueError:
        raise ValueError(f"Client {identifier} : date illisible « {value} ».") from None
