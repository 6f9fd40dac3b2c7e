"""Erreurs HOME+: every request that asks for somebody, with its reason and its remedy (spec 30)."""

from typing import Any

from console.widgets import cells, detail, home_plus
from console.widgets.declaration import Act, Column, Filter, Queue
from console.widgets.queue import row_buttons, show


def panel(row: dict[str, Any]) -> None:
    who = {
        "agency": "À corriger par l'agence",
        "client": "À corriger par le client",
        "payer": "Chez l'Urssaf",
        "retry": "À réessayer",
    }
    fixers = {value: (who.get(value, label), colour) for value, (label, colour) in detail.FIXERS.items()}
    detail.title(
        row["invoice_number"], row["client_name"] or row["client_id"], cells.badge(row["fixable_by"], fixers)
    )
    detail.reason(row["reason"], f"{row['remedy']}.")
    row_buttons(QUEUE, row)
    if row["message"] and row["message"] != row["reason"]:
        detail.facts([("Réponse", row["message"], "text")])
    detail.facts(
        [
            ("Montant", row["amount"], "euro"),
            ("Code", row["codes"], "text"),
            ("Depuis", row["since"], "datetime"),
            ("Essais", row["tries"], "int"),
        ]
    )
    found = home_plus.syncs(row["invoice_number"])
    home_plus.linked(found, row["status"])
    home_plus.history(row["invoice_number"], found)


QUEUE = Queue(
    name="hp-erreurs",
    mart="marts.home_plus_errors",
    title="Erreurs HOME+",
    caption="Demandes de paiement que l'Urssaf n'a pas intégrées, ou qui attendent une correction.",
    key="invoice_number",
    noun=("demande", "demandes"),
    columns=(
        Column("invoice_number", "Facture", width=115),
        Column("client_name", "Client"),
        Column("amount", "Montant", "euro", 90),
        Column("reason", "Motif", width=230),
        Column("fixable_by", "Qui", "badge", 85, detail.FIXERS),
        Column("since", "Depuis", "datetime", 130),
        Column("remedy", "Remède", width=260),
        Column("tries", "Essais", "int", 65),
    ),
    filters=(
        Filter("fixable_by", "Qui peut corriger", "pills", detail.FIXERS),
        Filter("period", "Période", "month", width=160),
        Filter("reason", "Motif", width=260),
        Filter(
            ("invoice_number", "client_name", "client_id", "error_code", "reason"),
            "facture, client…",
            "search",
        ),
    ),
    actions=(
        Act("home_plus.retry", label="Renvoyer la demande", primary=True, icon=":material/send:"),
        Act("home_plus.poll", label="Relancer la synchronisation", icon=":material/sync:"),
        Act(
            "home_plus.correct_client",
            ids="client_id",
            column="client_id",
            single=True,
            scope="one",
            label="Corriger la fiche client…",
            icon=":material/edit:",
            when={"action": ("fiche_client",)},
        ),
        Act(
            "home_plus.set_virement",
            column="client_id",
            label="Passer en virement",
            scope="one",
            when={"error_code": ("HP_MOYEN_PAIEMENT",)},
        ),
        Act(
            "credit_notes.create",
            ids="invoice_number",
            single=True,
            scope="one",
            label="Avoir et refacturation…",
            when={"action": ("credit_notes.create",)},
            preset={"reinvoice": True},
        ),
    ),
    amount="amount",
    amount_label="en attente",
    oldest="since",
    order="since",
    detail=panel,
    empty="Aucune erreur : toutes les demandes ont été intégrées.",
)
show(QUEUE)
