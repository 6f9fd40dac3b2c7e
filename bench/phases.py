"""What is measured, one phase a process: `python -m bench.phases PHASE '{"home": …}'` prints one JSON object.

Each phase calls what the command and the console call. Amounts are never floats; seconds are.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from console.paths import DBT_PROJECT
from console.settings import Settings, load_settings

AS_OF = "2026-12-01T08:00"
PERIOD = "2026-11"
REPEATS = 50
HERE = Path(__file__).resolve().parent
TOTALS = ("total_incl_vat", "total_excl_vat", "total_vat", "payer_total", "client_total", "line_count")


def settings_of(home: str) -> Settings:
    settings = load_settings(home=Path(home), as_of=AS_OF)
    settings.paths.create()
    return settings


@contextmanager
def acting(settings: Settings) -> Iterator[Callable[..., Any]]:
    """`act(action, key, **params)` -> Result, as an analyst would through the registry."""
    from console.actions import registry
    from console.commands.decide import load_actions
    from console.journal.store import Journal
    from console.warehouse.query import Warehouse

    load_actions()
    with closing(Journal.open(settings)) as journal, closing(Warehouse.open(settings.paths)) as warehouse:

        def act(name: str, key: str, **params: Any) -> Any:
            context = registry.Context(settings, journal, warehouse, "bench", "admin")
            return registry.run_action(name, params, context, key)

        yield act


def generate(home: str, data: str, count: int) -> dict[str, Any]:
    from bench.generate import generate as write

    begun = time.perf_counter()
    counts = write(count, Path(data))
    return {"seconds": time.perf_counter() - begun, "rows": sum(counts.values())}


def load(home: str, data: str, count: int) -> dict[str, Any]:
    """The CSV files, checks included, through loaders.api."""
    from console.warehouse.lock import batch_lock
    from loaders.api import load as load_files
    from loaders.landing import open_landing

    settings = settings_of(home)
    files = sorted(Path(data).glob("*.csv"))
    begun = time.perf_counter()
    with batch_lock(settings, "bench", print), closing(open_landing(settings.paths.landing)) as landing:
        reports = load_files(
            files, landing=landing, zone=settings.zone, now=settings.now(), journal_seq=0, response_seq=0
        )
    seconds = time.perf_counter() - begun
    if any(report.rows_rejected or report.status != "charge" for report in reports):
        raise SystemExit(f"rows were refused: {reports}")
    rows = sum(report.rows_new for report in reports)
    return {"seconds": seconds, "rows": rows, "per_second": rows / seconds}


def run(home: str, data: str, count: int) -> dict[str, Any]:
    """A full run: build, tests, publication."""
    from console.warehouse import pipeline, runs

    settings = settings_of(home)
    report = pipeline.run(settings, trigger="bench")
    if not report.ok:
        raise SystemExit("\n".join(report.failures))
    record = runs.current(settings.paths)
    nodes = sorted(record.nodes if record else [], key=lambda node: -node.get("seconds", 0))
    slowest = {node["name"]: node["seconds"] for node in nodes[:8]}
    return {
        "seconds": report.seconds, "models": report.models, "tests": report.tests, "steps": report.steps,
        "slowest": slowest,
    }  # fmt: skip


def handwritten(home: str, data: str, count: int) -> dict[str, Any]:
    """The yardstick, on the same data; its totals must be Guichet's, draft by draft, to the cent."""
    import duckdb

    from console.warehouse.query import Warehouse

    path = Path(home) / "handwritten.duckdb"
    path.unlink(missing_ok=True)
    connection = duckdb.connect(str(path))
    connection.execute("SET VARIABLE data = $1", [str(Path(data) / "parquet")])
    connection.execute("SET VARIABLE holidays = $1", [str(DBT_PROJECT / "seeds" / "holidays.csv")])
    script = (HERE / "handwritten.sql").read_text(encoding="utf-8")
    begun = time.perf_counter()
    connection.execute(script)
    seconds = time.perf_counter() - begun
    columns = f"SELECT draft_id, {', '.join(TOTALS)}"
    theirs = connection.execute(f"{columns} FROM drafts ORDER BY draft_id").to_arrow_table()
    connection.close()
    with closing(Warehouse.open(settings_of(home).paths)) as warehouse:
        ours = warehouse.arrow(f"{columns} FROM marts.draft_invoices ORDER BY draft_id")
    compare(ours, theirs)
    return {"seconds": seconds, "drafts_equal_to_the_cent": theirs.num_rows}


def compare(ours: Any, theirs: Any) -> None:
    """Stops the bench when one draft differs by one cent or one line."""
    import duckdb

    connection = duckdb.connect()
    connection.register("ours", ours)
    connection.register("theirs", theirs)
    differs = " OR ".join(f"ours.{name} IS DISTINCT FROM theirs.{name}" for name in TOTALS)
    wrong = connection.execute(
        f"SELECT coalesce(ours.draft_id, theirs.draft_id), ours.total_incl_vat, theirs.total_incl_vat, "
        f"ours.payer_total, theirs.payer_total, ours.line_count, theirs.line_count "
        f"FROM ours FULL JOIN theirs USING (draft_id) WHERE {differs}"
    ).fetchall()
    if wrong:
        raise SystemExit(f"{len(wrong)} drafts differ from the hand-written SQL, first: {wrong[:5]}")


def refresh_after_one(home: str, data: str, count: int) -> dict[str, Any]:
    """One invoice created and validated, then the refresh that a user waits for."""
    from console.warehouse import pipeline
    from console.warehouse.query import Warehouse

    settings = settings_of(home)
    with closing(Warehouse.open(settings.paths)) as warehouse:
        draft = warehouse.value("SELECT min(draft_id) FROM marts.draft_invoices WHERE total_incl_vat > 0")
    with acting(settings) as act:
        created = act("invoices.create", "one-create", draft_ids=[draft])
        act("invoices.validate", "one-validate", invoice_ids=[created.done[0]["invoice_id"]])
    report = pipeline.refresh(settings, trigger="bench")
    if not report.ok:
        raise SystemExit("\n".join(report.failures))
    return {"seconds": report.seconds, "models": report.models, "steps": report.steps}


def create_all(home: str, data: str, count: int) -> dict[str, Any]:
    with acting(settings_of(home)) as act:
        begun = time.perf_counter()
        result = act("invoices.create", "all-create", period=PERIOD)
    return _events(result, time.perf_counter() - begun)


def validate_all(home: str, data: str, count: int) -> dict[str, Any]:
    with acting(settings_of(home)) as act:
        begun = time.perf_counter()
        result = act("invoices.validate", "all-validate", period=PERIOD)
    return _events(result, time.perf_counter() - begun)


def _events(result: Any, seconds: float) -> dict[str, Any]:
    if result.failed or not result.done:
        raise SystemExit(f"{len(result.failed)} failed: {result.failed[:3]}")
    return {"seconds": seconds, "events": len(result.done), "per_second": len(result.done) / seconds}


def screen_drafts(home: str, data: str, count: int) -> dict[str, Any]:
    """The screen Simulation: totals and one page, filtered by month and search, sorted by amount."""
    from console.widgets.declaration import Column, Queue

    names = ("client_name", "period", "kind", "total_incl_vat", "payer_total", "client_total", "line_count")
    queue = Queue(
        name="bench", mart="marts.draft_invoices", title="", caption="", key="draft_id",
        noun=("", ""), columns=tuple(Column(name, name) for name in names), amount="total_incl_vat",
    )  # fmt: skip
    return _screen(home, queue, ("client_search", "client_id", "draft_id"), "-total_incl_vat")


def screen_invoices(home: str, data: str, count: int) -> dict[str, Any]:
    """The screen Toutes les factures, the same way."""
    from console.widgets.declaration import Column, Queue

    names = ("invoice_number", "client_name", "period", "total_incl_vat", "client_due", "status", "issued_on")
    queue = Queue(
        name="bench", mart="marts.invoices", title="", caption="", key="invoice_id", noun=("", ""),
        where={"status": ("validee", "envoyee")}, amount="client_due",
        columns=tuple(Column(name, name) for name in names),
    )  # fmt: skip
    return _screen(home, queue, ("invoice_number", "client_search", "client_id"), "-client_due")


def _screen(home: str, queue: Any, searched: tuple[str, ...], sort: str) -> dict[str, Any]:
    from console.warehouse.query import Warehouse
    from console.widgets import query

    moments = []
    with closing(Warehouse.open(settings_of(home).paths)) as warehouse:
        for repeat in range(REPEATS):
            conditions = [
                *query.base_conditions(queue),
                query.Condition(("period",), "in", (PERIOD,)),
                query.Condition(searched, "search", (f"nom{repeat % 9 + 1}",)),
            ][: None if repeat % 2 else -1]
            begun = time.perf_counter()
            total = query.totals(queue, conditions)
            found = warehouse.rows(total.text, total.params)
            page = query.page(queue, conditions, sort, 1 + repeat % 20)
            warehouse.rows(page.text, page.params)
            moments.append(time.perf_counter() - begun)
            if not found[0]["items"]:
                raise SystemExit("the screen is empty: nothing was measured")
    moments.sort()
    return {"seconds": moments[int(len(moments) * 0.95)], "median": moments[len(moments) // 2]}


def pdfs(home: str, data: str, count: int, wanted: int = 10_000) -> dict[str, Any]:
    """The job that stores the PDFs of up to 10 000 invoices, done by the worker."""
    from console.journal.store import Journal
    from console.warehouse.query import Warehouse
    from console.worker import run_worker

    settings = settings_of(home)
    with closing(Warehouse.open(settings.paths)) as warehouse:
        rows = warehouse.rows(
            "SELECT invoice_id FROM marts.invoices WHERE status = 'validee' ORDER BY invoice_number LIMIT ?",
            (wanted,),
        )
    with closing(Journal.open(settings)) as journal:
        tx = journal.begin(actor="bench", now=settings.now())
        tx.enqueue("documents.invoices", {"invoice_ids": [row["invoice_id"] for row in rows]})
        tx.commit()
        before = journal.last_seq()
        begun = time.perf_counter()
        report = run_worker(settings, once=True)
        seconds = time.perf_counter() - begun
        stored = journal.last_seq() - before
    if report.failed or stored != len(rows):
        raise SystemExit(f"{stored} documents of {len(rows)}: {report.messages}")
    return {"seconds": seconds, "documents": stored, "per_second": stored / seconds}


PHASES: dict[str, Callable[..., dict[str, Any]]] = {
    function.__name__: function
    for function in (
        generate, load, run, handwritten, screen_drafts, refresh_after_one, create_all, validate_all, pdfs,
        screen_invoices,
    )
}  # fmt: skip


def main() -> None:
    print(json.dumps(PHASES[sys.argv[1]](**json.loads(sys.argv[2]))))


if __name__ == "__main__":
    main()
