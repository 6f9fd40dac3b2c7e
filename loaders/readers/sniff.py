"""What a file really is, before anything is read of it: one pass over its bytes tells its digest, its
encoding and whether it is text at all. An extension that lies is refused here."""

from __future__ import annotations

import codecs
import hashlib
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from loaders.errors import Refused

Format = Literal["csv", "json", "xlsx"]
EXTENSIONS: dict[str, Format] = {
    ".csv": "csv", ".txt": "csv", ".tsv": "csv", ".json": "json", ".ndjson": "json", ".jsonl": "json",
    ".xlsx": "xlsx", ".xlsm": "xlsx",
}  # fmt: skip
MAX_BYTES = 4 * 1024**3
MAX_UNZIPPED = 1024**3
_BLOCK = 1 << 20
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OTHERS = (
    (b"%PDF", "un PDF"), (b"\x89PNG", "une image"), (b"\xff\xd8\xff", "une image"), (b"GIF8", "une image"),
    (b"\x1f\x8b", "une archive compressée"), (b"Rar!", "une archive compressée"),
    (b"7z\xbc\xaf", "une archive compressée"), (b"PAR1", "un fichier Parquet"), (b"\x7fELF", "un programme"),
)  # fmt: skip
_NAMES = {"csv": "un fichier CSV", "json": "un fichier JSON", "xlsx": "un classeur Excel"}
_OBJECTS = re.compile(r"\s*(\[\s*(\{|\])|\{\s*[\"}])")
_MARKUP = re.compile(r"\s*<(\?xml|!doctype|html|table|!--|\w+[ >])", re.IGNORECASE)
_CONTROLS = bytes(set(range(32)) - {9, 10, 12, 13, 27})
# Signs that French files hold in ISO 8859-15 (€ Œ œ Ÿ) where CP1252 has ¤ ¼ ½ ¾.
_LATIN9_SIGNS = bytes((0xA4, 0xBC, 0xBD, 0xBE))
_UNDEFINED_CP1252 = bytes((0x81, 0x8D, 0x8F, 0x90, 0x9D))


@dataclass(frozen=True)
class Scan:
    sha256: str
    format: Format
    encoding: str = "utf-8"
    size: int = 0
    quotes: int = 0  # number of `"`; an odd one is a quote that nobody closes, or an inch
    ends_with_newline: bool = True


def recognised(path: Path) -> bool:
    """Is that the name of a file that loaders read? (for the files of a folder)"""
    return path.suffix.lower() in EXTENSIONS


def scan(path: Path, encoding: str | None = None) -> Scan:
    """One pass over the file. Raises Refused, with the reason, for what is not a table in a known format."""
    if not path.is_file():
        raise Refused("Le fichier est introuvable ou n'est pas un fichier ordinaire.")
    size = path.stat().st_size
    if size == 0:
        raise Refused("Le fichier est vide.")
    if size > MAX_BYTES:
        raise Refused("Le fichier dépasse 4 Go.")
    with path.open("rb") as stream:
        head = stream.read(65_536)
    declared = EXTENSIONS.get(path.suffix.lower())
    if path.suffix and declared is None and path.suffix.lower() != ".part":
        raise Refused(f"L'extension {path.suffix} n'est pas reconnue : CSV, XLSX, JSON ou NDJSON attendu.")
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        _check_workbook(path)
        actual: Format = "xlsx"
    else:
        _refuse_binary(head)
        actual = declared if declared and declared != "xlsx" else "csv"
    if declared and (declared == "xlsx") != (actual == "xlsx"):
        raise _lies(path, _NAMES[actual] if actual == "xlsx" else "du texte ou un fichier incomplet")
    if actual == "xlsx":
        return Scan(_digest(path), actual, size=size)
    return _scan_text(path, actual, declared, encoding, size)


def _lies(path: Path, content: str) -> Refused:
    return Refused(f"L'extension {path.suffix} ne correspond pas au contenu : c'est {content}.")


def _refuse_binary(head: bytes) -> None:
    if head.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in head:
            raise Refused("Le classeur est protégé par un mot de passe : enregistrez-le sans protection.")
        raise Refused(
            "Ancien format Excel (.xls) ou classeur protégé : enregistrez-le en .xlsx sans protection."
        )
    for magic, name in _OTHERS:
        if head.startswith(magic):
            raise Refused(f"Le fichier n'est pas un tableau : c'est {name}.")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise Refused("Le fichier est encodé en UTF-16 : enregistrez-le en CSV UTF-8.")
    if b"\x00" in head:
        raise Refused("Le fichier contient un octet nul : il est binaire ou abîmé.")
    if sum(head.count(bytes((control,))) for control in _CONTROLS) * 50 > len(head):
        raise Refused("Le fichier est binaire ou chiffré : un tableau en texte était attendu.")


def _check_workbook(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            names = {entry.filename for entry in entries}
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise Refused("Le classeur est tronqué ou abîmé : il ne peut pas être ouvert.") from error
    if any(entry.flag_bits & 0x1 for entry in entries):
        raise Refused("L'archive est chiffrée : enregistrez le fichier sans mot de passe.")
    if "xl/workbook.xml" not in names:
        raise Refused("C'est une archive ZIP, pas un classeur Excel : extrayez le fichier qu'elle contient.")
    if sum(entry.file_size for entry in entries) > MAX_UNZIPPED or len(entries) > 10_000:
        raise Refused("Le classeur décompressé serait trop volumineux (plus de 1 Go).")


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _scan_text(path: Path, actual: Format, declared: Format | None, encoding: str | None, size: int) -> Scan:
    digest = hashlib.sha256()
    utf8 = codecs.getincrementaldecoder("utf-8")()
    is_utf8, quotes, high, last = True, 0, set[int](), b""
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
            if b"\x00" in block:
                raise Refused("Le fichier contient un octet nul : il est binaire ou abîmé.")
            quotes += block.count(b'"')
            last = block[-1:]
            if is_utf8:
                try:
                    utf8.decode(block)
                except UnicodeDecodeError:
                    is_utf8 = False
            if not block.isascii():
                high.update(set(block))
    cut_short = is_utf8 and bool(utf8.getstate()[0])
    if encoding is None and cut_short and len(high) > 1 and size > 1:
        if _is_utf8_but_its_end(path):
            raise Refused("Le fichier est tronqué : son dernier caractère est incomplet.")
        is_utf8 = False
    chosen = _known(encoding) if encoding else _encoding(is_utf8, high)
    text = _beginning(path, chosen)
    if _MARKUP.match(text):
        raise Refused("Le fichier contient du HTML ou du XML : CSV, XLSX, JSON ou NDJSON attendu.")
    if actual == "csv" and _OBJECTS.match(text):
        if declared == "csv":
            raise _lies(path, _NAMES["json"])
        actual = "json"
    elif declared == "json" and not _OBJECTS.match(text):
        raise _lies(path, "autre chose que du JSON")
    return Scan(digest.hexdigest(), actual, chosen, size, quotes, last in (b"\n", b"\r"))


def _is_utf8_but_its_end(path: Path) -> bool:
    """Does the file hold whole multi-byte characters before the cut one? (a lone "é" of CP1252 does not)"""
    with path.open("rb") as stream:
        for line in stream:
            try:
                if not line.decode("utf-8").isascii():
                    return True
            except UnicodeDecodeError as error:
                return not line[: error.start].isascii()
    return False


def _encoding(is_utf8: bool, high: set[int]) -> str:
    if is_utf8:
        return "utf-8-sig"
    if high & set(_UNDEFINED_CP1252):
        raise Refused("L'encodage du fichier n'est pas reconnu : enregistrez-le en CSV UTF-8.")
    if not high & set(range(0x80, 0xA0)) and high & set(_LATIN9_SIGNS):
        return "iso8859-15"
    return "cp1252"


def _known(encoding: str) -> str:
    try:
        name = codecs.lookup(encoding).name
    except LookupError as error:
        raise Refused(f"Encodage inconnu : {encoding}.") from error
    return "utf-8-sig" if name == "utf-8" else name


def _beginning(path: Path, encoding: str) -> str:
    with path.open("r", encoding=encoding, errors="replace") as stream:
        return stream.read(4096)
