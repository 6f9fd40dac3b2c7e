"""The registry of actions: one description for the console's dialogs, `guichet do` and the JSON Schemas.

An action is a function `(params: Model, ctx: Context) -> Result`. It reads `ctx.warehouse` to find its
subjects and decides inside `ctx.tx`, the journal's serialised transaction, which is begun at first use and
committed by `run_action`. `simulate: true` runs the same code and rolls back.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from console.journal.refused import Refused
from console.settings import Settings

if TYPE_CHECKING:
    from console.journal.store import Journal, Transaction
    from console.warehouse.query import Warehouse


class Params(BaseModel):
    """Base of every action's parameters."""

    model_config = ConfigDict(extra="forbid")
    simulate: bool = Field(False, title="Simuler", description="Montre le résultat sans rien enregistrer.")


@dataclass
class Result:
    """What happened to each item. `done`: {id, …facts}; `skipped` and `failed`: {id, reason}."""

    done: list[dict[str, Any]] = field(default_factory=list)
    skipped: list[dict[str, Any]] = field(default_factory=list)
    failed: list[dict[str, Any]] = field(default_factory=list)
    message: str = ""
    simulated: bool = False
    seq: int = 0  # the journal's last seq once this was committed

    def as_dict(self) -> dict[str, Any]:
        return {
            "done": self.done,
            "skipped": self.skipped,
            "failed": self.failed,
            "message": self.message,
            "simulated": self.simulated,
            "seq": self.seq,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Result:
        return cls(**data)


class Context:
    """What an action may use. `now` is the clock of the settings (`--as-of`)."""

    def __init__(
        self, settings: Settings, journal: Journal, warehouse: Warehouse, actor: str, role: str = "admin",
    ):  # fmt: skip
        self.settings = settings
        self.journal = journal
        self.warehouse = warehouse
        self.actor = actor
        self.role = role
        self.key = ""  # the caller's idempotency key: what this action makes is named after it
        self._tx: Transaction | None = None

    def now(self):
        return self.settings.now()

    @property
    def tx(self) -> Transaction:
        """The transaction of this action, begun at first use."""
        if self._tx is None:
            self._tx = self.journal.begin(actor=self.actor, now=self.now())
        return self._tx


@dataclass(frozen=True)
class Action:
    name: str
    label: str
    role: str
    params: type[Params]
    function: Callable[[Any, Context], Result]
    confirm: str = ""  # what the dialog says before it is done
    bulk: str = ""  # the parameter that takes the ids of the selected rows
    description: str = ""

    def schema(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "label": self.label,
            "role": self.role,
            "description": self.description,
            "parameters": self.params.model_json_schema(),
        }


ACTIONS: dict[str, Action] = {}
# Who may act: a role may do what is asked of itself, and an admin everything.
ALLOWED = {
    "analyste": {"analyste", "admin"},
    "comptable": {"comptable", "analyste", "admin"},
    "admin": {"admin"},
    "client": {"client", "admin"},
}


def action(name: str, *, label: str, role: str = "analyste", confirm: str = "", bulk: str = ""):
    """Registers a function as an action; its docstring is what the list of actions says of it."""

    def register(function: Callable[[Any, Context], Result]):
        import inspect
        import typing

        hints = typing.get_type_hints(function)
        first = next(iter(inspect.signature(function).parameters))
        ACTIONS[name] = Action(
            name, label, role, hints[first], function, confirm, bulk, inspect.getdoc(function) or ""
        )
        return function

    return register


def french_errors(error: ValidationError) -> str:
    """One sentence for wrong parameters."""
    words = {
        "missing": "manque", "extra_forbidden": "n'est pas un paramètre connu",
        "greater_than": "doit être supérieur à {gt}", "greater_than_equal": "doit être au moins {ge}",
        "less_than_equal": "doit être au plus {le}", "decimal_max_places": "a plus de {decimal_places} décimales",
        "decimal_max_digits": "est un nombre trop grand", "decimal_whole_digits": "est un nombre trop grand",
        "finite_number": "n'est pas un nombre", "decimal_parsing": "n'est pas un nombre",
        "decimal_type": "n'est pas un nombre", "int_parsing": "n'est pas un nombre entier",
        "int_type": "n'est pas un nombre entier", "literal_error": "doit être l'un de : {expected}",
        "string_too_short": "est vide", "string_too_long": "est trop long", "too_short": "est vide",
        "too_long": "compte trop d'éléments", "string_type": "doit être un texte",
        "list_type": "doit être une liste", "bool_parsing": "doit être vrai ou faux",
        "bool_type": "doit être vrai ou faux", "string_pattern_mismatch": "n'a pas la forme attendue",
        "date_parsing": "n'est pas une date (AAAA-MM-JJ)", "date_type": "n'est pas une date (AAAA-MM-JJ)",
        "date_from_datetime_parsing": "n'est pas une date (AAAA-MM-JJ)",
        "date_from_datetime_inexact": "n'est pas une date (AAAA-MM-JJ)",
    }  # fmt: skip
    parts = []
    for item in error.errors(include_url=False):
        name = ".".join(str(p) for p in item["loc"]) or "l'entrée"
        words_here = words.get(item["type"], "est incorrect").format(**item.get("ctx", {}))
        parts.append(f"« {name} » {words_here.replace(' or ', ' ou ')}")
    return "Paramètres refusés : " + " ; ".join(parts) + "."


def run_action(name: str, raw: dict[str, Any], ctx: Context, key: str) -> Result:
    """Runs an action once for `key`: the same key and input gives the first result again, the same key with
    another input is refused. Raises Refused with a French sentence; nothing is kept then."""
    spec = ACTIONS.get(name)
    if spec is None:
        raise Refused(f"Action inconnue : {name}. La liste est donnée par « guichet actions ».")
    if ctx.role not in ALLOWED[spec.role]:
        raise Refused(f"Votre profil ne permet pas l'action « {spec.label} ».")
    try:
        params = spec.params.model_validate(raw)
    except ValidationError as error:
        raise Refused(french_errors(error)) from error
    canonical = json.dumps([name, params.model_dump(mode="json")], sort_keys=True, ensure_ascii=False)
    input_hash = hashlib.sha256(canonical.encode()).hexdigest()
    if (first := ctx.journal.command_result(key, input_hash)) is not None:
        return Result.from_dict(first)
    ctx.key = key
    try:
        result = spec.function(params, ctx)
        result.simulated = params.simulate
        if params.simulate:
            if ctx._tx is not None:
                ctx._tx.rollback()
            return result
        tx = ctx.tx
        if (first := tx.command_result(key, input_hash)) is not None:  # someone was faster with the same key
            tx.rollback()
            return Result.from_dict(first)
        result.seq = tx.last_seq
        tx.remember_command(key, name, input_hash, result.as_dict())
        tx.commit()
        return result
    except BaseException:
        if ctx._tx is not None:
            ctx._tx.rollback()
        raise
    finally:
        ctx._tx = None
