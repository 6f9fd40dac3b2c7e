"""Foreign exports: what each profile promises in spec 10, and what a wrong profile says."""

import json

import pytest

from loaders.directory import worker_id
from loaders.profiles import profiles
from tests.loaders.conftest import SERVICES, Landing

OGUST = "Client;Date;Heure de début;Prestation;Intervenant;Durée;Ordre de mission\n"
COMPANI = [
    "Type", "Heure interne", "Service", "Début planifié", "Début horodaté", "Type d'horodatage", "Motif",
    "Fin planifiée", "Fin horodatée", "Type d'horodatage", "Motif", "Durée", "Répétition",
    "Déplacement véhiculé avec bénéficiaire", "Mode de transport spécifique", "Équipe", "Id Auxiliaire",
    "Auxiliaire - Titre", "Auxiliaire - Prénom", "Auxiliaire - Nom", "A affecter", "Id Bénéficiaire",
    "Bénéficiaire - Titre", "Bénéficiaire - Nom", "Bénéficiaire - Prénom", "Divers", "Facturé", "Annulé",
    "Statut de l'annulation", "Raison de l'annulation",
]  # fmt: skip


@pytest.fixture
def known(landing: Landing) -> Landing:
    """Two clients of one name, others, and two services."""
    landing.text(
        "clients.csv",
        "client_id;civility;last_name;first_name;birth_name;payment_method;invoice_delivery\n"
        "C1;Mme;Martin;Jeanne;Leroy;virement;mail\nC2;M;Durand;Paul;;virement;mail\n"
        "C3;M;Durand;Paul;;virement;mail\n",
    )
    landing.text(
        "services.csv",
        SERVICES + "MENAGE;Ménage à domicile;service;hour;5,5\nJARDIN;Jardin;service;hour;20\n",
    )
    return landing


def compani(**values: str) -> str:
    """One row of the export; a repeated header is named with " (2)"."""
    row = {
        "Type": "Intervention", "Service": "Ménage à domicile", "Début planifié": "05/10/2026 09:00",
        "Fin planifiée": "05/10/2026 11:00", "Auxiliaire - Prénom": "Léa", "Auxiliaire - Nom": "Petit",
        "Bénéficiaire - Prénom": "Jeanne", "Bénéficiaire - Nom": "MARTIN", "Annulé": "Non", **values,
    }  # fmt: skip
    names = [name if name not in COMPANI[:i] else f"{name} (2)" for i, name in enumerate(COMPANI)]
    return ";".join(row.get(name, "") for name in names) + "\n"


def load_compani(landing: Landing, *rows: str, name: str = "export.csv"):
    return landing.text(name, ";".join(COMPANI) + "\n" + "".join(rows))


def test_ogust_is_detected_and_named_in_the_batch(known: Landing) -> None:
    report = known.text(
        "export.csv", OGUST + "Mme MARTIN Jeanne;05/10/2026;09:30;Ménage à domicile;PETIT Léa;1:30;OM-12\n"
    )
    assert (report.source, report.profile, report.rows_new) == ("interventions", "ogust-interventions", 1)
    (row,) = known.rows("SELECT * FROM raw.interventions")
    assert (row["client_id"], row["service_code"], row["status"]) == ("C1", "MENAGE", "realisee")
    assert (row["starts_at"], row["ends_at"]) == ("2026-10-05 07:30:00", "2026-10-05 09:00:00")
    assert row["worker_id"] == worker_id("Léa Petit")
    assert row["intervention_id"].startswith("OGUST-")
    assert json.loads(row["_extra"])["Ordre de mission"] == "OM-12"
    assert known.rows("SELECT profile FROM raw.load_batches ORDER BY batch_id DESC LIMIT 1")[0]["profile"]


def test_ogust_blank_start_and_duration(known: Landing) -> None:
    known.text("export.csv", OGUST + "C1;05/10/2026;;MENAGE;Léa Petit;;\n")
    (row,) = known.rows("SELECT starts_at, ends_at FROM raw.interventions")
    assert row == {"starts_at": "2026-10-05 08:00:00", "ends_at": "2026-10-05 09:00:00"}


@pytest.mark.parametrize(
    ("text", "end"),
    [("1:30", "10:30"), ("1h30", "10:30"), ("1,5", "10:30"), ("2 h", "11:00"), ("0,75", "09:45")],
)
def test_ogust_durations(known: Landing, text: str, end: str) -> None:
    known.text("export.csv", OGUST + f"C1;15/01/2026;10:00;MENAGE;Léa;{text};\n")
    assert known.rows("SELECT ends_at FROM raw.interventions") == [{"ends_at": f"2026-01-15 {end}:00"}]


def test_a_duration_is_elapsed_time(known: Landing) -> None:
    known.text("export.csv", OGUST + "C1;24/10/2026;23:00;MENAGE;Léa;6:00;\n")  # clocks go back at 3:00
    assert known.rows("SELECT ends_at FROM raw.interventions") == [{"ends_at": "2026-10-25 03:00:00"}]


def test_names_that_match_nothing_or_two_are_rejected_rows_that_say_so(known: Landing) -> None:
    report = known.text(
        "export.csv",
        OGUST + "Inconnu;05/10/2026;9:00;Ménage à domicile;Léa;1:00;\n"
        "DURAND Paul;05/10/2026;9:00;Vitres;Léa;1:00;\n"
        "Jeanne Leroy;05/10/2026;25:00;MENAGE;Léa;longtemps;\n",
    )
    assert (report.rows_new, report.rows_rejected) == (0, 3)
    messages = [[(e["column"], e["message"]) for e in reject["errors"]] for reject in report.rejects]
    assert messages[0] == [("client_id", "Aucun client ne correspond à « Inconnu ».")]
    assert messages[1] == [
        ("client_id", "Plusieurs clients correspondent à « DURAND Paul » : C2, C3."),
        ("service_code", "Aucune prestation ne correspond à « Vitres »."),
    ]
    assert [column for column, _ in messages[2]] == ["starts_at", "ends_at"]
    assert all(reject["key"] for reject in report.rejects)


def test_a_date_that_is_none_is_said_of_the_start(known: Landing) -> None:
    known.text(
        "export.csv", OGUST + "C1;31/02/2026;9:00;MENAGE;Léa;1:00;\nC1;29/03/2026;02:30;MENAGE;Léa;1:00;\n"
    )
    errors = known.errors()
    assert errors[2][0] == ("ends_at", "format") or ("starts_at", "format") in errors[2]
    assert ("starts_at", "heure_inexistante") in errors[3]


def test_once_the_missing_client_is_there_the_same_file_completes(known: Landing) -> None:
    content = (
        OGUST + "C1;05/10/2026;9:00;MENAGE;Léa;1:00;\n"
        "NOUVEAU Luc;05/10/2026;9:00;MENAGE;Léa;1:00;\nX;05/10/2026;9:00;MENAGE;Léa;1:00;\n"
    )
    assert known.text("ogust_interventions.csv", content).rows_rejected == 2
    assert known.text("ogust_interventions.csv", content).status == "deja_charge"
    known.text(
        "clients_2.csv",
        "client_id;last_name;first_name;payment_method;invoice_delivery\nC9;Nouveau;Luc;cheque;mail\n",
    )
    report = known.text("ogust_interventions.csv", content)
    assert (report.status, report.rows_new, report.rows_rejected) == ("charge", 1, 1)
    assert len(known.rows("SELECT * FROM raw.rejected_rows")) == 2  # not told twice
    (row,) = known.rows(
        "SELECT client_id, _extra ->> '_rejet' AS resolves FROM raw.interventions WHERE _batch > 3"
    )
    assert row == {"client_id": "C9", "resolves": "3:3"}
    assert known.text("ogust_interventions.csv", content).status == "deja_charge"


def test_compani_is_detected_although_headers_repeat(known: Landing) -> None:
    report = load_compani(known, compani())
    assert (report.profile, report.rows_new) == ("compani-interventions", 1), report.message
    (row,) = known.rows("SELECT * FROM raw.interventions")
    assert (row["client_id"], row["service_code"], row["status"]) == ("C1", "MENAGE", "realisee")
    assert (row["starts_at"], row["clocked_starts_at"], row["coverage_excluded"]) == (
        "2026-10-05 07:00:00",
        None,
        None,
    )


def test_compani_clocked_times_win_when_both_ends_exist(known: Landing) -> None:
    clocked = {"Début horodaté": "05/10/2026 09:07", "Fin horodatée": "2026-10-05T10:52:00.000+02:00",
               "Motif": "Oubli", "Motif (2)": "Réseau"}  # fmt: skip
    load_compani(known, compani(**clocked))
    (row,) = known.rows("SELECT * FROM raw.interventions")
    assert (row["starts_at"], row["ends_at"]) == ("2026-10-05 07:07:00", "2026-10-05 08:52:00")
    assert (row["clocked_starts_at"], row["clocked_ends_at"]) == (row["starts_at"], row["ends_at"])
    assert row["adjustment_reason"] == "Oubli ; Réseau"
    assert json.loads(row["_extra"])["Début planifié"] == "05/10/2026 09:00"


def test_compani_one_clocked_end_is_not_enough(known: Landing) -> None:
    load_compani(known, compani(**{"Début horodaté": "05/10/2026 09:07"}))
    (row,) = known.rows(
        "SELECT starts_at, ends_at, clocked_starts_at, clocked_ends_at FROM raw.interventions"
    )
    assert tuple(row.values()) == ("2026-10-05 07:00:00", "2026-10-05 09:00:00", "2026-10-05 07:07:00", None)


@pytest.mark.parametrize(
    ("cancelled", "billing", "status", "excluded"),
    [("Non", "", "realisee", None), ("Oui", "Facturée & payée", "realisee", "true"),
     ("Oui", "Facturée & non payée", "realisee", "true"),
     ("Oui", "Non facturée & non payée", "annulee", None),
     ("Oui", "", "annulee", None)],
)  # fmt: skip
def test_compani_cancellations(known: Landing, cancelled, billing, status, excluded) -> None:
    load_compani(known, compani(Annulé=cancelled, **{"Statut de l'annulation": billing}))
    (row,) = known.rows("SELECT status, coverage_excluded FROM raw.interventions")
    assert (row["status"], row["coverage_excluded"]) == (status, excluded)


def test_compani_an_unknown_cancellation_is_never_guessed(known: Landing) -> None:
    report = load_compani(known, compani(Annulé="Oui", **{"Statut de l'annulation": "À voir"}))
    assert report.rows_rejected == 1
    assert ("status", "correspondance") in known.errors()[2]


def test_compani_other_types_are_counted_apart(known: Landing) -> None:
    report = load_compani(known, compani(), compani(Type="Heure interne"))
    assert (report.rows_total, report.rows_new) == (1, 1)
    assert "1 ligne d'un autre type ignorée" in report.message


def test_compani_ids_are_used_when_they_are_ours(known: Landing) -> None:
    load_compani(
        known, compani(**{"Id Bénéficiaire": "C2", "Id Auxiliaire": "64f", "Bénéficiaire - Nom": "Durand"})
    )
    assert known.rows("SELECT client_id, worker_id FROM raw.interventions") == [
        {"client_id": "C2", "worker_id": "64f"}
    ]


def test_rejects_of_a_profile_come_back_through_it(known: Landing) -> None:
    from loaders.api import rejects_csv

    report = load_compani(known, compani(**{"Bénéficiaire - Nom": "Martn"}))
    csv = rejects_csv(known.connection, report.batch_id or 0)
    again = known.text("rejets.csv", csv.replace("Martn", "Martin"))
    assert (again.profile, again.rows_new) == ("compani-interventions", 1), again.message
    assert known.rows("SELECT _extra ->> '_rejet' AS r FROM raw.interventions") == [{"r": "3:2"}]


def test_a_profile_of_the_user(known: Landing, tmp_path) -> None:
    (tmp_path / "profils").mkdir()
    (tmp_path / "profils" / "mon-outil.toml").write_text(
        """
name = "mon-outil"
source = "interventions"
detect = ["Ref", "Qui"]
[columns]
intervention_id = { from = ["Ref"] }
client_id = { lookup = "clients", from = ["Qui"] }
worker_id = { constant = "W1" }
service_code = { constant = "MENAGE" }
starts_at = { from = ["De"], formats = ["%d.%m.%y %Hh%M"] }
ends_at = { from = ["A"], formats = ["%d.%m.%y %Hh%M"] }
status = { from = ["Etat"], map = { "fait" = "realisee", "ok" = "validee" } }
""",
        encoding="utf-8",
    )
    content = "Ref;Qui;De;A;Etat\n1;Jeanne Martin;05.10.26 09h00;05.10.26 10h00;OK\n"
    content += "2;C1;05.10.26 09h00;05.10.26 10h00;?\n"
    report = known.text("export.csv", content, profiles_dir=tmp_path / "profils")
    assert (report.profile, report.rows_new, report.rows_rejected) == ("mon-outil", 1, 1)
    assert known.rows("SELECT starts_at, status FROM raw.interventions") == [
        {"starts_at": "2026-10-05 07:00:00", "status": "validee"}
    ]


@pytest.mark.parametrize(
    ("content", "expected"),
    [("name = ", "TOML"), ('name = "x"\nsource = "interventions"\ndetect = ["A"]\n[columns]\n', "sans règle"),
     ('name = "x"\nsource = "rien"\ndetect = ["A"]\n[columns]\n', "source inconnue")],
)  # fmt: skip
def test_a_wrong_profile_is_named(known: Landing, tmp_path, content: str, expected: str) -> None:
    (tmp_path / "profils").mkdir()
    (tmp_path / "profils" / "x.toml").write_text(content)
    report = known.text("export.csv", OGUST, profiles_dir=tmp_path / "profils")
    assert report.status == "refuse"
    assert "x.toml" in report.message and expected in report.message


def test_a_profile_can_be_asked_for(known: Landing) -> None:
    refused = known.text("export.csv", "a;b\n1;2\n", profile="ogust-interventions")
    assert refused.status == "refuse" and "Colonnes absentes pour le profil" in refused.message
    assert "Profil inconnu" in known.text("export.csv", OGUST, profile="ogust").message
    assert (
        "pas « clients »"
        in known.text("export.csv", OGUST, profile="ogust-interventions", source="clients").message
    )


def test_the_profiles_of_guichet_are_valid() -> None:
    assert set(profiles()) == {"ogust-interventions", "compani-interventions"}
