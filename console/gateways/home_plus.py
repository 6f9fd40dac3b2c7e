"""Home+ (URSSAF, avance immédiate): what is asked, and each answer taken apart invoice by invoice. Spec 30.

An HTTP 200 may hold rejected items, a 400 may come without a body, a number may be answered twice: what
counts is what is known of each invoice. Amounts are text with two decimals, days `YYYY-MM-DD`.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Literal
from zoneinfo import ZoneInfo

import httpx

from console.gateways.http import Exchange, OAuthClient
from console.settings import Settings

BASE_PATH = "/atp/v1/tiersPrestations"
TOKEN_PATH = "/api/oauth/v1/token"
SCOPE = "homeplus.tiersprestations"
BATCH = 10  # requests in one call, criteria in one search
NOTHING_FOUND = "ERR_RECHERCHE_VIDE"
DUPLICATE = "ERR_FACTURE_DOUBLON"


class NotConfigured(Exception):
    """The address or the credentials of Home+ are missing (French sentence)."""


@dataclass(frozen=True)
class Item:
    """What one exchange says of one invoice: an entry of `responses.items` (docs/architecture.md)."""

    subject: str
    outcome: Literal["ok", "error", "unknown"]
    status_code: str | None = None
    status_label: str | None = None
    request_id: str | None = None
    error_code: str | None = None
    message: str | None = None
    client_ref: str | None = None
    amount: str | None = None
    transfer_amount: str | None = None
    transfer_date: str | None = None
    rejection_code: str | None = None
    rejection_comment: str | None = None

    def as_dict(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class Answer:
    """An exchange and what it says of each invoice asked about. `refused`: the whole call was refused."""

    exchange: Exchange
    operation: Literal["request", "search", "poll"]
    items: dict[str, Item] = field(default_factory=dict)
    refused: bool = False

    @property
    def usable(self) -> bool:
        """Whether the payer answered and its answer can be read."""
        return self.exchange.fate == "answered" and self.exchange.error_code is None


@dataclass(frozen=True)
class ClientState:
    """What Home+ says of a client's account; `found` False when it does not know the client."""

    exchange: Exchange
    found: bool
    status_code: str | None = None
    status_label: str | None = None
    activated_on: str | None = None


class HomePlus:
    """The payer's API. One instance per thread; it keeps its token."""

    def __init__(self, settings: Settings, transport: httpx.BaseTransport | None = None):
        url = settings.home_plus_url.rstrip("/")
        secret = settings.home_plus_client_secret.get_secret_value()
        if not (url and settings.home_plus_client_id and secret):
            raise NotConfigured(
                "L'accès à HOME+ n'est pas configuré : adresse, identifiant et secret sont nécessaires."
            )
        self._zone = settings.zone
        self._http = OAuthClient(
            url, settings.home_plus_token_url or url + TOKEN_PATH, settings.home_plus_client_id, secret,
            SCOPE, settings.home_plus_timeout, transport,
        )  # fmt: skip

    def close(self) -> None:
        self._http.close()

    def request(self, bodies: dict[str, str]) -> Answer:
        """Sends payment requests: invoice number → JSON text of the request, at most ten."""
        _at_most_ten(bodies)
        text = "[" + ",".join(bodies.values()) + "]"
        exchange = self._http.call("POST", f"{BASE_PATH}/demandePaiement", text)
        return read_request(exchange, list(bodies))

    def search(self, numbers: Iterable[str], operation: Literal["search", "poll"] = "search") -> Answer:
        """Asks for the requests of these invoice numbers (at most ten). A number that is absent from the
        items of a usable answer is unknown to the payer."""
        asked = list(numbers)
        _at_most_ten(asked)
        return self._search({"numFactureTiers": asked}, operation)

    def search_ids(self, request_ids: Iterable[str]) -> Answer:
        """Asks for requests by the payer's own identifiers, at most ten."""
        asked = list(request_ids)
        _at_most_ten(asked)
        return self._search({"idDemandePaiements": asked}, "search")

    def search_dates(self, first: str, last: str) -> Answer:
        """Asks for the requests whose invoice date is between two days (`YYYY-MM-DD`), inclusive."""
        return self._search({"dateDebut": f"{first}T00:00:00Z", "dateFin": f"{last}T00:00:00Z"}, "search")

    def client_state(self, home_plus_id: str) -> ClientState:
        """The account of one client, by its Home+ identifier."""
        exchange = self._http.call("GET", f"{BASE_PATH}/particulier", params={"idClient": home_plus_id})
        try:
            content = exchange.json() if exchange.fate == "answered" and exchange.error_code is None else None
        except ValueError:
            content = None
        if not isinstance(content, dict) or not content.get("idClient"):
            return ClientState(exchange, found=False)
        status = _mapping(content.get("statut"))
        return ClientState(
            exchange, True, _text(status.get("code")), _text(status.get("libelle")),
            _day(content.get("dateActivation"), self._zone),
        )  # fmt: skip

    def _search(self, criteria: dict[str, Any], operation: Literal["search", "poll"]) -> Answer:
        text = json.dumps(criteria, ensure_ascii=False)
        exchange = self._http.call("POST", f"{BASE_PATH}/demandePaiement/rechercher", text)
        return read_search(exchange, operation, self._zone)


_local = threading.local()


def gateway(settings: Settings) -> HomePlus:
    """This thread's gateway for these settings, so that a token serves many jobs. Raises NotConfigured."""
    key = (
        settings.home_plus_url, settings.home_plus_token_url, settings.home_plus_client_id,
        settings.home_plus_client_secret.get_secret_value(), settings.home_plus_timeout, settings.timezone,
    )  # fmt: skip
    if getattr(_local, "key", None) != key:
        _local.gateway = HomePlus(settings)
        _local.key = key
    return _local.gateway


def read_request(exchange: Exchange, asked: list[str]) -> Answer:
    """Takes the answer to a POST apart: accepted, rejected, or nothing said (`unknown`), for each invoice."""
    if exchange.fate != "answered":
        outcome: Literal["unknown", "error"] = "unknown" if exchange.fate == "unknown" else "error"
        return _same_for_all(exchange, asked, outcome, exchange.error_code)
    content = _content(exchange)
    if exchange.status == 400:
        code, message = first_error(content if isinstance(content, list) else None)
        return _same_for_all(exchange, asked, "error", code or "HTTP_400", message, refused=True)
    if exchange.error_code is not None:  # a 5xx may come from something in front of a payer that did act
        server = (exchange.status or 0) >= 500
        return _same_for_all(exchange, asked, "unknown" if server else "error", exchange.error_code)
    if not isinstance(content, list):
        broken = replace(exchange, error_code="REPONSE_INCOMPREHENSIBLE")
        return _same_for_all(broken, asked, "unknown", "REPONSE_INCOMPREHENSIBLE")
    items: dict[str, Item] = {}
    for entry, number in _by_number(content, asked):
        item = _request_item(entry, number)
        if number not in items or items[number].outcome != "ok":  # accepted once is accepted
            items[number] = item
    for number in asked:
        items.setdefault(number, Item(number, "unknown", error_code="REPONSE_INCOMPLETE"))
    return Answer(exchange, "request", items)


def read_search(exchange: Exchange, operation: Literal["search", "poll"], zone: ZoneInfo) -> Answer:
    """Takes the answer to a search apart, by invoice number. "Nothing found" is an answer, not an error."""
    content = _content(exchange)
    if exchange.status == 400 and isinstance(content, list):
        code, _ = first_error(content)
        if code == NOTHING_FOUND:
            return Answer(replace(exchange, error_code=None), operation)
    if exchange.fate != "answered" or exchange.error_code is not None:
        return Answer(exchange, operation)
    if not isinstance(content, dict):
        return Answer(replace(exchange, error_code="REPONSE_INCOMPREHENSIBLE"), operation)
    items: dict[str, Item] = {}
    for info in content.get("infoDemandePaiements") or []:
        item = _info_item(_mapping(info), zone)
        if item.subject:
            items[item.subject] = item
    code, _ = first_error(content.get("errors") if isinstance(content.get("errors"), list) else None)
    if code not in (None, NOTHING_FOUND) and not items:
        return Answer(replace(exchange, error_code=code), operation)
    return Answer(exchange, operation, items)


def first_error(errors: list[Any] | None) -> tuple[str | None, str | None]:
    """Code of the first error and a sentence with all of them (array of {code, message, description})."""
    codes: list[str] = []
    sentences: list[str] = []
    for error in errors or []:
        entry = _mapping(error)
        code = _text(entry.get("code"))
        if code:
            codes.append(code)
        said = _text(entry.get("description")) or _text(entry.get("message"))
        if said or code:
            sentences.append(" : ".join(part for part in (code, said) if part))
    return (codes[0] if codes else None), (" ; ".join(sentences) or None)


def same_request(item: Item, home_plus_id: str | None, amount: str) -> bool:
    """Whether what the payer has is what we meant to send: same client, same amount (spec 30, "Sending")."""
    return item.client_ref == home_plus_id and item.amount == money(amount)


def money(value: Any) -> str | None:
    """A number of the payer as text with two decimals; None when it is no amount (three decimals, text…)."""
    if value is None or isinstance(value, bool):
        return None
    try:
        amount = Decimal(str(value))
        cents = amount.quantize(Decimal("0.01"))
    except InvalidOperation:
        return None
    return str(cents) if cents == amount else None


def without_echo(text: str) -> str:
    """The body of a search to keep: the payer repeats every line we sent it, and the journal has them."""
    try:
        content = json.loads(text, parse_float=_Number, parse_int=_Number)
    except ValueError:
        return text
    if not isinstance(content, dict):
        return text
    for info in content.get("infoDemandePaiements") or []:
        repeated = _mapping(_mapping(info).get("demandePaiement"))
        if repeated.get("inputPrestations"):
            repeated["inputPrestations"] = []
    return _dump(content)


class _Number(str):
    """A number of a JSON text, kept as it was written."""


def _dump(value: Any) -> str:
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, dict):
        return (
            "{" + ",".join(f"{json.dumps(k, ensure_ascii=False)}:{_dump(v)}" for k, v in value.items()) + "}"
        )
    if isinstance(value, list):
        return "[" + ",".join(_dump(entry) for entry in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def _content(exchange: Exchange) -> Any:
    try:
        return exchange.json()
    except (ValueError, RecursionError):
        return None


def _same_for_all(
    exchange: Exchange, asked: list[str], outcome: Literal["error", "unknown"], code: str | None,
    message: str | None = None, refused: bool = False,
) -> Answer:  # fmt: skip
    items = {number: Item(number, outcome, error_code=code, message=message) for number in asked}
    return Answer(exchange, "request", items, refused)


def _by_number(content: list[Any], asked: list[str]) -> Iterable[tuple[dict[str, Any], str]]:
    """Entries with the invoice they speak of: by number, or by place where the answer names none."""
    for place, raw in enumerate(content):
        entry = _mapping(raw)
        number = _text(entry.get("numFactureTiers"))
        if number is None and len(content) == len(asked):
            number = asked[place]
        if number in asked:
            yield entry, number


def _request_item(entry: dict[str, Any], number: str) -> Item:
    errors = entry.get("errors") if isinstance(entry.get("errors"), list) else None
    code, message = first_error(errors)
    request_id, status = _text(entry.get("idDemandePaiement")), _text(entry.get("statut"))
    client = _text(entry.get("idClient"))
    if request_id:
        return Item(number, "ok", status, request_id=request_id, message=message, client_ref=client)
    return Item(
        number, "error", status, error_code=code or "ERREUR_INCONNUE", message=message, client_ref=client
    )


def _info_item(info: dict[str, Any], zone: ZoneInfo) -> Item:
    request, status = _mapping(info.get("demandePaiement")), _mapping(info.get("statut"))
    transfer, rejection = _mapping(info.get("infoVirement")), _mapping(info.get("infoRejet"))
    return Item(
        subject=_text(request.get("numFactureTiers")) or "",
        outcome="ok",
        status_code=_text(status.get("code")),
        status_label=_text(status.get("libelle")),
        request_id=_text(info.get("idDemandePaiement")),
        client_ref=_text(request.get("idClient")),
        amount=money(request.get("mntFactureTTC")),
        transfer_amount=money(transfer.get("mntVirement")),
        transfer_date=_day(transfer.get("dateVirement"), zone),
        rejection_code=_text(rejection.get("code")),
        rejection_comment=_text(rejection.get("commentaire")),
    )


def _day(value: Any, zone: ZoneInfo) -> str | None:
    """Midnight UTC is how the contract writes a day; any other moment is a day of the agency's zone."""
    text = _text(value)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is not None and moment.utctimetuple()[3:6] != (0, 0, 0):
        moment = moment.astimezone(zone)
    return moment.date().isoformat()


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, (dict, list)):
        return None
    return str(value).strip() or None


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _at_most_ten(things: Any) -> None:
    if not 1 <= len(things) <= BATCH:
        raise ValueError(f"between 1 and {BATCH} at a time, not {len(things)}")
