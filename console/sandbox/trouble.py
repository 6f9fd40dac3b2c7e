"""The sandbox's bad days: what goes wrong, on which call, how many times (docs/decisions)."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

ENDPOINTS = ("demande", "recherche", "jeton", "particulier", "*")
BEFORE = ("500", "503", "429", "401", "400_vide", "coupure_avant")  # the payer does nothing
AFTER = (
    "500_apres",
    "coupure_apres",
    "double",
    "statut_inconnu",
    "illisible",
    "incomplet",
)  # it did the work


@dataclass
class Fault:
    on: str
    kind: str
    times: int

    @classmethod
    def read(cls, entry: dict[str, Any]) -> Fault:
        """Raises ValueError, in French."""
        on, kind, times = str(entry.get("sur", "*")), str(entry.get("type", "")), entry.get("fois", 1)
        if on not in ENDPOINTS:
            raise ValueError(f"Appel inconnu « {on} » ; au choix : {', '.join(ENDPOINTS)}.")
        if kind not in BEFORE + AFTER:
            raise ValueError(f"Panne inconnue « {kind} » ; au choix : {', '.join(BEFORE + AFTER)}.")
        if not isinstance(times, int):
            raise ValueError("« fois » est un nombre entier.")
        return cls(on, kind, times)


class Troubles:
    """What is to go wrong; each call uses up the first fault that concerns it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self.latency = 0.0

    def replace(self, faults: list[Fault]) -> None:
        with self._lock:
            self._faults = faults

    def next(self, endpoint: str) -> str | None:
        with self._lock:
            for fault in self._faults:
                if fault.on in (endpoint, "*") and fault.times != 0:
                    if fault.times > 0:
                        fault.times -= 1
                    return fault.kind
        return None

    def shown(self) -> list[dict[str, Any]]:
        with self._lock:
            return [
                {"sur": fault.on, "type": fault.kind, "fois": fault.times}
                for fault in self._faults if fault.times != 0
            ]  # fmt: skip
