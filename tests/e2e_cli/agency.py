"""An agency driven only through the `guichet` command: files in, actions, datasets out.

Amounts of an export are compared as Decimal; nothing here knows how they are computed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

HEADERS = {
    "agencies": "agency_id;name;siret;nova_number;address;postal_code;city;holiday_region",
    "clients": "client_id;civility;last_name;first_name;birth_date;email;address;postal_code;city;"
    "payment_method;invoice_delivery;home_plus_id;home_plus_activated_on;home_plus_status;agency_id",
    "services": "service_code;label;kind;unit;unit_price;vat_rate;home_plus_nature",
    "contracts": "contract_id;client_id;service_code;unit_price;saturday_price;sunday_holiday_price;"
    "valid_from;valid_to",
    "payers": "payer_id;name;kind;billing_type;direct_to_client",
    "care_plans": "care_plan_id;payer_id;client_id;service_code;valid_from;valid_to;rank;base_rate;"
    "saturday_rate;sunday_holiday_rate;coverage_rate;monthly_hours_cap;surcharge;"
    "sunday_holiday_coverage_rate;sunday_holiday_hours_cap;billing_mode;status",
    "interventions": "intervention_id;client_id;worker_id;service_code;starts_at;ends_at;status",
    "billable_items": "item_id;client_id;service_code;date;quantity;unit_price",
    "payments": "payment_id;received_on;amount;emitter;client_id;reference",
}
AGENCY = "A1;Aide et Maison;91990005000015;SAP919900050;1 quai des Bateliers;67000;Strasbourg;alsace-moselle"
CARE = "AIDE;Aide à domicile;service;hour;26,00;5,5;30"


@dataclass
class Done:
    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out, parse_float=Decimal)


@dataclass
class Agency:
    """One home. `as_of` and `env` hold for every command until changed."""

    home: Path
    as_of: str = "2026-12-31T12:00"
    env: dict[str, str] = field(default_factory=dict)
    files: int = 0

    def environment(self) -> dict[str, str]:
        mine = {"GUICHET_HOME": str(self.home), "GUICHET_AS_OF": self.as_of, **self.env}
        return {**os.environ, **mine}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """The command, running on its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "console.cli", *arguments],
            env=self.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip

    def guichet(self, *arguments: str, code: int | None = 0) -> Done:
        """Runs the command to its end and checks its exit code (`code=None`: any)."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=300)
        done = Done(process.returncode, out, err)
        assert "Traceback" not in err, err
        if code is not None:
            assert done.code == code, f"guichet {' '.join(arguments)} -> {done.code}\n{out}\n{err}"
        return done

    def csv(self, source: str, *rows: str) -> Path:
        """A file of that source with these `;` rows; each file has a name of its own."""
        self.files += 1
        folder = self.home.parent / "files"
        folder.mkdir(exist_ok=True)
        path = folder / f"{source}_{self.files:03d}.csv"
        path.write_text("\n".join([HEADERS[source], *rows]) + "\n", encoding="utf-8")
        return path

    def load(self, files: Iterable[Path]) -> Done:
        return self.guichet("load", *map(str, files))

    def do(self, action: str, code: int | None = 0, refresh: bool = True, **params: Any) -> dict[str, Any]:
        """An action by its name and parameters; `refresh=False`: on the data as they were last computed."""
        options = () if refresh else ("--no-refresh",)
        text = json.dumps(params)
        return self.guichet("do", action, "--json", text, "--format", "json", *options, code=code).json()

    def rows(self, dataset: str, where: str = "", order: str = "") -> list[dict[str, Any]]:
        """A dataset as `guichet export` gives it, ordered by a column."""
        path = self.home.parent / f"{dataset}.json"
        narrowed = ("--where", where) if where else ()
        self.guichet("export", dataset, "-o", str(path), "--format", "json", *narrowed)
        found = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
        return sorted(found, key=lambda row: str(row[order])) if order else found

    def verify(self) -> None:
        self.guichet("verify")


def euros(row: dict[str, Any], *columns: str) -> tuple[Decimal, ...]:
    """Amounts of a row, exactly as exported (text or number), to compare with the expected text."""
    return tuple(Decimal(str(row[column])) for column in columns)


def client(
    number: str, *, delivery: str = "mail", method: str = "virement", agency: str = "A1",
    email: str | None = None, born: str = "1945-05-08", home_plus: str = "", activated: str = "",
    account: str = "",
) -> str:  # fmt: skip
    """One row of clients."""
    email = f"{number.lower()}@courriel.example" if email is None else email
    return (
        f"{number};Mme;Nom {number};Jeanne;{born};{email};2 rue des Tilleuls;67000;Strasbourg;{method};"
        f"{delivery};{home_plus};{activated};{account};{agency}"
    )


def contract(number: str, price: str = "26,00", saturday: str = "", sunday: str = "32,50") -> str:
    return f"CT-{number};{number};AIDE;{price};{saturday};{sunday};2026-01-01;"


def visits(number: str, *spans: tuple[str, int], status: str = "validee", start: int = 1) -> list[str]:
    """Interventions from (start `2026-11-02 09:00`, minutes)."""
    from datetime import datetime, timedelta

    rows = []
    for rank, (begin, minutes) in enumerate(spans, start=start):
        end = datetime.fromisoformat(begin) + timedelta(minutes=minutes)
        rows.append(f"I-{number}-{rank:02d};{number};W1;AIDE;{begin};{end:%Y-%m-%d %H:%M};{status}")
    return rows
