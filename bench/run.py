"""`make bench`: the figures of issue 2 on 100 000 and 1 000 000 interventions, in one run.

    python -m bench.run [SIZE…] [--sizes SIZE…] [--skip PHASE…] [--out bench/out]

Every phase is a process of its own, so that its peak memory is its own. The table goes to the screen, the
figures to `bench/out/bench.json` (and `bench/out/bench.txt`). A phase that fails stops the bench: exit 1.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SIZES = (100_000, 1_000_000)
# phase -> what the table calls it
LABELS = {
    "generate": "Écriture des fichiers d'essai",
    "load": "Chargement (contrôles compris)",
    "run": "Calcul complet (dbt, contrôles, publication)",
    "handwritten": "Le même calcul en SQL écrit à la main",
    "screen_drafts": "Écran Simulation, p95 de 50",
    "refresh_after_one": "Mise à jour après une facture",
    "create_all": "Création de toutes les factures",
    "validate_all": "Validation de toutes les factures",
    "refresh_after_all": "Calcul complet, tout facturé",
    "screen_invoices": "Écran Toutes les factures, p95 de 50",
    "pdfs": "PDF (10 000 au plus)",
}
FUNCTIONS = {"refresh_after_all": "run"}
NEEDED = ("generate", "load", "run", "handwritten", "create_all", "validate_all")  # the others build on these


@dataclass
class Measure:
    phase: str
    figures: dict[str, Any]
    peak_mib: float
    wall: float


class PhaseFailed(Exception):
    pass


def measure(phase: str, home: Path, data: Path, count: int) -> Measure:
    """Runs one phase in a process of its own; peak memory is the largest of it and its children."""
    arguments = json.dumps({"home": str(home), "data": str(data), "count": count})
    begun = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.phases", FUNCTIONS.get(phase, phase), arguments],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
        env={**{k: v for k, v in os.environ.items() if not k.startswith("GUICHET_")}},
    )  # fmt: skip
    assert process.stdout is not None
    out = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise PhaseFailed(f"{LABELS[phase]} : échec (code {process.returncode}).")
    figures = json.loads(out.strip().splitlines()[-1])
    return Measure(phase, figures, usage.ru_maxrss / 1024, time.perf_counter() - begun)


def bench(count: int, out: Path, skip: list[str]) -> list[Measure]:
    """All phases at one size, in a home that is removed at the end."""
    home, data = out / f"home-{count}", out / f"data-{count}"
    for folder in (home, data):
        shutil.rmtree(folder, ignore_errors=True)
    measures = []
    try:
        for phase in (name for name in LABELS if name not in skip):
            one = measure(phase, home, data, count)
            measures.append(one)
            print(f"  {row(one)}", flush=True)
    finally:
        for folder in (home, data):
            shutil.rmtree(folder, ignore_errors=True)
    return measures


def row(one: Measure) -> str:
    seconds = one.figures["seconds"]
    time_text = f"{seconds * 1000:9.0f} ms" if seconds < 1 else f"{seconds:9.1f} s "
    rate = one.figures.get("per_second")
    rate_text = f"{rate:>12,.0f} /s".replace(",", " ") if rate else " " * 15
    return f"{LABELS[one.phase]:<46} {time_text} {rate_text} {one.peak_mib:>8.0f} Mio"


def summary(measures: list[Measure]) -> dict[str, Any]:
    """The figures that have a target: the ratio leaves dbt's own ten seconds out (issue 2)."""
    found = {one.phase: one.figures for one in measures}
    full, hand = found["run"]["seconds"], found["handwritten"]["seconds"]
    return {
        "ratio": round(full / hand, 2),
        "ratio_without_10_s": round(max(0.0, full - 10) / hand, 2),
        "full_run_limit_s": round(3 * hand + 10, 1),
        "peak_mib": round(max(one.peak_mib for one in measures if one.phase != "generate")),
    }


def sentences(count: int, figures: dict[str, Any], full: float) -> str:
    return (
        f"{count:,} interventions : calcul complet {full:.1f} s, {figures['ratio']} fois le SQL à la main "
        f"({figures['ratio_without_10_s']} sans les 10 s de dbt ; limite {figures['full_run_limit_s']} s) ; "
        f"mémoire maximale {figures['peak_mib']} Mio."
    ).replace(",", " ")


def main() -> int:
    parser = argparse.ArgumentParser(description="Mesures de vitesse de Guichet.")
    parser.add_argument("positional", nargs="*", type=int, metavar="N", help="nombres d'interventions")
    parser.add_argument("--sizes", nargs="+", type=int, default=[], metavar="N", help="les mêmes")
    skippable = [name for name in LABELS if name not in NEEDED]
    parser.add_argument("--skip", nargs="+", default=[], choices=skippable, help="phases à omettre")
    parser.add_argument("--out", type=Path, default=ROOT / "bench" / "out")
    options = parser.parse_args()
    sizes = options.positional or options.sizes or list(SIZES)
    options.out.mkdir(parents=True, exist_ok=True)
    report: dict[str, Any] = {"machine": f"{platform.machine()}, {os.cpu_count()} processeurs", "sizes": {}}
    text = [f"Machine : {report['machine']}"]
    for count in sizes:
        title = f"{count:,} interventions".replace(",", " ")
        print(title, flush=True)
        try:
            measures = bench(count, options.out.resolve(), options.skip)
        except PhaseFailed as failure:
            print(failure, file=sys.stderr)
            return 1
        figures = summary(measures)
        full = next(one for one in measures if one.phase == "run").figures["seconds"]
        said = sentences(count, figures, full)
        print(f"  {said}", flush=True)
        text += [title, *(f"  {row(one)}" for one in measures), f"  {said}"]
        report["sizes"][str(count)] = {
            "summary": figures,
            "phases": {
                one.phase: {**one.figures, "peak_mib": round(one.peak_mib), "wall": round(one.wall, 2)}
                for one in measures
            },
        }
    (options.out / "bench.json").write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n")
    (options.out / "bench.txt").write_text("\n".join(text) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main())
