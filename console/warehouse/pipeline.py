"""Builds a run and puts it in service: copy the journal, build, check, publish (spec 00, "Warehouse").

A full run starts from an empty file; a refresh from a copy of the run in service, and rebuilds what depends
on the tables that grew and on the clock. Whatever fails, the run in service stays, its reason goes to the
history, and what was being built is removed.
"""

from __future__ import annotations

import errno
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from console.journal.store import Journal
from console.paths import DBT_PROJECT, Home
from console.settings import Settings
from console.warehouse import datasets, landing_copy, runs
from console.warehouse import plan as plans
from console.warehouse.dbt_build import Build, Project, fingerprint
from console.warehouse.lock import batch_lock
from console.warehouse.plan import NodeRun

FAILED = {"error", "fail", "runtime error"}
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
NO_ROOM_WORDS = ("no space left", "file too large", "disk quota", "could not write all bytes")


@dataclass
class RunReport:
    """What a run did. `published` is false when it failed, and when nothing had changed (`kind` "none")."""

    run_id: str
    ok: bool
    seconds: float
    failures: list[str] = field(default_factory=list)  # French sentences
    seq: int = 0
    response_seq: int = 0
    models: int = 0
    tests: int = 0
    kind: str = "full"  # full | refresh | none
    as_of: str = ""
    published: bool = False
    warnings: list[str] = field(default_factory=list)
    steps: dict[str, float] = field(default_factory=dict)


class _Failed(Exception):
    """The run cannot be published, for these reasons."""

    def __init__(self, *reasons: str):
        super().__init__(" ".join(reasons))
        self.reasons = list(reasons)


def run(
    settings: Settings, full: bool = True, trigger: str = "commande", *, project: Path = DBT_PROJECT,
    on_wait: Callable[[str], None] | None = None,
) -> RunReport:  # fmt: skip
    """Builds everything (`full`) or what changed, and publishes it. Waits for the batch lock. Never
    raises for a failed run: see `RunReport.failures`."""
    with batch_lock(settings, "calcul des données", on_wait):
        return _Run(settings, project, trigger).go(full=full, force=True, sources=None)


def refresh(
    settings: Settings, sources: set[str] | None = None, trigger: str = "mise à jour", *,
    project: Path = DBT_PROJECT, on_wait: Callable[[str], None] | None = None,
) -> RunReport:  # fmt: skip
    """Rebuilds what depends on the raw tables that grew since the run in service (and on `sources`,
    names of raw tables, when given). Does nothing when nothing changed. Becomes a full run when there is
    none to start from, or when the models or the settings changed."""
    with batch_lock(settings, "mise à jour des données", on_wait):
        return _Run(settings, project, trigger).go(full=False, force=False, sources=sources)


def ensure_fresh(
    settings: Settings, trigger: str = "mise à jour", *, project: Path = DBT_PROJECT,
    on_wait: Callable[[str], None] | None = None,
) -> RunReport | None:  # fmt: skip
    """Refreshes when the run in service is behind the journal, the loaded files or the clock; None when
    it is not."""
    if not is_stale(settings, project):
        return None
    return refresh(settings, trigger=trigger, project=project, on_wait=on_wait)


def is_stale(settings: Settings, project: Path = DBT_PROJECT) -> bool:
    """Whether something was decided, answered or loaded since the run in service, a setting or a model changed,
    or its clock is not the asked one (an explicit `as_of`, else the local day). Opens no warehouse and no
    landing."""
    record = runs.current(settings.paths)
    if record is None or _clock_moved(settings, record):
        return True
    if record.fingerprint != fingerprint(project, settings.dbt_vars()):  # a setting or a model changed
        return True
    if _stat(settings.paths.landing) != record.landing_stat:
        return True
    with closing(Journal.open(settings)) as journal:
        return (journal.last_seq(), journal.last_response_seq()) != (record.seq, record.response_seq)


def _clock_moved(settings: Settings, record: runs.RunRecord) -> bool:
    wanted = settings.dbt_vars()["as_of"]
    if settings.as_of:
        return wanted != record.as_of
    published = datetime.fromisoformat(record.as_of).replace(tzinfo=UTC).astimezone(settings.zone)
    return published.date() != settings.today()


def _stat(path: Path) -> list[int]:
    try:
        found = path.stat()
    except FileNotFoundError:
        return []
    return [found.st_mtime_ns, found.st_size]


class _Run:
    """One run being made. The batch lock is held."""

    def __init__(self, settings: Settings, project: Path, trigger: str):
        self.settings = settings
        self.home: Home = settings.paths.create()
        self.trigger = trigger
        self.variables = settings.dbt_vars()
        self.project = Project(project, self.home.dbt_target, self.home.logs, self.variables)
        self.started = datetime.now(UTC)
        self.run_id = runs.new_run_id(self.started)
        self.file = runs.warehouse_file(self.home, self.run_id)
        self.before = runs.current(self.home)
        self.steps: dict[str, float] = {}
        self.nodes: list[NodeRun] = []

    def go(self, *, full: bool, force: bool, sources: set[str] | None) -> RunReport:
        clock = time.perf_counter()
        report = RunReport(self.run_id, False, 0.0, as_of=self.variables["as_of"])
        try:
            self._go(report, full, force, sources)
            report.ok = True
        except _Failed as failed:
            report.failures = failed.reasons
        except (OSError, duckdb.Error) as error:
            report.failures = [_explain(error)]
        finally:
            if not report.published:
                runs.discard(self.home, self.run_id)
            report.steps = {name: round(value, 3) for name, value in self.steps.items()}
            report.seconds = round(time.perf_counter() - clock, 3)
            report.models = sum(node.kind == "model" for node in self.nodes)
            report.tests = sum(node.kind == "test" for node in self.nodes)
            if report.kind != "none":
                self._remember(report)
        return report

    def _go(self, report: RunReport, full: bool, force: bool, sources: set[str] | None) -> None:
        runs.clean(self.home, self.settings.runs_kept)
        with self._step("journal"), closing(Journal.open(self.settings)) as journal:
            copied, marks = self._copy(journal)
            self._check_order(journal, copied)
        report.seq, report.response_seq = copied.seq, copied.response_seq
        before = self.before
        if full or before is None or before.fingerprint != self.project.fingerprint:
            grown = None
        else:
            grown = {table for table, mark in marks.items() if before.marks.get(table) != mark}
            grown |= {table for table in before.marks if table not in marks} | (sources or set())
            if not grown and not force and not _clock_moved(self.settings, before):
                report.kind, report.run_id = "none", before.run_id
                before.landing_stat = _stat(self.home.landing)  # opened for nothing: not again
                runs.amend(self.home, before)
                return
        report.kind = "full" if grown is None else "refresh"
        self.file.parent.mkdir(parents=True)
        if grown is None:
            self._build_all()
        else:
            assert before is not None
            self._rebuild(before, grown)
        report.warnings = [_sentence(node) for node in self.nodes if node.status == "warn"]
        with self._step("publication"):
            self._publish(report.kind, copied, marks)
        report.published = True

    def _copy(self, journal: Journal) -> tuple[landing_copy.Copied, dict[str, str]]:
        from loaders.landing import open_landing

        with closing(open_landing(self.home.landing)) as landing:
            copied = landing_copy.copy_journal(journal, landing)
            return copied, landing_copy.landing_marks(landing)

    def _check_order(self, journal: Journal, copied: landing_copy.Copied) -> None:
        """A publication never lowers the `seq` seen, unless the journal itself went back (a restore)."""
        before = self.before
        if before is None or before.seq <= copied.seq:
            return
        if landing_copy.event_hash_at(journal, before.seq) == before.journal_hash:
            raise _Failed(
                f"Le journal lu s'arrête au n° {copied.seq} alors que l'exécution en service a vu le n° "
                f"{before.seq} : rien n'est publié."
            )

    def _build_all(self) -> None:
        with self._step("construction"):
            build = self.project.build("build", self.file, self.home.landing)
        self._judge(build)
        assert build.plan is not None
        build.plan.write(self.file.with_name("plan.json"))
        datasets.write(self.file, self.project.descriptions())

    def _rebuild(self, before: runs.RunRecord, grown: set[str]) -> None:
        """The models that depend on what grew, and on the clock, then the tests that read them."""
        source, landing, as_of = runs.warehouse_file(self.home, before.run_id), self.home.landing, self._as_of
        with self._step("copie"):
            for name in (source.name, "plan.json", "datasets.json"):
                shutil.copyfile(source.with_name(name), self.file.with_name(name))
            plan = plans.Plan.read(source.with_name("plan.json"))
        models = plan.select(grown)
        with self._step("construction"):
            if all(model.replayable for model in models):
                self._judge(Build(True, plans.replay(plan, models, self.file, landing, as_of)))
            else:
                names = [model.name for model in models]
                self._judge(self.project.build("run", self.file, landing, names))
        with self._step("contrôles"):
            tests = plan.checks({model.unique_id for model in models})
            quick = [test for test in tests if test.clock != "dbt"]
            self._judge(Build(True, plans.run_tests(plan, quick, self.file, landing, as_of)))
            if left := [test.name for test in tests if test.clock == "dbt"]:
                self._judge(self.project.build("test", self.file, landing, left))

    @property
    def _as_of(self) -> str:
        return str(self.variables["as_of"])

    def _judge(self, build: Build) -> None:
        self.nodes += build.nodes
        reasons = [_sentence(node) for node in build.nodes if node.status in FAILED]
        if build.error:
            reasons.append(build.error)
        if not reasons and not build.ok:
            reasons.append("La construction a échoué sans en donner la raison.")
        if reasons:
            full_disk = [_no_room(reason) for reason in reasons]
            raise _Failed(*([_NO_ROOM] if any(full_disk) else reasons))

    def _publish(self, kind: str, copied: landing_copy.Copied, marks: dict[str, str]) -> None:
        record = runs.RunRecord(
            run_id=self.run_id,
            kind=kind,
            trigger=self.trigger,
            as_of=self.variables["as_of"],
            seq=copied.seq,
            response_seq=copied.response_seq,
            journal_hash=copied.hash,
            fingerprint=self.project.fingerprint,
            marks=marks,
            started_at=runs.utc(self.started),
            finished_at=runs.utc(datetime.now(UTC)),
            landing_stat=_stat(self.home.landing),
            seconds={name: round(value, 3) for name, value in self.steps.items()},
            nodes=[_node(node) for node in self.nodes],
        )
        runs.publish(self.home, record)

    def _remember(self, report: RunReport) -> None:
        slowest = sorted(self.nodes, key=lambda node: -node.seconds)[:10]
        runs.remember(
            self.home,
            {
                **asdict(report),
                "trigger": self.trigger,
                "started_at": runs.utc(self.started),
                "slowest": [_node(node) for node in slowest],
            },
        )

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            self.steps[name] = self.steps.get(name, 0.0) + time.perf_counter() - started


def _node(node: NodeRun) -> dict[str, Any]:
    kept = ("name", "kind", "status", "seconds", "failures", "message", "description")
    return {name: getattr(node, name) for name in kept if getattr(node, name) not in ("", 0)}


def _sentence(node: NodeRun) -> str:
    """What failed, in words: a test by its description and its number of rows, a model by its error."""
    if node.kind == "test" and node.status in {"fail", "warn"}:
        rows = f"{node.failures} ligne{'s' if node.failures > 1 else ''}"
        return f"Contrôle « {node.name} » : {node.description or 'règle non respectée'} ({rows})"
    what = {"model": "Le modèle", "seed": "La table de référence", "test": "Le contrôle"}.get(
        node.kind, "L'étape"
    )
    return f"{what} « {node.name} » n'a pas pu être calculé : {node.message}"


_NO_ROOM = (
    "Plus de place sur le disque : l'exécution n'a pas été publiée, la précédente reste en service. "
    "Libérez de la place, puis relancez « guichet run »."
)


def _no_room(text: str) -> bool:
    return any(words in text.lower() for words in NO_ROOM_WORDS)


def _explain(error: Exception) -> str:
    if (isinstance(error, OSError) and error.errno in NO_ROOM) or _no_room(str(error)):
        return _NO_ROOM
    return f"L'exécution a été interrompue, la précédente reste en service : {str(error).splitlines()[0]}"
