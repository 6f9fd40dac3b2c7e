"""Mail goes out once per sending, to one address, and nothing in it can add a header (spec 20)."""

from __future__ import annotations

import email
import email.policy
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from console.gateways.mail import Attachment, OutgoingMail, outbox_path, send
from console.settings import Settings

MAIL = OutgoingMail(
    to="jeanne@exemple.fr",
    subject="Facture F2026-000001 – été",
    text="Bonjour",
    html="<p>Bonjour</p>",
    message_id="facture.I1.job7@guichet.example",
    attachments=(Attachment("F2026-000001.pdf", b"%PDF-1.7 contenu"),),
    sender_name="Domicile, & Cie",
)


class FakeServer(socketserver.ThreadingTCPServer):
    """An SMTP server that answers as told: {command: reply}, `drop` closes the connection instead."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, replies: dict[str, str]) -> None:
        self.replies, self.received, self.commands = replies, [], []  # type: tuple[Any, list[bytes], list[str]]
        super().__init__(("127.0.0.1", 0), Session)

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class Session(socketserver.StreamRequestHandler):
    server: FakeServer

    def say(self, command: str, default: str) -> bool:
        reply = self.server.replies.get(command, default)
        if reply == "drop":
            return False
        self.wfile.write(reply.encode() + b"\r\n")
        return True

    def handle(self) -> None:
        if not self.say("connect", "220 prêt"):
            return
        while line := self.rfile.readline():
            command = line.split(b" ")[0].strip().decode().upper()
            self.server.commands.append(line.decode().strip())
            if command == "DATA":
                if not self.say("DATA", "354 allez-y"):
                    return
                if not self.server.replies.get("DATA", "354").startswith("354"):
                    continue
                lines = []
                while (part := self.rfile.readline()) not in (b".\r\n", b""):
                    lines.append(part)
                self.server.received.append(b"".join(lines))
                command = "END"
            if not self.say(command, "221 fin" if command == "QUIT" else "250 bien"):
                return
            if command == "QUIT":
                return


@contextmanager
def smtp(**replies: str) -> Iterator[FakeServer]:
    with FakeServer(replies) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def with_server(home: Path, server: FakeServer, **values: Any) -> Settings:
    return Settings(
        home=home, smtp_host="127.0.0.1", smtp_port=server.port, smtp_starttls=values.pop("starttls", False),
        **values,
    )  # fmt: skip


def parsed(content: bytes) -> Any:
    return email.message_from_bytes(content, policy=email.policy.default)


def test_without_a_server_the_message_is_a_file_written_once(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, as_of="2026-11-21T20:17:00")
    assert send(settings, MAIL).outcome == "ok"
    before = outbox_path(settings, MAIL.message_id).read_bytes()
    assert send(settings, MAIL).outcome == "ok"
    [file] = settings.paths.mail.iterdir()
    assert file.name == "facture.I1.job7_guichet.example.eml"
    assert file.read_bytes() == before
    message = parsed(before)
    assert message["Message-ID"] == "<facture.I1.job7@guichet.example>"
    assert message["From"].addresses[0].display_name == "Domicile, & Cie"
    assert message["To"] == "jeanne@exemple.fr"
    assert message["Subject"] == "Facture F2026-000001 – été"
    assert message["Date"] == "Sat, 21 Nov 2026 19:17:00 +0000"
    assert message.get_body(("plain",)).get_content().strip() == "Bonjour"
    [attachment] = message.iter_attachments()
    assert attachment.get_content() == b"%PDF-1.7 contenu"
    assert attachment.get_filename() == "F2026-000001.pdf"


def test_no_text_can_add_a_header(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    hostile = replace(
        MAIL, subject="Facture\r\nBcc: tous@exemple.fr\n\nCorps",
        sender_name="Agence\r\nBcc: autre@exemple.fr", attachments=(Attachment("f\r\nX-A: 1.pdf", b"x"),),
    )  # fmt: skip
    assert send(settings, hostile).outcome == "ok"
    message = parsed(outbox_path(settings, MAIL.message_id).read_bytes())
    assert message["Bcc"] is None and message["X-A"] is None
    assert message["Subject"] == "Facture Bcc: tous@exemple.fr Corps"


@pytest.mark.parametrize(
    "to",
    ["", "jeanne", "a@b", "a@exemple.fr, b@exemple.fr", "a@exemple.fr\r\nBcc: b@exemple.fr", "<a@exemple.fr>",
     "Jeanne <a@exemple.fr>", "a b@exemple.fr", "a@exemple..fr", "a@-exemple.fr", ".a@exemple.fr"],
)  # fmt: skip
def test_a_recipient_is_one_address(tmp_path: Path, to: str) -> None:
    result = send(Settings(home=tmp_path), replace(MAIL, to=to))
    assert (result.outcome, result.retry) == ("error", False)
    assert "n'est pas valable" in result.detail and "\n" not in result.detail
    assert not (tmp_path / "mail").exists()


def test_a_domain_with_accents_is_written_in_ascii(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    assert send(settings, replace(MAIL, to="a@société.fr")).outcome == "ok"
    assert parsed(outbox_path(settings, MAIL.message_id).read_bytes())["To"] == "a@xn--socit-esab.fr"


def test_a_message_id_cannot_leave_the_folder(tmp_path: Path) -> None:
    with pytest.raises(ValueError):
        send(Settings(home=tmp_path), replace(MAIL, message_id="../../x@y"))


def test_smtp_hands_over_the_message(tmp_path: Path) -> None:
    with smtp() as server:
        result = send(with_server(tmp_path, server), MAIL)
        assert (result.outcome, result.retry, result.code) == ("ok", False, 250)
        assert server.commands[1:3] == [
            "mail FROM:<facturation@guichet.example>", "rcpt TO:<jeanne@exemple.fr>"
        ]  # fmt: skip
        assert parsed(server.received[0])["Message-ID"] == "<facture.I1.job7@guichet.example>"
    assert not (tmp_path / "mail").exists()


@pytest.mark.parametrize(
    ("replies", "outcome", "retry", "said"),
    [
        ({"RCPT": "550 inconnu"}, "error", False, "refuse le destinataire jeanne@exemple.fr (550 inconnu)"),
        ({"RCPT": "451 plus tard"}, "error", True, "pour le moment"),
        ({"MAIL": "553 non"}, "error", False, "l'expéditeur"),
        ({"DATA": "554 non"}, "error", False, "refuse le message"),
        ({"END": "552 trop gros"}, "error", False, "refuse le message"),
        ({"END": "452 plein"}, "error", True, "pour le moment"),
        ({"connect": "drop"}, "error", True, "ne répond pas"),
        ({"RCPT": "drop"}, "error", True, "avant l'envoi"),
        ({"END": "drop"}, "unknown", True, "peut-être parti"),
    ],
)
def test_what_the_server_says_decides(
    tmp_path: Path, replies: dict[str, str], outcome: str, retry: bool, said: str
) -> None:
    with smtp(**replies) as server:
        result = send(with_server(tmp_path, server), MAIL)
    assert (result.outcome, result.retry) == (outcome, retry)
    assert said in result.detail


def test_nobody_listens(tmp_path: Path) -> None:
    with smtp() as server:
        settings = with_server(tmp_path, server)
    result = send(settings, MAIL)
    assert (result.outcome, result.retry) == ("error", True)


def test_nothing_is_sent_in_clear_when_encryption_is_asked(tmp_path: Path) -> None:
    with smtp() as server:
        result = send(
            with_server(tmp_path, server, starttls=True, smtp_user="u", smtp_password="secret"), MAIL
        )
        assert server.received == [] and not any("AUTH" in line.upper() for line in server.commands)
    assert (result.outcome, result.retry) == ("error", False)
    assert "chiffrée" in result.detail


def test_a_refused_sign_in_may_be_tried_again(tmp_path: Path) -> None:
    with smtp(EHLO="250-moi\r\n250 AUTH PLAIN", AUTH="535 non") as server:
        result = send(with_server(tmp_path, server, smtp_user="u", smtp_password="secret"), MAIL)
    assert (result.outcome, result.retry) == ("error", True)
    assert "mot de passe" in result.detail and "secret" not in result.detail
