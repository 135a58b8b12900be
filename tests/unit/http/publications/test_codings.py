"""Who gets gzip, and what is worth it."""

import pytest

from dip.http.portal.publications.codings import is_text_like, takes_gzip

pytestmark = pytest.mark.requirement("FS-37")


@pytest.mark.parametrize(
    ("header", "takes"),
    [
        ("", False),
        ("gzip", True),
        ("GZIP", True),
        ("x-gzip", True),
        ("deflate, gzip;q=1.0, *;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip;q=0.000", False),
        ("gzip; q=0.001", True),
        ("*", True),
        ("*;q=0", False),
        ("gzip;q=0, *", False),
        ("identity", False),
        ("identity, gzip;q=0.5", False),
        ("identity;q=0.5, gzip;q=0.5", True),
        ("identity;q=0, gzip;q=0.1", True),
        ("br, deflate", False),
        ("gzip;q=much", False),
        ("gzip;q=2", False),
        (", ,;", False),
        ("gzip;level=9;q=0", False),
    ],
)
def test_gzip_is_for_who_wants_it_no_less_than_the_plain_form(header: str, takes: bool) -> None:
    assert takes_gzip(header) is takes


@pytest.mark.parametrize(
    ("media_type", "expected"),
    [
        ("text/csv", True),
        ("text/csv; header=present", True),
        ("application/JSON", True),
        ("application/x-ndjson", True),
        ("application/geo+json", True),
        ("image/svg+xml", True),
        ("application/octet-stream", False),
        ("application/zip", False),
        ("image/png", False),
        ("", False),
    ],
)
def test_text_is_worth_compressing(media_type: str, expected: bool) -> None:
    assert is_text_like(media_type) is expected
