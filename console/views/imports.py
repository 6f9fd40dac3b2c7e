"""Imports: hand in files, see at once what is accepted and what is not, download the rejects, correct,
reload.
"""

from collections.abc import Callable
from typing import Any

import streamlit as st

from console.web import state
from console.web.load_files import RunFailed, check, load, sources
from console.widgets import cells, detail, doing, formats, jobs, pages, session
from console.widgets.declaration import Column, Filter, Queue
from console.widgets.queue import show

user = session.require(*pages.roles_of("Imports"))
REPORT, JOB, DETECT = "_import_report", "_import_job", "Reconnaître automatiquement"
BATCHES = {"charge": ("Chargé", "green"), "refuse": ("Refusé", "red")}


def run(work: Callable[..., list[dict[str, Any]]], checked_only: bool) -> None:
    """Checks or loads the files handed in. Nothing is drawn here: a page closed meanwhile interrupts nothing,
    and the refresh is asked for all the same."""
    actor = session.require("analyste", "admin")
    files = [(file.name, file.getvalue()) for file in st.session_state.get("import-files") or []]
    source = st.session_state.get("import-source", DETECT)
    try:
        reports = work(state.settings(), files, actor.username, None if source == DETECT else source)
    except RunFailed as error:
        st.session_state[REPORT] = (checked_only, [], str(error))
        return
    st.session_state[REPORT] = (checked_only, reports, "")
    if not checked_only and any(report["status"] == "charge" for report in reports):
        st.session_state[JOB] = doing.enqueue("warehouse.refresh", {"full": False})


def report_line(report: dict[str, Any], checked_only: bool) -> None:
    badges = {
        "refuse": ":red-badge[Fichier refusé]",
        "deja_charge": ":gray-badge[Déjà chargé]",
        "rien": ":gray-badge[Vide]",
    }
    loaded = report["status"] == "charge"
    with st.container(border=True):
        badge = badges.get(
            report["status"], ":blue-badge[Vérifié]" if checked_only else ":green-badge[Chargé]"
        )
        st.markdown(f"**{cells.markdown(report['file_name'])}** · {cells.markdown(report['label'])} {badge}")
        if report["message"]:
            st.caption(cells.markdown(report["message"]))
        if not loaded:
            return
        st.markdown(
            f"{formats.count(report['rows_total'], 'ligne')} : **{formats.decimal_fr(report['rows_new'])}** "
            f"nouvelles ou modifiées, {formats.decimal_fr(report['rows_unchanged'])} inchangées, "
            f"**{formats.decimal_fr(report['rows_rejected'])}** rejetées"
        )
        if report["rejects"]:
            st.dataframe(
                report["rejects"],
                hide_index=True,
                alt="Lignes rejetées",
                height=min(len(report["rejects"]), 8) * 35 + 40,
                column_config={"row": "Ligne", "column": "Colonne", "value": "Valeur", "message": "Motif"},
            )
        if report["rows_rejected"] and not checked_only:
            st.link_button(
                "Télécharger les rejets (CSV)",
                f"/telechargement/rejets/{report['batch_id']}",
                icon=":material/download:",
            )


def deposit() -> None:
    st.markdown("## Imports")
    st.caption(
        "Déposez vos fichiers CSV, Excel ou JSON. Une ligne rejetée n'empêche pas les autres d'entrer."
    )
    if user.role not in ("analyste", "admin"):
        st.info("Votre profil ne permet pas de charger des fichiers.")
        return
    left, right = st.columns([3, 2], gap="medium")
    with left:
        files = st.file_uploader(
            "Fichiers", type=["csv", "txt", "xlsx", "json"], accept_multiple_files=True, key="import-files"
        )
        known = sources()
        st.selectbox(
            "Contenu",
            [DETECT, *known],
            format_func=lambda name: known.get(name, name),
            key="import-source",
            width=320,
        )
        with st.container(horizontal=True):
            checking = st.button("Vérifier", disabled=not files, icon=":material/fact_check:")
            loading = st.button("Charger", type="primary", disabled=not files, icon=":material/upload:")
        if checking or loading:
            st.session_state.pop(REPORT, None)
            with st.spinner(
                "Vérification des fichiers…" if checking else "Chargement des fichiers…", show_time=True
            ):
                run(check if checking else load, checking)
        jobs.watch(JOB, "Mise à jour des écrans…", "Les écrans sont à jour.")
        checked_only, reports, error = st.session_state.get(REPORT, (False, [], ""))
        if error:
            st.error(error, title="Le chargement n'a pas abouti")
        for report in reports:
            report_line(report, checked_only)
    with right, st.container(border=True):
        st.markdown("##### Modèles de fichiers")
        st.caption("Un fichier par contenu, avec les colonnes attendues et un exemple.")
        name = st.selectbox(
            "Contenu du modèle",
            list(known),
            format_func=lambda name: known[name],
            label_visibility="collapsed",
        )
        st.link_button("Télécharger le modèle", f"/telechargement/modele/{name}", icon=":material/download:")


def batch_panel(row: dict[str, Any]) -> None:
    detail.title(row["file_name"], row["source"], cells.badge(row["status"], BATCHES))
    if row["message"]:
        detail.reason(row["message"])
    detail.facts(
        [
            ("Chargé le", row["loaded_at"], "datetime"),
            ("Lignes", row["rows_total"], "int"),
            ("Nouvelles ou modifiées", row["rows_new"], "int"),
            ("Inchangées", row["rows_unchanged"], "int"),
            ("Rejetées", row["rows_rejected"], "int"),
            ("Profil", row["profile"], "text"),
            ("Empreinte", str(row["sha256"] or "")[:16], "text"),
        ]
    )
    if row["rows_rejected"]:
        st.link_button(
            "Télécharger les rejets (CSV)",
            f"/telechargement/rejets/{row['batch_id']}",
            icon=":material/download:",
        )


def reject_panel(row: dict[str, Any]) -> None:
    detail.title(f"Ligne {row['row_no']}", row["file_name"])
    for reason in str(row["reasons"] or "").split(" ; "):
        detail.reason(reason)
    st.caption(
        "Téléchargez les rejets du fichier, corrigez la ligne sans toucher à la colonne _rejet, rechargez."
    )
    st.link_button(
        "Télécharger les rejets (CSV)",
        f"/telechargement/rejets/{row['batch_id']}",
        icon=":material/download:",
    )
    st.json(row["raw"], expanded=1)


HISTORY = Queue(
    name="imports",
    mart="marts.load_batches",
    title="Fichiers chargés",
    caption="Chaque fichier reçu, ce qu'il a apporté et ce qui en a été rejeté.",
    key="batch_id",
    noun=("fichier", "fichiers"),
    columns=(
        Column("loaded_at", "Chargé le", "datetime", 130),
        Column("source", "Contenu", width=140),
        Column("file_name", "Fichier"),
        Column("status", "Résultat", "badge", 85, BATCHES),
        Column("rows_total", "Lignes", "int", 75),
        Column("rows_new", "Nouvelles", "int", 85),
        Column("rows_unchanged", "Inchangées", "int", 90),
        Column("rows_rejected", "Rejetées", "int", 80),
    ),
    filters=(
        Filter("source", "Contenu"),
        Filter("status", "Résultat", "pills", BATCHES),
        Filter(("file_name", "source", "message"), "fichier…", "search"),
    ),
    order="-loaded_at",
    detail=batch_panel,
    empty="Aucun fichier chargé. Déposez le premier dans « Déposer ».",
)
REJECTS = Queue(
    name="rejets",
    mart="marts.rejected_rows",
    title="Lignes rejetées",
    caption="Les lignes qui n'ont pas pu entrer et n'ont pas encore été remplacées.",
    key="reject_id",
    noun=("ligne rejetée", "lignes rejetées"),
    where={"resolved_by": (None,)},
    columns=(
        Column("file_name", "Fichier"),
        Column("row_no", "Ligne", "int", 65),
        Column("source", "Contenu", width=130),
        Column("key", "Clé", width=120),
        Column("reasons", "Motifs"),
        Column("loaded_at", "Chargée le", "datetime", 130),
    ),
    filters=(
        Filter("source", "Contenu"),
        Filter("file_name", "Fichier", width=260),
        Filter(("key", "reasons", "raw"), "clé, motif…", "search"),
    ),
    oldest="loaded_at",
    order="-loaded_at",
    detail=reject_panel,
    empty="Aucune ligne rejetée en attente.",
)
part = st.segmented_control(
    "Partie",
    ["Déposer", "Fichiers chargés", "Lignes rejetées"],
    default="Déposer",
    required=True,
    key="imports-partie",
    bind="query-params",
    label_visibility="collapsed",
)
{"Fichiers chargés": lambda: show(HISTORY), "Lignes rejetées": lambda: show(REJECTS)}.get(
    part or "", deposit
)()
