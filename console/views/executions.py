"""Exécutions: each computation of the figures, how long it took, what failed; and a button to run one."""

from datetime import datetime

import streamlit as st

from console.warehouse import runs
from console.web import state
from console.widgets import cells, doing, formats, freshness, jobs, pages, session

user = session.require(*pages.roles_of("Exécutions"))
warehouse, settings = state.warehouse(), state.settings()
st.markdown("## Exécutions")
st.caption(
    "Une exécution recalcule et contrôle toutes les données ; celle qui échoue ne remplace pas la précédente."
)


def ask_run() -> None:
    session.require("analyste", "admin")
    st.session_state["_run_job"] = doing.enqueue("warehouse.refresh", {"full": True})


def panel(run: dict) -> None:
    with st.container(border=True):
        st.markdown(f"### {cells.markdown(run['run_id'])}")
        st.markdown(
            ":green-badge[Publiée]"
            if run.get("published")
            else ":red-badge[Échec]"
            if not run.get("ok")
            else ":gray-badge[Sans suite]"
        )
        for failure in run.get("failures") or []:
            st.error(cells.markdown(failure))
        st.markdown("##### Étapes")
        steps = run.get("steps") or {}
        st.table(
            {cells.markdown(name): f"{seconds:.1f} s".replace(".", ",") for name, seconds in steps.items()}
            or {"Étapes": "non connues"},
            border="horizontal",
            alt="Durée des étapes",
        )
        if slowest := run.get("slowest"):
            st.markdown("##### Modèles les plus longs")
            st.json(slowest, expanded=1)


if user.role in ("analyste", "admin"):
    st.button("Lancer une exécution complète", type="primary", icon=":material/play_arrow:", on_click=ask_run)
jobs.watch("_run_job", "Exécution en cours…", "Exécution terminée.")
freshness.show(warehouse.run_id)
history = runs.history(settings.paths, 200)
if not history:
    with st.container(border=True):
        st.markdown(
            "**Aucune exécution pour l'instant.** Chargez des fichiers dans Imports, puis lancez-en une."
        )
    st.stop()
left, right = st.columns([5, 2], gap="medium")
with left:
    shown = [
        {
            "started": formats.moment(datetime.fromisoformat(run["started_at"]), settings.zone),
            "state": ["Réussie"] if run.get("ok") else ["Échec"],
            "kind": {"full": "complète", "refresh": "partielle"}.get(
                run.get("kind", ""), run.get("kind", "")
            ),
            "trigger": run.get("trigger", ""),
            "seconds": f"{run.get('seconds', 0):.1f} s".replace(".", ","),
            "models": str(run.get("models", "")),
            "tests": str(run.get("tests", "")),
            "failures": str(len(run.get("failures") or [])),
        }
        for run in history
    ]
    event = st.dataframe(
        shown,
        hide_index=True,
        height=min(len(shown), 16) * 35 + 40,
        alt="Exécutions",
        on_select="rerun",
        selection_mode="single-cell",
        key="executions-table",
        column_config={
            "started": st.column_config.TextColumn("Début", width=130),
            "state": st.column_config.MultiselectColumn(
                "Résultat", options=["Réussie", "Échec"], color=["green", "red"]
            ),
            "kind": "Genre",
            "trigger": "Déclenchée par",
            "seconds": st.column_config.TextColumn("Durée", alignment="right"),
            "models": st.column_config.TextColumn("Modèles", alignment="right"),
            "tests": st.column_config.TextColumn("Contrôles", alignment="right"),
            "failures": st.column_config.TextColumn("Échecs", alignment="right"),
        },
    )
with right:
    picked = [position for position, _ in event.selection.cells] or [0]
    panel(history[min(picked[0], len(history) - 1)])
