"""Interventions: what was done. Retained and clocked times are both kept where a file has both (spec 10)."""

from loaders.checks import after, at_most_a_day
from loaders.contract import Contract, boolean, choice, ident, text, time
from loaders.contracts.shared import (
    CLIENT_ID,
    COMMENT_ALIASES,
    ENDS_AT_ALIASES,
    SERVICE_CODE,
    STARTS_AT_ALIASES,
    WORKER_ID,
)

CONTRACT = Contract(
    name="interventions",
    label="Interventions",
    names=("intervention",),
    key=("intervention_id",),
    fields=(
        ident(
            "intervention_id",
            "Identifiant de l'intervention",
            required=True,
            aliases=(
                "Code intervention",
                "Identifiant intervention",
                "Id intervention",
                "N° intervention",
                "Numéro intervention",
                "Numéro d'intervention",
                "Intervention",
                "Référence intervention",
            ),
            example="I000001",
        ),
        ident(
            "planning_id",
            "Identifiant du planning",
            aliases=(
                "Code planning",
                "Identifiant planning",
                "Id planning",
                "N° planning",
                "Numéro planning",
                "Planning",
            ),
            example="P0001",
        ),
        CLIENT_ID,
        WORKER_ID,
        SERVICE_CODE,
        time("starts_at", "Début", required=True, aliases=STARTS_AT_ALIASES, example="05/10/2026 09:00"),
        time("ends_at", "Fin", required=True, aliases=ENDS_AT_ALIASES, example="05/10/2026 11:00"),
        choice(
            "status",
            "Statut",
            {
                "realisee": ("réalisé", "effectuée", "effectué", "faite", "terminée", "terminé"),
                "validee": ("validé", "valide"),
                "annulee": ("annulé", "annule", "supprimée", "supprimé"),
            },
            required=True,
            aliases=("Statut", "État", "Etat", "Statut intervention"),
            example="realisee",
        ),
        text("comment", "Commentaire", aliases=COMMENT_ALIASES),
        time(
            "clocked_starts_at",
            "Début pointé",
            aliases=(
                "Début pointé",
                "Début horodaté",
                "Heure de début pointée",
                "Pointage début",
                "Arrivée pointée",
            ),
        ),
        time(
            "clocked_ends_at",
            "Fin pointée",
            aliases=("Fin pointée", "Fin horodatée", "Heure de fin pointée", "Pointage fin", "Départ pointé"),
        ),
        text(
            "adjustment_reason",
            "Motif d'ajustement",
            aliases=("Motif d'ajustement", "Motif ajustement", "Motif de correction", "Motif d'horodatage"),
        ),
        boolean(
            "coverage_excluded",
            "Hors prise en charge",
            aliases=(
                "Hors prise en charge",
                "Hors PEC",
                "Exclue de la prise en charge",
                "Non pris en charge",
            ),
        ),
    ),
    row_rules=(
        lambda: after("ends_at", "starts_at", "La fin doit être postérieure au début."),
        lambda: at_most_a_day("ends_at", "starts_at", "Une intervention dure au plus 24 heures."),
        lambda: after(
            "clocked_ends_at", "clocked_starts_at", "La fin pointée doit être postérieure au début pointé."
        ),
    ),
)
