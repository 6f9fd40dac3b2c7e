"""Home+ responses by file: statuses that URSSAF gave outside the connection of this console."""

from loaders.contract import Contract, date, ident, money, text, time

CONTRACT = Contract(
    name="home_plus_responses",
    label="Réponses Home+",
    names=("reponses_home_plus", "reponses_urssaf"),
    key=("invoice_number", "status_code", "status_at"),
    fields=(
        ident(
            "invoice_number",
            "Numéro de facture",
            required=True,
            aliases=("N° de facture", "N° facture", "Numéro facture", "Facture", "numFactureTiers"),
            example="F2026-000001",
        ),
        ident(
            "status_code",
            "Code du statut",
            required=True,
            aliases=("Code statut", "Code état", "Statut", "Code du statut"),
            example="20",
        ),
        time(
            "status_at",
            "Date et heure du statut",
            required=True,
            aliases=("Date du statut", "Date statut", "Date et heure du statut", "Horodatage", "Date"),
            example="05/11/2026 14:30",
        ),
        ident(
            "request_id",
            "Identifiant de la demande",
            aliases=("Id demande", "Identifiant demande", "N° demande", "Demande", "idDemandePaiement"),
        ),
        text("status_label", "Libellé du statut", aliases=("Libellé statut", "Libellé", "Libellé état")),
        ident("error_code", "Code d'erreur", aliases=("Code erreur", "Erreur")),
        text("message", "Message", aliases=("Message d'erreur", "Description")),
        ident(
            "rejection_code",
            "Code de refus",
            aliases=("Code refus", "Code rejet", "Motif de refus", "Code de rejet"),
        ),
        text(
            "rejection_comment",
            "Commentaire de refus",
            aliases=("Commentaire refus", "Commentaire rejet", "Commentaire"),
        ),
        money(
            "transfer_amount",
            "Montant du virement",
            minimum="0",
            aliases=("Montant virement", "Montant viré", "mntVirement"),
        ),
        date("transfer_date", "Date du virement", aliases=("Date virement", "dateVirement")),
    ),
)
