"""Addresses of payloads: what is one, what is none, and that both directions agree (DI-970)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dip.messages.identifiers import InterfaceId
from dip.publications.address import LONGEST_URI, AddressRefused, PayloadAddress, PublicAddress, checked_address

PUBLIC = PublicAddress("https://dip.example:8080")
CHANNEL = InterfaceId("IF-047")
WORDS = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9_-]|\.(?=[A-Za-z0-9]))*", fullmatch=True)


@given(name=WORDS, version=WORDS)
@pytest.mark.requirement("FS-36", "FS-37")
def test_an_address_is_read_as_it_was_written(name: str, version: str) -> None:
    try:
        address = checked_address(CHANNEL, name, version)
    except AddressRefused:
        assert (
            len(name) > 100
            or len(version) > 10
            or not name[-1].isalnum()
            or not version[-1].isalnum()
            or (version.lower() == "latest")
        )
        return
    uri = PUBLIC.uri(address)
    assert len(uri) <= LONGEST_URI
    assert PUBLIC.is_ours(uri)
    assert PUBLIC.read(uri) == address


@given(text=st.text(max_size=30))
@pytest.mark.requirement("FS-37")
def test_whatever_is_taken_as_a_name_is_safe_in_an_address_and_in_a_header(text: str) -> None:
    try:
        address = checked_address(CHANNEL, text, "1")
    except AddressRefused:
        return
    assert text.isascii()
    assert ".." not in text
    assert not set(text) & set("/\\%\"' \r\n;?#&<>:")
    assert address.file_name.isascii()


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a..b", "-a", "a.", "é", "a b", "a%2Fb", "a" * 101, "a\n"])
@pytest.mark.requirement("FS-37")
def test_what_is_no_name_is_refused_in_words(name: str) -> None:
    with pytest.raises(AddressRefused, match="name: expected 1 to 100 characters"):
        checked_address(CHANNEL, name, "1")


@pytest.mark.parametrize("version", ["latest", "Latest"])
def test_a_version_is_not_called_latest(version: str) -> None:
    with pytest.raises(AddressRefused, match="stands for the newest"):
        checked_address(CHANNEL, "isd.csv", version)


@pytest.mark.parametrize(
    ("uri", "is_ours"),
    [
        ("HTTPS://DIP.example:8080/publications/IF-047/a/1", True),
        ("https://dip.example:8080", True),
        ("https://dip.example/publications/IF-047/a/1", False),
        ("http://dip.example:8080/publications/IF-047/a/1", False),
        ("http:\\\\filestore.example\\folder\\filename.ZIP", False),
        ("https://dip.example:x/", False),
        ("ftp://[::1", False),
        ("isd.csv", False),
    ],
)
def test_only_an_address_of_the_portal_is_ours(uri: str, is_ours: bool) -> None:
    assert PUBLIC.is_ours(uri) is is_ours


@pytest.mark.parametrize("near", ["localhost", "127.0.0.1", "[::1]"])
def test_every_name_of_this_machine_is_the_same(near: str) -> None:
    assert PublicAddress("http://127.0.0.1:8080").is_ours(f"http://{near}:8080/publications/IF-047/a/1")


@pytest.mark.parametrize(
    "path",
    [
        "/publications/IF-047/a",
        "/publications/IF-047/a/1/",
        "/publications/IF-047/a/1?x=1",
        "/publications/IF-047/a/1#x",
        "/login",
        "/x/publications/IF-047/a/1",
        "/publications/IF-047/../1",
    ],
)
def test_an_address_of_the_portal_that_names_no_payload_is_refused(path: str) -> None:
    with pytest.raises(AddressRefused):
        PUBLIC.read(PUBLIC.base + path)


def test_a_portal_below_a_path_of_its_gateway_reads_its_own_addresses() -> None:
    public = PublicAddress("https://gateway.example/dip/")
    address = PayloadAddress(CHANNEL, "isd.csv", "1")
    assert public.uri(address) == "https://gateway.example/dip/publications/IF-047/isd.csv/1"
    assert public.read(public.uri(address)) == address


def test_an_address_too_long_for_a_message_is_refused_before_anything_is_uploaded() -> None:
    public = PublicAddress(f"https://{'a' * 60}.{'b' * 60}.example")
    with pytest.raises(AddressRefused, match="a message takes 225"):
        public.uri(checked_address(CHANNEL, "n" * 100, "1"))


@pytest.mark.parametrize(
    ("name", "file_name"), [("isd.csv.gz", "isd-1.2.csv.gz"), ("isd", "isd-1.2"), ("a.b-c.json", "a-1.2.b-c.json")]
)
def test_the_file_is_named_by_name_and_version(name: str, file_name: str) -> None:
    assert checked_address(CHANNEL, name, "1.2").file_name == file_name
