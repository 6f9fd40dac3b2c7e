"""Liste des erreurs: the catalogue of what Urssaf and the local controls can answer (spec 30)."""

from console.widgets import detail
from console.widgets.declaration import Column, Filter, Queue
from console.widgets.queue import show

QUEUE = Queue(
    name="hp-catalogue",
    mart="seeds.home_plus_errors",
    title="Liste des erreurs",
    caption="Chaque code d'erreur Home+, ce qu'il veut dire et comment le résoudre.",
    key="code",
    noun=("code", "codes"),
    columns=(
        Column("code", "Code", width=260),
        Column("phase", "Étape", width=100),
        Column("reason_fr", "Motif", width=340),
        Column("remedy_fr", "Remède", width=420),
        Column("fixable_by", "Qui", "badge", 90, detail.FIXERS),
    ),
    filters=(
        Filter("fixable_by", "Qui peut corriger", "pills", detail.FIXERS),
        Filter("phase", "Étape", width=150),
        Filter(("code", "reason_fr", "remedy_fr"), "code, motif…", "search", width=240),
    ),
    order="code",
    page_size=100,
    empty="Le catalogue est vide.",
)
show(QUEUE)
