"""Payments: what was received, and from whom."""

from loaders.checks import client_or_payer
from loaders.contract import Contract, choice, date, ident, money, text
from loaders.contracts.shared import CLIENT_ID, LABEL_ALIASES, PAYER_ID, STATUS, optional

CONTRACT = Contract(
    name="payments",
    label="Règlements",
    names=("reglements", "paiements", "encaissements"),
    key=("payment_id",),
    fields=(
        ident(
            "payment_id",
            "Identifiant du règlement",
            required=True,
            aliases=(
                "Code règlement",
                "Identifiant règlement",
                "Id règlement",
                "N° règlement",
                "Numéro règlement",
                "Règlement",
                "Id paiement",
                "Identifiant paiement",
                "N° paiement",
                "Identifiant du règlement",
            ),
            example="R0001",
        ),
        date(
            "received_on",
            "Date de réception",
            required=True,
            aliases=(
                "Date",
                "Date de règlement",
                "Date règlement",
                "Date de paiement",
                "Reçu le",
                "Date de réception",
                "Date d'encaissement",
            ),
            example="2026-11-05",
        ),
        money(
            "amount",
            "Montant",
            required=True,
            positive=True,
            aliases=("Montant", "Montant TTC", "Montant réglé", "Somme"),
            example="86,40",
        ),
        choice(
            "emitter",
            "Émetteur",
            {
                "client": ("clients", "bénéficiaire", "usager"),
                "organisme": ("tiers payeur", "payeur", "financeur"),
                "home_plus": ("home+", "homeplus", "urssaf", "avance immédiate"),
                "emetteur_ts": ("émetteur TS", "émetteur titres-services", "titres-services"),
            },
            required=True,
            aliases=("Émetteur", "Payé par", "Origine", "Provenance", "Type d'émetteur"),
            example="client",
        ),
        optional(CLIENT_ID),
        optional(PAYER_ID).with_(example=""),
        text(
            "method",
            "Mode de règlement",
            aliases=("Mode de règlement", "Mode de paiement", "Moyen de paiement", "Mode"),
            example="virement",
        ),
        text(
            "reference",
            "Référence",
            aliases=("Référence", "Réf", "Référence de paiement", "N° de pièce", "N° chèque"),
        ),
        text("label", "Libellé", aliases=LABEL_ALIASES),
        STATUS,
    ),
    row_rules=(client_or_payer,),
)
