"""Exports: every published dataset, described, as a file. The same files as `guichet export`."""

import streamlit as st

from console.web import state
from console.widgets import cells, formats, freshness, pages, session
from console.widgets.queue import no_data

session.require(*pages.roles_of("Exports"))
warehouse = state.warehouse()
st.markdown("## Exports")
st.caption("Toutes les données publiées, à reprendre dans un tableur ou un autre logiciel.")
if warehouse.run_id is None:
    no_data()
    st.stop()
freshness.show(warehouse.run_id)
wanted = st.text_input("Rechercher", placeholder="donnée, colonne…", key="exports-texte", type="search",
                       bind="query-params", width=260).lower()  # fmt: skip
for dataset in warehouse.datasets():
    words = " ".join(
        [dataset.name, dataset.description, *(column.name for column in dataset.columns)]
    ).lower()
    if wanted and wanted not in words:
        continue
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        with st.container(width="stretch", gap="xsmall"):
            st.markdown(f"**{cells.markdown(dataset.name)}**")
            st.caption(cells.markdown(dataset.description.split("\n")[0]) or " ")
        with st.popover(formats.count(len(dataset.columns), "colonne"), type="tertiary"):
            st.table(
                [{"Colonne": c.name, "Type": c.type, "Description": c.description} for c in dataset.columns],
                hide_index=True, border="horizontal", alt=f"Colonnes de {dataset.name}",
            )  # fmt: skip
        for format, label in (("xlsx", "Excel"), ("csv", "CSV"), ("parquet", "Parquet")):
            address = f"/telechargement/export?donnees={dataset.name}&format={format}"
            st.link_button(label, address, icon=":material/download:")
