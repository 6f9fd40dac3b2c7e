"""Mail out: SMTP when a server is set, else a file `$GUICHET_HOME/mail/<message id>.eml` (spec 20).

The Message-ID is the caller's and stays the same when a job starts again, so that a message sent twice is
seen as one by those who compare it, and written once here. Nothing of a message can add a header: addresses
are checked, other header texts are put on one line.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from pathlib import Path
from typing import Literal

from console.documents.store import write_atomically
from console.settings import Settings

TIMEOUT_SECONDS = 30.0
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(r"(?=.{1,253}$)([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9-]{2,63}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


@dataclass(frozen=True)
class Attachment:
    name: str
    content: bytes
    media_type: str = "application/pdf"


@dataclass(frozen=True)
class OutgoingMail:
    """`message_id`: stable for one sending, without angle brackets (`facture.I12.job34@agence.fr`)."""

    to: str
    subject: str
    text: str
    message_id: str
    html: str = ""
    attachments: tuple[Attachment, ...] = ()
    sender_name: str = ""
    reply_to: str = ""


@dataclass(frozen=True)
class MailResult:
    """`ok`: handed over; `error`: certainly not sent; `unknown`: the server fell silent after the message had
    left. `retry`: trying again may help. `detail`: one French sentence."""

    outcome: Literal["ok", "error", "unknown"]
    detail: str
    retry: bool = False
    code: int | None = field(default=None)  # SMTP reply, when there was one


class InvalidAddress(ValueError):
    """The text is not one e-mail address."""


def address(text: str) -> str:
    """One plain address, its domain in ASCII. Raises InvalidAddress: lists, names, spaces, line breaks."""
    local, at, domain = text.strip().rpartition("@")
    try:
        domain = domain.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise InvalidAddress(text) from error
    if not at or len(local) > 64 or not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(domain):
        raise InvalidAddress(text)
    return f"{local}@{domain}"


def one_line(text: str) -> str:
    """Text fit for a header: control characters and line breaks become spaces."""
    return " ".join(_CONTROL.sub(" ", text).split())


def build(settings: Settings, message: OutgoingMail) -> EmailMessage:
    """The message as it leaves. Raises InvalidAddress, ValueError for a Message-ID that is not one."""
    identifier = message.message_id
    if not re.fullmatch(r"[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+", identifier):
        raise ValueError(f"not a message id: {identifier!r}")
    mail = EmailMessage(policy=SMTP)
    mail["From"] = formataddr((one_line(message.sender_name), address(settings.mail_from)))
    mail["To"] = address(message.to)
    if message.reply_to:
        mail["Reply-To"] = address(message.reply_to)
    mail["Subject"] = one_line(message.subject)
    mail["Date"] = format_datetime(settings.now().replace(microsecond=0))
    mail["Message-ID"] = f"<{identifier}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.text)
    if message.html:
        mail.add_alternative(message.html, subtype="html")
    for part in message.attachments:
        main, _, sub = part.media_type.partition("/")
        mail.add_attachment(part.content, maintype=main, subtype=sub, filename=one_line(part.name))
    return mail


def send(settings: Settings, message: OutgoingMail) -> MailResult:
    """Sends one message to one recipient; never raises for what the outside does.

    A refused recipient or message is final; a server that cannot be reached, that refuses the sign-in or that
    asks to come back later is worth another try."""
    try:
        mail = build(settings, message)
    except InvalidAddress as error:
        return MailResult("error", f"L'adresse e-mail « {one_line(str(error))} » n'est pas valable.")
    if not settings.smtp_host:
        return _write(settings, message, mail)
    return _deliver(settings, mail)


def outbox_path(settings: Settings, message_id: str) -> Path:
    """Where the message is written when there is no SMTP server."""
    return settings.paths.mail / (re.sub(r"[^A-Za-z0-9._-]", "_", message_id) + ".eml")


def _write(settings: Settings, message: OutgoingMail, mail: EmailMessage) -> MailResult:
    target = outbox_path(settings, message.message_id)
    said = f"Message écrit dans le dossier d'envoi ({target.name}) : aucun serveur de messagerie n'est réglé."
    if target.exists():
        return MailResult("ok", said)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(target, mail.as_bytes())
    except OSError as error:
        reason = error.strerror or "disque"
        return MailResult("error", f"Le message n'a pas pu être écrit ({reason}).", retry=True)
    return MailResult("ok", said)


def _deliver(settings: Settings, mail: EmailMessage) -> MailResult:
    try:
        server = _connect(settings)
    except smtplib.SMTPNotSupportedError:
        return MailResult(
            "error",
            "Le serveur de messagerie ne propose pas la connexion chiffrée ou l'identification demandée.",
        )
    except smtplib.SMTPAuthenticationError as error:
        return MailResult(
            "error",
            "Le serveur de messagerie refuse l'identifiant ou le mot de passe.",
            True,
            error.smtp_code,
        )
    except ssl.SSLError:
        return MailResult("error", "Le certificat du serveur de messagerie n'est pas accepté.", retry=True)
    except (OSError, smtplib.SMTPException):
        return MailResult("error", "Le serveur de messagerie ne répond pas.", retry=True)
    try:
        return _hand_over(server, mail)
    finally:
        _quit(server)


def _connect(settings: Settings) -> smtplib.SMTP:
    """Connected, encrypted when asked, signed in. Port 465 is encrypted from the first byte."""
    context = ssl.create_default_context()
    host, port = settings.smtp_host, settings.smtp_port
    server: smtplib.SMTP
    if port == 465:
        server = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_SECONDS, context=context)
    else:
        server = smtplib.SMTP(host, port, timeout=TIMEOUT_SECONDS)
    try:
        server.ehlo_or_helo_if_needed()
        if settings.smtp_starttls and port != 465:
            server.starttls(context=context)
            server.ehlo()
        if settings.smtp_user:
            server.login(settings.smtp_user, settings.smtp_password.get_secret_value())
    except BaseException:
        server.close()
        raise
    return server


def _hand_over(server: smtplib.SMTP, mail: EmailMessage) -> MailResult:
    recipient = address(str(mail["To"]))
    sender = address(mail["From"].addresses[0].addr_spec)
    try:
        code, reply = server.mail(sender)
        if code == 250:
            code, reply = server.rcpt(recipient)
            if code not in (250, 251):
                return _refused(f"le destinataire {recipient}", code, reply)
        else:
            return _refused(f"l'expéditeur {sender}", code, reply)
    except (OSError, smtplib.SMTPException):
        return MailResult("error", "Le serveur de messagerie a coupé la connexion avant l'envoi.", retry=True)
    try:
        code, reply = server.data(mail.as_bytes())
    except smtplib.SMTPDataError as error:  # refused before the message itself
        return _refused("le message", error.smtp_code, error.smtp_error)
    except (OSError, smtplib.SMTPException):
        return MailResult(
            "unknown",
            "Le serveur de messagerie n'a pas confirmé l'envoi : le message est peut-être parti.",
            True,
        )
    if code != 250:
        return _refused("le message", code, reply)
    return MailResult("ok", f"Message remis au serveur de messagerie pour {recipient}.", code=code)


def _refused(what: str, code: int, reply: bytes | str) -> MailResult:
    """4xx: come back later; anything else: no."""
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    later = 400 <= code < 500
    verb = "refuse pour le moment" if later else "refuse"
    return MailResult(
        "error", f"Le serveur de messagerie {verb} {what} ({code} {one_line(text)[:200]}).", later, code
    )


def _quit(server: smtplib.SMTP) -> None:
    try:
        server.quit()
    except (OSError, smtplib.SMTPException):
        server.close()
