"""Columns that several contracts share, so that a client is called the same in every file."""

from loaders.contract import Field, choice, ident

CLIENT_ID = ident(
    "client_id",
    "Identifiant du client",
    required=True,
    aliases=(
        "Code client",
        "Identifiant client",
        "Id client",
        "N° client",
        "No client",
        "Numéro client",
        "Numéro de client",
        "Client",
        "Référence client",
        "Réf client",
        "Id bénéficiaire",
        "Code bénéficiaire",
        "Identifiant bénéficiaire",
        "Identifiant du bénéficiaire",
        "Bénéficiaire",
        "Id usager",
        "Code usager",
    ),
    example="C0001",
)

WORKER_ID = ident(
    "worker_id",
    "Identifiant de l'intervenant",
    required=True,
    aliases=(
        "Code intervenant",
        "Identifiant intervenant",
        "Id intervenant",
        "N° intervenant",
        "Numéro intervenant",
        "Intervenant",
        "Matricule",
        "Matricule intervenant",
        "Code salarié",
        "Id salarié",
        "Salarié",
        "Id auxiliaire",
        "Code auxiliaire",
        "Travailleur",
    ),
    example="W01",
)

SERVICE_CODE = ident(
    "service_code",
    "Code de la prestation",
    required=True,
    aliases=(
        "Code prestation",
        "Identifiant prestation",
        "Id prestation",
        "Prestation",
        "Code service",
        "Service",
        "Code produit",
        "Produit",
        "Code article",
        "Article",
        "Réf prestation",
    ),
    example="MENAGE",
)

PAYER_ID = ident(
    "payer_id",
    "Identifiant de l'organisme",
    required=True,
    aliases=(
        "Code organisme",
        "Identifiant organisme",
        "Id organisme",
        "N° organisme",
        "Organisme",
        "Code tiers payeur",
        "Identifiant tiers payeur",
        "Id tiers payeur",
        "Tiers payeur",
        "Code financeur",
        "Id financeur",
        "Financeur",
    ),
    example="CD75",
)

AGENCY_ID = ident(
    "agency_id",
    "Identifiant de l'agence",
    aliases=("Code agence", "Identifiant agence", "Id agence", "N° agence", "Agence"),
    example="A1",
)

# Removed rows do not exist, a cancellation is a status (spec 10).
STATUS = choice(
    "status",
    "Statut",
    {
        "actif": ("active", "actifs", "en cours", "valide"),
        "annule": ("annulée", "annulé", "supprimé", "supprimée", "cancelled"),
    },
    default="actif",
    aliases=("Statut", "État", "Etat"),
    example="actif",
)

EMAIL_ALIASES = ("E-mail", "Email", "Courriel", "Adresse e-mail", "Adresse email", "Adresse mail", "Mail")
ADDRESS_ALIASES = ("Adresse", "Adresse postale", "Rue", "Adresse 1", "Adresse ligne 1", "Voie")
POSTAL_CODE_ALIASES = ("Code postal", "CP")
CITY_ALIASES = ("Ville", "Commune", "Localité")
COUNTRY_ALIASES = ("Pays", "Code pays")
LABEL_ALIASES = ("Libellé", "Intitulé", "Désignation", "Description")
COMMENT_ALIASES = ("Commentaire", "Commentaires", "Remarque", "Remarques", "Note", "Notes", "Observations")
VALID_FROM_ALIASES = (
    "Début",
    "Date de début",
    "Date début",
    "Début de validité",
    "Valable du",
    "Valable à partir du",
    "Du",
    "Date d'effet",
    "Date de début de validité",
)
VALID_TO_ALIASES = (
    "Fin",
    "Date de fin",
    "Date fin",
    "Fin de validité",
    "Valable jusqu'au",
    "Au",
    "Jusqu'au",
    "Date de fin de validité",
)
STARTS_AT_ALIASES = (
    "Début",
    "Heure de début",
    "Date de début",
    "Date et heure de début",
    "Date heure début",
    "Commence à",
    "Début de l'intervention",
    "Début intervention",
    "Horaire de début",
    "Start",
)
ENDS_AT_ALIASES = (
    "Fin",
    "Heure de fin",
    "Date de fin",
    "Date et heure de fin",
    "Date heure fin",
    "Termine à",
    "Fin de l'intervention",
    "Fin intervention",
    "Horaire de fin",
    "End",
)


def optional(field: Field) -> Field:
    return field.with_(required=False)
