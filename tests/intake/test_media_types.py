import pytest

from intake.domain.attached_file import ContentMismatch, NameInvalid, TypeNotAllowed, checked_name
from intake.domain.media_types import USUAL, type_of

ALL = frozenset(USUAL)
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@pytest.mark.parametrize(
    ("declared", "name", "head", "expected"),
    [
        ("image/png", "a.png", PNG, "image/png"),
        ("IMAGE/PNG; x=y", "a", PNG, "image/png"),
        ("image/jpg", "a.jpg", b"\xff\xd8\xff\xe0", "image/jpeg"),
        ("", "a.bin", PNG, "image/png"),
        ("application/octet-stream", "a.pdf", b"%PDF-1.7", "application/pdf"),
        ("application/octet-stream", "letter.DOCX", b"PK\x03\x04", DOCX),
        ("text/plain; charset=iso-8859-1", "a.txt", b"M\xfcller", "text/plain"),
        ("", "a.csv", b"a,b\n1,2\n", "text/csv"),
        ("", "notes", b"hello", "text/plain"),
    ],
)
def test_the_type_is_told_by_what_is_said_and_how_the_content_begins(
    declared: str, name: str, head: bytes, expected: str
) -> None:
    assert type_of(declared, name, head, ALL) == expected


@pytest.mark.parametrize(
    ("declared", "head"),
    [
        ("image/png", b"MZ\x90\x00"),
        ("application/pdf", b"<html><script>"),
        ("text/plain", b"MZ\x90\x00\x03"),
        ("video/mp4", b"\x00\x00\x00\x18ftypqt  "),
        ("image/webp", b"RIFF\x00\x00\x00\x00WAVE"),
    ],
)
def test_content_that_does_not_begin_as_its_type_is_refused(declared: str, head: bytes) -> None:
    with pytest.raises(ContentMismatch):
        type_of(declared, "a", head, ALL)


@pytest.mark.parametrize(
    ("declared", "head"),
    [
        ("text/html", b"<html>"),
        ("image/svg+xml", b"<svg>"),
        ("application/zip", b"PK\x03\x04"),
        ("application/octet-stream", b"\x7fELF\x02\x01"),
        ("application/octet-stream", b"PK\x03\x04"),
    ],
)
def test_a_type_that_is_not_allowed_or_cannot_be_told_is_refused(declared: str, head: bytes) -> None:
    with pytest.raises(TypeNotAllowed):
        type_of(declared, "a", head, ALL)


@pytest.mark.parametrize("name", ["", "   ", "a" * 256, "a\x00.txt", "a\nb.txt"])
def test_a_name_that_cannot_be_kept_is_refused(name: str) -> None:
    with pytest.raises(NameInvalid):
        checked_name(name)


def test_a_name_is_kept_as_data_whatever_path_it_pretends() -> None:
    assert checked_name("../../etc/passwd") == "../../etc/passwd"
