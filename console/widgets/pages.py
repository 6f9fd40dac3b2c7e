"""The map of the console: which screen is where, and who sees it (spec 90, "Navigation").

Screens are found by their title: `queue_counts.screen` names them so.
"""

from __future__ import annotations

from dataclasses import dataclass

from console.widgets.session import EXPORTERS, READERS

OFFICE = ("analyste", "comptable", "admin")


@dataclass(frozen=True)
class Screen:
    section: str
    title: str
    file: str  # in views/
    path: str  # in the URL
    roles: tuple[str, ...] = READERS
    queue: str = ""  # prefix of its parameters in the URL

    @property
    def script(self) -> str:
        return f"views/{self.file}.py"


SCREENS = (
    Screen("", "Accueil", "accueil", "accueil"),
    Screen("Activité", "Interventions à valider", "interventions_a_valider", "interventions-a-valider"),
    Screen("Activité", "Écarts de planning", "ecarts_planning", "ecarts-de-planning"),
    Screen("Activité", "Imports", "imports", "imports"),
    Screen("Facturation", "Simulation", "simulation", "simulation"),
    Screen("Facturation", "Brouillons et contrôles", "brouillons", "brouillons"),
    Screen("Facturation", "Toutes les factures", "factures", "factures"),
    Screen("Home+", "Clients à vérifier", "home_plus_clients", "home-plus-clients"),
    Screen("Home+", "Clients Home+ toutes factures", "home_plus_factures", "home-plus-factures"),
    Screen("Home+", "Demandes de paiement", "home_plus_demandes", "home-plus-demandes"),
    Screen("Home+", "Erreurs HOME+", "home_plus_erreurs", "home-plus-erreurs"),
    Screen("Home+", "Liste des erreurs", "home_plus_catalogue", "home-plus-liste-des-erreurs"),
    Screen("Comptabilité", "Règlements", "reglements", "reglements"),
    Screen("Comptabilité", "Exports", "exports", "exports", EXPORTERS),
    Screen("Administration", "Exécutions", "executions", "executions", OFFICE),
    Screen("Administration", "Journal", "journal", "journal", OFFICE),
    Screen("Administration", "Envois et tâches", "taches", "envois-et-taches", OFFICE),
    Screen("Administration", "Anomalies", "anomalies", "anomalies"),
    Screen("Administration", "Utilisateurs", "utilisateurs", "utilisateurs", ("admin",)),
)


def by_title(title: str) -> Screen | None:
    return next((screen for screen in SCREENS if screen.title == title), None)


def visible(role: str) -> list[Screen]:
    return [screen for screen in SCREENS if role in screen.roles]


def roles_of(title: str) -> tuple[str, ...]:
    """Who may open a screen; each script asks it of itself, so that a kept address opens nothing."""
    screen = by_title(title)
    return screen.roles if screen else ()
