"""The page with which a person steers the sandbox: its clock, its bad days, what it has."""

from __future__ import annotations

from html import escape

from console.sandbox.store import PayerStore
from console.sandbox.trouble import AFTER, BEFORE, ENDPOINTS, Troubles

SHOWN = 200
STYLE = (
    "body{font:15px system-ui,sans-serif;margin:2rem;max-width:70rem;color:#1f2933}"
    "table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3rem .6rem;"
    "border-bottom:1px solid #d9dee3}form{display:inline-block;margin:0 1.5rem 1rem 0}"
    "td.montant{text-align:right}"
)


def page(store: PayerStore, troubles: Troubles, message: str = "") -> str:
    """HTML of the state of the sandbox; everything that came from outside is escaped."""
    requests = store.requests()
    rows = "".join(
        f"<tr><td>{escape(one['numFactureTiers'])}</td><td>{escape(one['idClient'])}</td>"
        f"<td class='montant'>{escape(one['montant'].replace('.', ','))} €</td>"
        f"<td>{escape(one['libelle'])}</td><td>{escape(one['comportement'])}</td></tr>"
        for one in requests[-SHOWN:]
    )
    faults = "".join(
        f"<li>{escape(one['type'])} sur {escape(one['sur'])} ({one['fois']} fois)</li>"
        for one in troubles.shown()
    )
    clients = store.clients()
    known = f"{clients} clients connus" if clients else "tous les clients sont acceptés"
    return (
        "<!doctype html><html lang='fr'><meta charset='utf-8'><title>Payeur d'essai HOME+</title>"
        f"<style>{STYLE}</style><h1>Payeur d'essai HOME+</h1>"
        f"<p>{len(requests)} demandes · {known} · horloge : {store.hours():.0f} h écoulées, vitesse "
        f"× {store.speed:g}</p><p><strong>{escape(message)}</strong></p>"
        f"{_form('avancer', 'Avancer de', '<input name=heures value=24 size=4> heures')}"
        f"{_form('vitesse', 'Vitesse ×', f'<input name=vitesse value={store.speed:g} size=6>')}"
        f"{_form('latence', 'Latence', f'<input name=latence value={troubles.latency:g} size=4> secondes')}"
        f"{_form('panne', 'Panne', _choice('type', BEFORE + AFTER) + ' sur ' + _choice('sur', ENDPOINTS))}"
        f"{_form('reparer', 'Ôter les pannes', '')}<ul>{faults}</ul>"
        "<table><tr><th>Facture</th><th>Client</th><th>Montant</th><th>État</th><th>Comportement</th></tr>"
        f"{rows}</table></html>"
    )


def _form(name: str, label: str, fields: str) -> str:
    return (
        f"<form method='post' action='/page/{name}'><label>{label} {fields}</label> "
        "<button>Appliquer</button></form>"
    )


def _choice(name: str, values: tuple[str, ...]) -> str:
    options = "".join(f"<option>{value}</option>" for value in values)
    return f"<select name='{name}'>{options}</select>"
