"""What the console and the command do in one process, step after step, so that a test can kill it anywhere.

    python -m tests.e2e_cli.driver ACKNOWLEDGED CLIENTS stage

Every step has a fixed key; what it answered is written (and synced) to ACKNOWLEDGED before the next begins,
as a person would have seen it. Started again, it goes on from the first step nobody has seen the answer of.
Stages: `bill` (create, validate, send, client by client), `refresh` (the pipeline), `ask` (Home+ requests and
the worker).
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from console.commands.decide import load_actions, perform
from console.settings import load_settings
from console.warehouse.pipeline import ensure_fresh
from console.worker import run_worker

PERIOD = "2026-10"


class Steps:
    def __init__(self, path: Path):
        self.path = path
        self.settings = load_settings()
        self.seen: dict[str, Any] = {}
        if path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                try:
                    entry = json.loads(line)
                except ValueError:
                    continue  # killed while it wrote: nobody saw that answer
                self.seen[entry["key"]] = entry["result"]

    def do(self, key: str, action: str, **params: Any) -> dict[str, Any]:
        if key not in self.seen:
            result = perform(self.settings, action, params, None, key).as_dict()
            with self.path.open("a", encoding="utf-8") as file:
                file.write("\n" + json.dumps({"key": key, "action": action, "result": result}))
                file.flush()
                os.fsync(file.fileno())
            self.seen[key] = result
        return self.seen[key]

    def bill(self, client: str) -> None:
        created = self.do(f"create-{client}", "invoices.create", period=PERIOD, client_ids=[client])
        ids = [item["invoice_id"] for item in created["done"]]
        self.do(f"validate-{client}", "invoices.validate", invoice_ids=ids)
        self.do(f"send-{client}", "invoices.send", invoice_ids=ids, delivery="all")

    def ask(self, client: str) -> None:
        validated = self.do(f"validate-{client}", "invoices.validate")
        numbers = [item["invoice_number"] for item in validated["done"]]
        self.do(f"request-{client}", "home_plus.request_payment", invoice_numbers=numbers)


def main() -> None:
    path, count, stage = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    steps = Steps(path)
    load_actions()
    clients = [f"K{n:03d}" for n in range(count)]
    print("prêt", flush=True)
    if stage == "bill":
        for client in clients:
            steps.bill(client)
    elif stage == "refresh":
        report = ensure_fresh(steps.settings)
        assert report is None or report.ok, report
    else:
        for client in clients:
            steps.ask(client)
        run_worker(steps.settings, once=True)
    print("fini", flush=True)


if __name__ == "__main__":
    main()
