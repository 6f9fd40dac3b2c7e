"""What happened to an invoice, a client, a request: the journal's events and the exchanges, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from console.journal.store import Event
from console.web import state
from console.widgets import cells, formats

DELIVERIES = {"mail": "par e-mail", "courrier": "par courrier"}
EMITTERS = {"client": "du client", "organisme": "de l'organisme", "home_plus": "de l'Urssaf"}
ENTITIES = {"invoice": "de la facture", "print_batch": "du lot d'impression"}


@dataclass(frozen=True)
class Moment:
    """One line of a timeline. `at` is UTC text or a datetime; `text` is plain text."""

    at: Any
    text: str
    actor: str = ""
    code: str = ""


def _created(data: dict[str, Any]) -> str:
    if data["invoice_kind"] == "credit_note":
        return f"Avoir créé sur {data.get('origin') or 'la facture'}"
    return "Brouillon créé" + (f", remplace {data['replaces']}" if data.get("replaces") else "")


WORDS: dict[str, Callable[[dict[str, Any]], str]] = {
    "activity.intervention_validated": lambda d: "Intervention validée",
    "clients.field_set": lambda d: "Fiche client modifiée : " + forms_title(d["field"]),
    "billing.invoice_created": _created,
    "billing.invoice_deleted": lambda d: "Brouillon supprimé",
    "billing.invoice_validated": lambda d: f"Validée sous le numéro {d['number']}",
    "billing.invoice_sent": lambda d: (
        f"Envoyée {DELIVERIES.get(d['delivery'], d['delivery'])}"
        + (f" à {d['recipient']}" if d.get("recipient") else "")
    ),
    "documents.stored": lambda d: f"Document {ENTITIES.get(d['entity'], '')} enregistré".replace("  ", " "),
    "home_plus.requested": lambda d: (
        "Demande Home+ mise en file" + (f" (essai {d['attempt']})" if d.get("attempt", 1) > 1 else "")
    ),
    "home_plus.request_stopped": lambda d: "Demande Home+ arrêtée avant envoi",
    "home_plus.status_accepted": lambda d: f"État accepté : {d['state']} ({d['reason']})",
    "settlement.payment_recorded": lambda d: (
        f"Règlement {EMITTERS.get(d['emitter'], '')} de {formats.euros(d['amount'])}"
    ),
    "settlement.allocated": lambda d: f"Ventilation de {formats.euros(d['amount'])}",
    "settlement.unallocated": lambda d: "Ventilation annulée",
}


def forms_title(field: str) -> str:
    from console.widgets.detail import LABELS

    return LABELS.get(field, field)


def sentence(kind: str, data: dict[str, Any]) -> str:
    """A kind of event in French; a kind not known here is shown by its name."""
    words = WORDS.get(kind)
    return words(data) if words else kind


def of_events(events: Iterable[Event]) -> list[Moment]:
    found = []
    for event in events:
        codes = ", ".join(event.data.get("codes", ())) if event.kind == "home_plus.request_stopped" else ""
        found.append(Moment(event.occurred_at, sentence(event.kind, event.data), event.actor, codes))
    return found


def of_streams(*streams: str) -> list[Moment]:
    return [moment for stream in streams for moment in of_events(state.journal().stream(stream))]


def show(moments: Iterable[Moment], limit: int = 30) -> None:
    """The newest first, each with its time and its actor."""
    zone = state.settings().zone
    ordered = sorted(moments, key=lambda one: str(one.at).replace(" ", "T"), reverse=True)
    if not ordered:
        return
    st.markdown("##### Historique")
    lines = []
    for one in ordered[:limit]:
        code = f" `{one.code}`" if one.code and "`" not in one.code else ""
        actor = f" · *{cells.markdown(one.actor)}*" if one.actor else ""
        lines.append(f":gray[{formats.moment(one.at, zone)}] {cells.markdown(one.text)}{code}{actor}")
    st.markdown("  \n".join(lines))
    if len(ordered) > limit:
        st.caption(
            f"et {formats.count(len(ordered) - limit, 'événement plus ancien', 'événements plus anciens')}"
        )
