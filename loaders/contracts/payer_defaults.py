"""Default coverage values of a payer for a service: copied into care plans that do not say otherwise."""

from loaders.contract import Contract, Field, boolean, choice, money, quantity, rate
from loaders.contracts.shared import PAYER_ID, SERVICE_CODE

# `base_rate` and its variants are euros an hour; `…coverage_rate` are fractions (spec 20).
COVERAGE: tuple[Field, ...] = (
    money(
        "base_rate",
        "Tarif de base (€/h)",
        required=True,
        minimum="0",
        aliases=(
            "Tarif de base",
            "Tarif",
            "Tarif PEC",
            "Tarif horaire",
            "Tarif organisme",
            "Taux de base",
            "Tarif semaine",
        ),
        example="24,00",
    ),
    money("saturday_rate", "Tarif du samedi (€/h)", minimum="0", aliases=("Tarif samedi", "Tarif du samedi")),
    money(
        "sunday_holiday_rate",
        "Tarif des dimanches et jours fériés (€/h)",
        minimum="0",
        aliases=(
            "Tarif dimanche",
            "Tarif dimanche et férié",
            "Tarif dimanche férié",
            "Tarif dimanche et jours fériés",
            "Tarif des dimanches et jours fériés",
            "Tarif majoré",
        ),
        example="30,00",
    ),
    rate(
        "coverage_rate",
        "Taux de prise en charge",
        required=True,
        aliases=("Taux de prise en charge", "Taux PEC", "Prise en charge", "Taux de PEC", "Taux", "PEC"),
        example="80 %",
    ),
    quantity(
        "monthly_hours_cap",
        "Plafond mensuel (heures)",
        minimum="0",
        aliases=(
            "Plafond mensuel",
            "Plafond",
            "Heures par mois",
            "Plafond heures",
            "Plafond mensuel heures",
            "Nombre d'heures",
        ),
        example="20",
    ),
    boolean("surcharge", "Majoration", aliases=("Majoration", "Majoré", "Majorations"), example="oui"),
    rate(
        "sunday_holiday_coverage_rate",
        "Taux de prise en charge des dimanches et jours fériés",
        aliases=(
            "Taux dimanche",
            "Taux PEC dimanche",
            "Taux PEC dimanche et férié",
            "Taux dimanche et férié",
            "Taux de prise en charge dimanche et férié",
            "Taux de prise en charge des dimanches et jours fériés",
        ),
    ),
    quantity(
        "sunday_holiday_hours_cap",
        "Plafond des dimanches et jours fériés (heures)",
        minimum="0",
        aliases=(
            "Plafond dimanche",
            "Plafond dimanche et férié",
            "Plafond dimanche férié",
            "Heures dimanche et férié",
            "Plafond des dimanches et jours fériés",
            "Plafond dimanche et jours fériés",
        ),
    ),
    choice(
        "billing_mode",
        "Mode de facturation",
        {
            "tarif_pec": ("tarif PEC", "tarif de prise en charge", "PEC", "tarif organisme"),
            "tarif_prestation": ("tarif prestation", "tarif de la prestation", "prestation", "tarif contrat"),
        },
        required=True,
        aliases=("Mode de facturation", "Mode", "Mode de calcul", "Facturation"),
        example="tarif_pec",
    ),
)

CONTRACT = Contract(
    name="payer_defaults",
    label="Valeurs par défaut des organismes",
    names=("defauts_organismes", "parametrage_organismes", "baremes"),
    key=("payer_id", "service_code"),
    fields=(PAYER_ID, SERVICE_CODE, *COVERAGE),
)
