"""The agency's catalogue, payers, care plans, and who among the 60 clients shows what (see README.md)."""

from __future__ import annotations

from demo_names import siret

SERVICES: list[dict] = [
    # URSSAF nature codes as strings; a service without one cannot go through Home+
    {"service_code": "MENAGE", "label": "Entretien de la maison", "kind": "service", "unit": "hour",
     "unit_price": "27.40", "vat_rate": "10", "home_plus_nature": "60", "revenue_account": "706100"},
    {"service_code": "AIDE_VIE", "label": "Aide à la personne dépendante", "kind": "service", "unit": "hour",
     "unit_price": "29.90", "vat_rate": "5,5", "home_plus_nature": "30", "revenue_account": "706200"},
    {"service_code": "GARDE_NUIT", "label": "Garde de nuit", "kind": "service", "unit": "hour",
     "unit_price": "24.60", "vat_rate": "5,5", "home_plus_nature": "30", "revenue_account": "706200"},
    {"service_code": "REPAS", "label": "Préparation de repas à domicile", "kind": "service", "unit": "hour",
     "unit_price": "28.10", "vat_rate": "10", "home_plus_nature": "100", "revenue_account": "706300"},
    {"service_code": "JARDIN", "label": "Petits travaux de jardinage", "kind": "service", "unit": "hour",
     "unit_price": "36.50", "vat_rate": "20", "home_plus_nature": "140", "revenue_account": "706400"},
    {"service_code": "COMPAGNIE", "label": "Visite de compagnie (hors avance immédiate)", "kind": "service",
     "unit": "hour", "unit_price": "25.00", "vat_rate": "10", "revenue_account": "706500"},
    {"service_code": "TELEASSIST", "label": "Assistance non éligible", "kind": "service", "unit": "hour",
     "unit_price": "31.00", "vat_rate": "20", "home_plus_nature": "270", "revenue_account": "706500"},
    {"service_code": "GRAND_MENAGE", "label": "Forfait grand ménage", "kind": "service", "unit": "piece",
     "unit_price": "119.00", "vat_rate": "10", "home_plus_nature": "60", "revenue_account": "706100"},
    {"service_code": "FRAIS_DEPLACEMENT", "label": "Frais de déplacement", "kind": "fee", "unit": "piece",
     "unit_price": "4.50", "vat_rate": "10", "home_plus_nature": "60", "revenue_account": "708500"},
    {"service_code": "FRAIS_KILOMETRIQUES", "label": "Indemnités kilométriques", "kind": "fee",
     "unit": "piece", "unit_price": "0.55", "vat_rate": "5,5", "home_plus_nature": "30",
     "revenue_account": "708500"},
    {"service_code": "GANTS", "label": "Boîte de gants", "kind": "fee", "unit": "piece",
     "unit_price": "8.90", "vat_rate": "20", "revenue_account": "707000"},
    {"service_code": "REMISE_FIDELITE", "label": "Remise fidélité", "kind": "discount", "unit": "piece",
     "unit_price": "15.00", "vat_rate": "10", "home_plus_nature": "60", "revenue_account": "709700"},
]  # fmt: skip
VAT = {"MENAGE": 10, "AIDE_VIE": 5.5}

PAYERS: list[dict] = [
    {"payer_id": "APA67", "name": "Collectivité du Rhin, service APA", "kind": "departement",
     "siret": siret("26990001", "0001"), "billing_type": "globale", "direct_to_client": False,
     "email": "apa@collectivite-rhin.example", "address": "1 place du Quartier-Blanc",
     "postal_code": "67000", "city": "Strasbourg", "accounting_account": "467100", "payment_terms_days": 45},
    {"payer_id": "RETRAITE", "name": "Caisse de retraite Rhin et Vosges", "kind": "retraite",
     "siret": siret("77990002", "0002"), "billing_type": "individuelle", "direct_to_client": False,
     "email": "aide.domicile@retraite-rhin-vosges.example", "address": "36 rue du Doubs",
     "postal_code": "67100", "city": "Strasbourg", "accounting_account": "467200", "payment_terms_days": 30},
    {"payer_id": "MUTUELLE", "name": "Mutuelle des Trois Frontières", "kind": "mutuelle",
     "siret": siret("78990003", "0003"), "billing_type": "individuelle", "direct_to_client": False,
     "email": None, "address": "12 avenue de la Paix", "postal_code": "67000", "city": "Strasbourg",
     "accounting_account": "467300", "payment_terms_days": 30},
    {"payer_id": "CCAS", "name": "CCAS d'Illkirch, aide sociale", "kind": "ccas",
     "siret": siret("26990004", "0004"), "billing_type": "individuelle", "direct_to_client": True,
     "email": "ccas@illkirch.example", "address": "181 route de Lyon", "postal_code": "67400",
     "city": "Illkirch-Graffenstaden", "accounting_account": "467400", "payment_terms_days": 30},
]  # fmt: skip

PLAN_VALUES = (
    "base_rate", "saturday_rate", "sunday_holiday_rate", "coverage_rate", "monthly_hours_cap", "surcharge",
    "sunday_holiday_coverage_rate", "sunday_holiday_hours_cap", "billing_mode",
)  # fmt: skip


def values(base, saturday, sunday, coverage, cap, surcharge, sunday_coverage, sunday_cap, mode) -> dict:
    """The nine values of a plan; None is an empty cell (no cap, every day, no special rate)."""
    row = (base, saturday, sunday, coverage, cap, surcharge, sunday_coverage, sunday_cap, mode)
    return dict(zip(PLAN_VALUES, row, strict=True))


PEC, PRESTATION = "tarif_pec", "tarif_prestation"
DEFAULTS: list[tuple[str, str, dict]] = [
    ("APA67", "AIDE_VIE", values("24.20", None, "30.25", "80", "20", "oui", "90", "4", PEC)),
    ("APA67", "GARDE_NUIT", values("22.00", None, None, "75", "40", "non", None, None, PEC)),
    ("RETRAITE", "MENAGE", values("25.60", "26.80", None, "65", "12", "non", None, None, PRESTATION)),
    ("RETRAITE", "AIDE_VIE", values("26.30", None, "32.00", "70", "15", "oui", "70", None, PRESTATION)),
    ("MUTUELLE", "AIDE_VIE", values("23.00", None, None, "50", "10", "non", None, None, PRESTATION)),
    ("MUTUELLE", "MENAGE", values("22.00", None, None, "100", "6", "non", None, None, PRESTATION)),
    ("CCAS", "MENAGE", values("20.00", None, None, "40", "16", "non", None, None, PRESTATION)),
]

# (client number, payer, service, valid_from, valid_to, rank, status, values or None = the word « defaut »)
PLANS: list[tuple] = [
    (33, "RETRAITE", "MENAGE", "2026-01-01", None, 1, "valide", None),  # HP_FINANCE
    (40, "APA67", "AIDE_VIE", "2026-01-01", None, 1, "valide",
     values("24.20", None, "30.25", "82,5", "30", "oui", "90", "4", PEC)),
    (41, "RETRAITE", "AIDE_VIE", "2026-03-01", "2027-02-28", 1, "valide",
     values("26.30", "27.50", "32.00", "72,35", "22", "oui", "70", None, PRESTATION)),
    (42, "APA67", "AIDE_VIE", "2026-01-01", None, 1, "valide",
     values("24.20", None, None, "80", "10", "non", None, None, PEC)),  # PLAFOND_ATTEINT
    (43, "APA67", "AIDE_VIE", "2026-01-01", None, 1, "valide",
     values("24.20", None, "30.25", "80", "40", "oui", "90", None, PEC)),  # Sunday cap empty: every day
    (44, "APA67", "AIDE_VIE", "2026-01-01", None, 1, "valide",
     values("24.20", None, "30.25", "80", "40", "oui", "90", "0", PEC)),  # 0: no Sunday, no holiday
    (45, "RETRAITE", "AIDE_VIE", "2026-01-01", None, 1, "valide",
     values("26.30", None, "32.00", "70", "25", "oui", "85", "2", PRESTATION)),  # two hours
    (46, "APA67", "AIDE_VIE", "2026-01-01", None, 1, "valide",
     values("24.20", None, None, "78", None, "non", None, None, PEC)),  # surcharge off, no cap at all
    (47, "APA67", "AIDE_VIE", "2026-01-01", None, 1, "valide",
     values("24.20", None, None, "80", "8", "non", None, None, PEC)),  # first of two plans
    (47, "MUTUELLE", "AIDE_VIE", "2026-06-01", None, 2, "valide",
     values("23.00", None, None, "50", "6", "non", None, None, PRESTATION)),  # takes what the first leaves
    (48, "RETRAITE", "MENAGE", "2026-01-01", "2026-11-10", 1, "valide", None),  # PLAN_AIDE_EXPIRE
    (49, "RETRAITE", "MENAGE", "2026-10-16", None, 1, "valide", None),  # begins in mid-month
    (50, "APA67", "AIDE_VIE", "2026-01-01", None, 1, "brouillon", None),  # does not count
    (51, "CCAS", "MENAGE", "2026-01-01", None, 1, "valide", None),  # paid to the client
    (53, "APA67", "AIDE_VIE", "2026-01-01", None, 1, "valide", None),
    (54, "APA67", "GARDE_NUIT", "2026-09-01", None, 1, "valide", None),
]  # fmt: skip
# Validated in November over October, which is billed: PLAN_RETROACTIF.
LATE_PLANS: list[tuple] = [(52, "APA67", "AIDE_VIE", "2026-10-01", None, 1, "valide", None)]

HOME_PLUS = range(1, 40)  # clients with a Home+ id
CARE = {40, 41, 42, 43, 44, 45, 46, 47, 50, 52, 53}  # AIDE_VIE, the others MENAGE unless said
SUNDAYS = {43, 44, 45, 46}
OTHER_SERVICE = {7: "JARDIN", 14: "REPAS", 31: "COMPAGNIE", 32: "TELEASSIST", 54: "GARDE_NUIT"}
BY_POST = {12, 20, 51, 53, 57, 60}
PAYMENT_METHODS = {27: "prelevement", 28: "cheque"}  # Home+ clients who do not pay by transfer
OTHERS_PAY = ("prelevement", "cheque", "cesu", "virement", "carte", "prelevement")

# What the file of clients says of Home+ accounts (the payer may know better: sandbox_clients.json).
ACTIVATED = {
    23: "2026-10-12",
    24: None,
    25: "2026-02-10",
    26: "2026-01-15",
    27: "2026-06-03",
    28: "2026-09-08",
}
ACCOUNT = {24: "EN_COURS", 25: "BLOQUE", 26: "MANDAT_ECHU"}
NO_BIRTH_DATE = {22}
NO_HOME_PLUS_ID = {55}
NO_EMAIL = {38}
NO_ADDRESS = {57}
