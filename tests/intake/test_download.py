import pytest

from intake.api.download import disposition, safe_name

PDF = "application/pdf"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("receipt.pdf", "receipt.pdf"),
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("C:\\Users\\ada\\Beleg.PDF", "Beleg.PDF"),
        ("..", "attachment.pdf"),
        ("invoice.exe", "invoice.exe.pdf"),
        ("invoice\u202efdp.exe", "invoicefdp.exe.pdf"),
        ('a"b<c>.pdf', "a_b_c_.pdf"),
        ("без имени.pdf", "без имени.pdf"),
    ],
)
def test_the_name_to_save_under_is_safe_and_ends_as_its_type(name: str, expected: str) -> None:
    assert safe_name(name, PDF) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("receipt.pdf", "attachment; filename=\"receipt.pdf\"; filename*=UTF-8''receipt.pdf"),
        (
            "Prüfung 100%.pdf",
            "attachment; filename=\"Prufung 100_.pdf\"; filename*=UTF-8''Pr%C3%BCfung%20100%25.pdf",
        ),
        ("請求.pdf", "attachment; filename=\"attachment.pdf\"; filename*=UTF-8''%E8%AB%8B%E6%B1%82.pdf"),
    ],
)
def test_the_header_has_the_name_for_new_and_old_clients(name: str, expected: str) -> None:
    assert disposition(name) == expected
