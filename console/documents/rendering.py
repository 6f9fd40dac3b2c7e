"""Typst, held still: the same data gives the same bytes on every machine.

The template and the data are given to the compiler as two separate files in memory, so no value is ever read
as markup. Only the fonts inside the `typst` wheel are used (system fonts differ from one machine to another),
and the dates of the file are those of the document, not of the clock. See docs/decisions/documents-pdf.md.
"""

from __future__ import annotations

import io
import json
import threading
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, Literal

import pypdf
import typst

from console.documents.store import DocumentError
from console.paths import TEMPLATES

STANDARD: Literal["a-3b"] = (
    "a-3b"  # PDF/A-3b: kept readable for years, and may later carry a structured invoice
)
FONTS = ["Libertinus Serif", "New Computer Modern", "DejaVu Sans Mono"]  # those of the wheel, in this order
_MAIN = b'#import "invoice.typ": document-of\n#document-of(json("data.json"))\n'
_ONE_CHARACTER = (
    b'#let (text-of, fonts) = json("data.json")\n'
    b'#set document(title: "-", date: datetime(year: 2026, month: 1, day: 1))\n'
    b"#set text(font: fonts)\n#text-of\n"
)
_local = threading.local()


def _compiler() -> typst.Compiler:
    """One compiler per thread: it keeps its fonts and the parsed template between documents."""
    if not hasattr(_local, "compiler"):
        _local.compiler = typst.Compiler(ignore_system_fonts=True)
    return _local.compiler


def compile_invoices(
    views: list[dict[str, Any]], *, title: str, author: str, on: date, tags: bool = True
) -> bytes:
    """One PDF of the given views (see invoice_view.py), each from a fresh page with its own page numbers;
    `tags`: with the structure that screen readers follow.

    A character that no bundled font can draw (PDF/A forbids it) is printed as `□` rather than keeping the
    whole invoice back. Raises DocumentError when Typst refuses, with its first message for the log."""
    file = {
        "title": title,
        "author": author,
        "date": [on.year, on.month, on.day],
        "fonts": FONTS,
        "invoices": [{**view, "key": str(index)} for index, view in enumerate(views)],
    }
    text = json.dumps(file, ensure_ascii=False)
    files = {"main.typ": _MAIN, "invoice.typ": _template()}
    try:
        try:
            return _compile({**files, "data.json": text.encode()}, on, tags)
        except typst.TypstError:
            drawable = "".join(c if _drawable(c) else "□" for c in text)
            if drawable == text:
                raise
            return _compile({**files, "data.json": drawable.encode()}, on, tags)
    except typst.TypstError as error:
        raise DocumentError(f"La mise en page de « {title} » a échoué : {error.message}") from error


def join(parts: list[bytes], *, title: str, on: date) -> bytes:
    """The pages of several PDFs in one, in order; the same bytes for the same parts."""
    if len(parts) == 1:
        return parts[0]
    writer = pypdf.PdfWriter()
    for part in parts:
        writer.append(io.BytesIO(part))
    moment = f"D:{on.year:04}{on.month:02}{on.day:02}000000Z"
    writer.metadata = {"/Title": title, "/CreationDate": moment, "/ModDate": moment}
    target = io.BytesIO()
    writer.write(target)
    return target.getvalue()


def _compile(files: dict[str, bytes], on: date, tags: bool = True) -> bytes:
    moment = int(datetime(on.year, on.month, on.day, tzinfo=UTC).timestamp())
    inputs: Any = files  # the wheel takes a folder in memory, its type hints do not say so
    content = _compiler().compile(
        input=inputs, format="pdf", pdf_standards=[STANDARD], timestamp=moment, pdf_tags=tags
    )
    assert isinstance(content, bytes)
    return content


@cache
def _template() -> bytes:
    return (TEMPLATES / "invoice.typ").read_bytes()


@cache
def _drawable(character: str) -> bool:
    """Whether the bundled fonts draw this character: asked of Typst itself, once per character."""
    if character.isascii():
        return True
    files = {"main.typ": _ONE_CHARACTER, "data.json": json.dumps([character, FONTS]).encode()}
    try:
        _compile(files, date(2026, 1, 1))
    except typst.TypstError:
        return False
    return True
