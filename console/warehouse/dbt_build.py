"""Runs dbt inside this process, and makes it quick: what a refresh waits for is measured in
`docs/decisions`.

The project is parsed once per content of its files and settings; the parsed manifest is kept in memory for
the next run of a worker and in a file for the next command. `as_of` changes at every run and is read when
SQL is rendered, never when the project is parsed.
"""

from __future__ import annotations

import gc
import json
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from console.warehouse.plan import Model, NodeRun, Plan, Test, clock_of

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

FOLDERS = ("models", "seeds", "macros", "tests", "snapshots", "analyses")
CLOCK = "as_of"  # the one variable that may change without parsing the project again
_parsed: dict[str, Manifest] = {}
_one_at_a_time = threading.Lock()  # dbt keeps its adapter and flags in the process


@dataclass
class Build:
    """The outcome of one dbt invocation. `error`: why dbt did not run at all (project, profile), else
    empty."""

    ok: bool
    nodes: list[NodeRun] = field(default_factory=list)
    plan: Plan | None = None  # what was done, when all of it was (`build`)
    error: str = ""


def fingerprint(project: Path, variables: dict[str, Any]) -> str:
    """Changes when a file of the project, a setting that reaches dbt (but the clock) or dbt itself does."""
    digest = sha256()
    for package in ("dbt-core", "dbt-duckdb", "duckdb"):
        digest.update(f"{package} {version(package)}\n".encode())
    fixed = {name: value for name, value in variables.items() if name != CLOCK}
    digest.update(json.dumps(fixed, sort_keys=True).encode())
    for path in _files(project):
        digest.update(f"\n{path.relative_to(project).as_posix()}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _files(project: Path) -> list[Path]:
    found = [path for folder in FOLDERS for path in (project / folder).rglob("*") if path.is_file()]
    return sorted([*found, *project.glob("*.yml")])


class Project:
    """A dbt project with the folder where its parsed form is kept (`Home.dbt_target`)."""

    def __init__(self, folder: Path, target: Path, logs: Path, variables: dict[str, Any]):
        self.folder = folder
        self.target = target
        self.logs = logs
        self.variables = variables
        self.fingerprint = fingerprint(folder, variables)

    def build(
        self, command: str, database: Path, landing: Path, select: Sequence[str] = (),
    ) -> Build:  # fmt: skip
        """`command` is `build` (everything, with the data tests), `run` (models only) or `test`. Leaves
        no connection and no write-ahead log behind; raises OSError when one remains."""
        with _one_at_a_time, _environment(database, landing), _quiet():
            manifest = self._manifest()
            if isinstance(manifest, str):
                return Build(False, error=manifest)
            _forget_compiled(manifest)
            arguments = [command, *self._options()]
            if command == "build":
                arguments += ["--exclude-resource-type", "unit_test"]
            if select:
                arguments += ["--select", *select]
            try:
                built = self._outcome(_invoke(arguments, manifest))
                if command == "build" and built.ok:
                    built.plan = self._plan(manifest, _connection_settings())
                return built
            finally:
                _close(database)

    def descriptions(self) -> dict[str, tuple[str, dict[str, str]]]:
        """Per table of `marts`: its description and those of its columns."""
        manifest = _parsed.get(self._key)
        if manifest is None:
            return {}
        return {
            node.alias: (
                node.description,
                {name: column.description for name, column in node.columns.items()},
            )
            for node in manifest.nodes.values()
            if node.resource_type == "model" and node.schema == "marts"
        }

    @property
    def _key(self) -> str:
        return f"{self.folder}:{self.fingerprint}"

    def _options(self) -> list[str]:
        return [
            "--quiet", "--no-use-colors", "--log-level", "none", "--log-level-file", "none",
            "--no-write-json", "--no-version-check", "--no-send-anonymous-usage-stats",
            "--no-partial-parse",
            "--project-dir", str(self.folder), "--profiles-dir", str(self.folder),
            "--target-path", str(self.target / "target"), "--log-path", str(self.logs),
            "--vars", json.dumps(self.variables, ensure_ascii=False),
        ]  # fmt: skip

    def _manifest(self) -> Manifest | str:
        """The parsed project, or why it could not be parsed."""
        if self._key in _parsed:
            return _parsed[self._key]
        from dbt.contracts.graph.manifest import Manifest
        from dbt.parser.manifest import extended_mashumaro_encoder, extended_mashumuro_decoder

        kept = self.target / f"manifest-{self.fingerprint[:24]}.msgpack"
        manifest: Manifest | None = None
        if kept.exists():
            try:
                manifest = Manifest.from_msgpack(kept.read_bytes(), decoder=extended_mashumuro_decoder)
            except Exception:  # a truncated or older file: parse again
                kept.unlink(missing_ok=True)
        if manifest is None:
            outcome = _invoke(["parse", *self._options()], None)
            if not outcome.success:
                return f"Le projet dbt n'a pas pu être lu : {_first_lines(outcome.exception)}"
            manifest = outcome.result
            self._keep(kept, manifest.to_msgpack(extended_mashumaro_encoder))
        _parsed.clear()  # one project at a time is enough, and a manifest is heavy
        _parsed[self._key] = manifest
        return manifest

    def _keep(self, path: Path, content: bytes) -> None:
        try:
            self.target.mkdir(parents=True, exist_ok=True)
            for old in self.target.glob("manifest-*.msgpack"):
                old.unlink(missing_ok=True)
            partial = path.with_suffix(f".{os.getpid()}")
            partial.write_bytes(content)
            partial.replace(path)
        except OSError:  # only a time saver: the next command parses again
            path.unlink(missing_ok=True)

    def _outcome(self, outcome: Any) -> Build:
        if outcome.result is None:
            return Build(
                False, error=f"La construction n'a pas pu démarrer : {_first_lines(outcome.exception)}"
            )
        results = outcome.result.results
        nodes = [
            NodeRun(
                unique_id=result.node.unique_id,
                name=result.node.name,
                kind=str(result.node.resource_type),
                status=str(result.status),
                seconds=round(result.execution_time, 4),
                message=_first_lines(result.message),
                failures=result.failures or 0,
                description=_description(result.node),
            )
            for result in results
        ]
        return Build(bool(outcome.success), nodes)

    def _plan(self, manifest: Manifest, settings: dict[str, Any]) -> Plan:
        """What a full build did: the statements it ran (dbt writes them under its target) and its tests."""
        as_of = str(self.variables.get(CLOCK, ""))
        plan = Plan(as_of, settings)
        nodes: list[Any] = list(manifest.nodes.values())
        for node in nodes:
            if node.resource_type == "model":
                plan.models.append(_model(node, self.folder, as_of))
            elif node.resource_type == "test":
                plan.tests.append(_test(node, as_of))
        return plan


def _invoke(arguments: list[str], manifest: Manifest | None) -> Any:
    from dbt.cli.main import dbtRunner

    outcome = dbtRunner(manifest=manifest).invoke(arguments)
    if isinstance(outcome.exception, KeyboardInterrupt):  # dbt takes Ctrl-C for a result
        raise outcome.exception
    return outcome


def _model(node: Any, folder: Path, as_of: str) -> Model:
    hooks = node.config.pre_hook or node.config.post_hook
    path = folder / node.build_path if node.build_path else None
    sql = path.read_text(encoding="utf-8") if path and path.exists() else ""
    if hooks or "__dbt_tmp" in sql:  # more than one statement made it
        sql = ""
    clock = clock_of(sql, as_of)
    return Model(
        unique_id=node.unique_id,
        name=node.name,
        materialized=node.config.materialized,
        sql=sql,
        clock=clock,
        uses_clock="as_of" in node.tags or bool(sql and clock),
        depends_on=list(node.depends_on.nodes),
        description=_description(node),
    )


def _test(node: Any, as_of: str) -> Test:
    sql = node.compiled_code or ""
    return Test(
        name=node.name,
        sql=sql,
        description=_description(node),
        fail_calc=node.config.fail_calc,
        error_if=node.config.error_if,
        severity=str(node.config.severity).lower(),
        limit=node.config.limit,
        clock=clock_of(sql, as_of),
        depends_on=list(node.depends_on.nodes),
    )


def _description(node: Any) -> str:
    """What a reader is told of a failing test: its description, else the comment at the head of its file."""
    if node.description:
        return " ".join(node.description.split())
    comment = []
    for line in (getattr(node, "raw_code", "") or "").splitlines():
        if not line.strip().startswith("--"):
            break
        comment.append(line.strip().lstrip("- "))
    return " ".join(comment)


def _forget_compiled(manifest: Manifest) -> None:
    """A manifest used before holds compiled SQL; an ephemeral model's would be taken as it is, with an
    old clock."""
    nodes: list[Any] = list(manifest.nodes.values())
    for node in nodes:
        if getattr(node, "compiled", False):
            node.compiled = False
            node.compiled_code = None
            node.extra_ctes_injected = False
            node.extra_ctes = []


def _first_lines(message: Any, limit: int = 600) -> str:
    lines = [line.strip() for line in str(message or "").splitlines() if line.strip()]
    return " ".join(lines)[:limit]


@contextmanager
def _environment(database: Path, landing: Path) -> Iterator[None]:
    """The profile reads its paths from the environment."""
    wanted = {"GUICHET_RUN_DB": str(database), "GUICHET_LANDING": str(landing), "DO_NOT_TRACK": "1"}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _quiet() -> Iterator[None]:
    """dbt builds and formats thousands of debug messages for nobody (a quarter of the time of a refresh,
    measured): only warnings and errors go through."""
    from dbt_common.events import event_manager_client as client
    from dbt_common.events.base_types import EventLevel
    from dbt_common.events.event_manager import EventManager

    class QuietEvents(EventManager):
        def fire_event(self, e, level=None, node=None, force_warn_or_error_handling=False):
            if (level or e.level_tag()) in (EventLevel.WARN, EventLevel.ERROR):
                super().fire_event(e, level, node, force_warn_or_error_handling)

    before = client.get_event_manager()
    client.ctx_set_event_manager(QuietEvents())
    try:
        yield
    finally:
        client.ctx_set_event_manager(before)


def _connection_settings() -> dict[str, Any]:
    """The settings that the profile gives to dbt's connection."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    environment = DuckDBConnectionManager._ENV
    return dict(environment.creds.settings or {}) if environment is not None else {}


def _close(database: Path) -> None:
    """dbt-duckdb keeps the file open and leaves tables in the write-ahead log (spec 95): close
    everything, and make sure nothing remains outside the file."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    environment = DuckDBConnectionManager._ENV
    if environment is not None:
        environment.close()
    DuckDBConnectionManager.close_all_connections()
    del environment
    wal = Path(f"{database}.wal")
    if wal.exists():
        gc.collect()
    if wal.exists():
        import duckdb

        with duckdb.connect(str(database)) as connection:
            connection.execute("checkpoint")
    if wal.exists():
        raise OSError(f"{wal.name} demeure après la fermeture de la base : l'exécution n'est pas publiable.")
