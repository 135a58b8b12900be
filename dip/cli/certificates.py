"""`python run.py certificates`: issued, listed, renewed and revoked at a server that runs; keys made here (8.4)."""

import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import quote, urlencode

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from dip.cli.asking import HOME, Data, Portal, ask
from dip.cli.transcript import refusals_explained
from dip.ground.errors import SetupRefused
from dip.messages.identifiers import DIP
from dip.participants.files import SECRET, write_file
from dip.participants.folder import new_key
from dip.security.certificate_requests import signing_request
from dip.security.keys import PrivateKey, new_rsa_key, new_tls_key, to_pem
from dip.security.pki import CertificateUse

certificates_app = typer.Typer(no_args_is_help=True, help="Certificates of participants, and the DIP's own.")
_OWN: Final = "platform/certificates"
_OWN_USES: Final = (CertificateUse.TLS, CertificateUse.SIGNING)


class KeyKind(StrEnum):
    """What kind of key is made."""

    RSA = "rsa"
    P256 = "p256"


_Holder = Annotated[str, typer.Argument(metavar="DIP-ID", help="The participant.")]
_Kind = Annotated[
    KeyKind | None, typer.Option("--key", help="The kind of key that is made here; by default p256 for tls, else rsa.")
]


@certificates_app.command("issue")
def issue(
    holder: _Holder,
    use: Annotated[CertificateUse, typer.Option("--use", help="What the certificate is for.")],
    *,
    csr: Annotated[Path | None, typer.Option("--csr", help="A signing request (PKCS#10, PEM).")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="A folder for the certificate; without --csr its key is made here too.")
    ] = None,
    kind: _Kind = None,
    data: Data = HOME,
    portal: Portal = None,
) -> None:
    """Issue a further certificate; the earlier ones go on.

    With --csr for a key that you have. With --out alone the key is made here, and never leaves this machine. With
    neither, the server makes the key and puts it into the participant's folder. Ends with 0 when it is issued, 1 when
    the server refused, 2 when it could not be asked or something here is missing.
    """
    key: PrivateKey | None = None
    with refusals_explained():
        if csr is not None:
            request: str | None = _read(csr)
        elif out is not None and use is not CertificateUse.DIP_ENCRYPTION:
            key = _new_key(use, kind)
            request = signing_request(key, holder).decode("ascii")
        else:
            request = None
        if out is not None:
            # Before anything is issued that could then not be written down.
            _make_folder(out)
            if key is not None:
                _check_free(out / f"{use.value}.key")
    made = ask("POST", f"{_of(holder)}", data, portal, {"use": use.value, "csr": request})
    with refusals_explained():
        if out is not None:
            if key is not None:
                _write(out / f"{use.value}.key", to_pem(key), SECRET)
            _write(out / f"{use.value}.pem", made["pem"].encode("ascii"))
    _show([made])


@certificates_app.command("renew")
def renew(
    holder: Annotated[str | None, typer.Argument(metavar="[DIP-ID]", help="The participant.")] = None,
    *,
    use: Annotated[CertificateUse | None, typer.Option("--use", help="Only this use; by default every one.")] = None,
    everybody: Annotated[bool, typer.Option("--all", help="Those of every participant.")] = False,
    own: Annotated[bool, typer.Option("--own", help="The DIP's own.")] = False,
    data: Data = HOME,
    portal: Portal = None,
) -> None:
    """Follow certificates by further ones, of a participant, of every participant, or the DIP's own; messages go on.

    Where the DIP made a key it makes a new one; a key that the participant brought is certified again.
    """
    if [holder is not None, everybody, own].count(True) != 1:
        sys.stderr.write("Name a participant, or give --all, or --own.\n")
        raise typer.Exit(2)
    made: list[dict[str, Any]] = []
    if own:
        uses = _OWN_USES if use is None else (use,)
        made += [ask("POST", _OWN, data, portal, {"use": one.value}) for one in uses]
    else:
        order = {"use": None if use is None else use.value}
        for one in _everybody(data, portal) if holder is None else [holder]:
            made += ask("POST", f"{_of(one)}/renew", data, portal, order)["items"]
    _show(made)


@certificates_app.command("revoke")
def revoke(
    holder: Annotated[str, typer.Argument(metavar="DIP-ID", help=f"The participant; {DIP} for the DIP's own.")],
    fingerprint: Annotated[str, typer.Argument(metavar="FINGERPRINT", help="SHA-256, hexadecimal; `list` shows it.")],
    *,
    data: Data = HOME,
    portal: Portal = None,
) -> None:
    """Revoke a certificate: the next call and the next signature with it are refused."""
    place = _OWN if holder == DIP else _of(holder)
    _show([ask("DELETE", f"{place}/{quote(fingerprint, safe='')}", data, portal)])


@certificates_app.command("list")
def listed(
    holder: Annotated[str | None, typer.Argument(metavar="[DIP-ID]", help="A participant; by default all.")] = None,
    *,
    state: Annotated[
        str, typer.Option("--state", help="'in force', current, 'expires soon', overlapping, expired, revoked, drill.")
    ] = "",
    use: Annotated[CertificateUse | None, typer.Option("--use", help="Only this use.")] = None,
    own: Annotated[bool, typer.Option("--own", help="The DIP's own.")] = False,
    data: Data = HOME,
    portal: Portal = None,
) -> None:
    """List certificates, those that end first at the head: a table, or a JSON object a line in a pipe."""
    if own:
        _show(ask("GET", _OWN, data, portal)["items"])
        return
    wanted = {"state": state, "use": "" if use is None else use.value, "holder": holder or ""}
    found: list[dict[str, Any]] = []
    following: dict[str, str] = {}
    while True:
        page = ask("GET", f"certificates?{urlencode({**wanted, **following})}", data, portal)
        found += page["items"]
        if page["next"] is None:
            break
        following = {"next": page["next"]}
    _show(found)


@certificates_app.command("request")
def request(
    name: Annotated[str, typer.Argument(metavar="DIP-ID", help="Whose key it is; it stands in the request.")],
    use: Annotated[CertificateUse, typer.Option("--use", help="What the certificate is to be for.")],
    *,
    out: Annotated[Path, typer.Option("--out", help="The folder for key and request.")],
    kind: _Kind = None,
) -> None:
    """Make a key and a signing request on this machine: <use>.key and <use>.csr. Asks no server."""
    with refusals_explained():
        if use is CertificateUse.DIP_ENCRYPTION:
            raise SetupRefused("The key of dip-encryption is made by the DIP, which alone holds it.")
        key = _new_key(use, kind)
        _make_folder(out)
        files = {out / f"{use.value}.key": to_pem(key), out / f"{use.value}.csr": signing_request(key, name)}
        for path in files:
            _check_free(path)
        for path, content in files.items():
            _write(path, content, SECRET if path.suffix == ".key" else 0o644)
    if sys.stdout.isatty():
        Console().print(escape(" and ".join(str(path) for path in files)) + " are made.")
    else:
        sys.stdout.write(msgspec.json.encode({path.suffix[1:]: str(path) for path in files}).decode() + "\n")


def _of(holder: str) -> str:
    return f"participants/{quote(holder, safe='')}/certificates"


def _everybody(data: Path, portal: str | None) -> list[str]:
    """Who takes part, without the DIP itself."""
    found = ask("GET", "participants", data, portal)["items"]
    return [one["dipId"] for one in found if one["dipId"] != DIP and one.get("leftAt") is None]


def _show(certificates: Sequence[dict[str, Any]]) -> None:
    if not sys.stdout.isatty():
        for one in certificates:
            sys.stdout.write(msgspec.json.encode(one).decode() + "\n")
        return
    table = Table("holder", "use", "state", "key", "until", "fingerprint", box=None)
    for one in certificates:
        cells = (one["holder"], one["use"], one["state"], one["key"], one["notAfter"][:19], one["fingerprint"])
        table.add_row(*(escape(str(cell)) for cell in cells))
    Console().print(table)


def _new_key(use: CertificateUse, kind: KeyKind | None) -> PrivateKey:
    if kind is None:
        return new_key(use)
    return new_rsa_key() if kind is KeyKind.RSA else new_tls_key()


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as exc:
        raise SetupRefused(f"{path} can't be read ({type(exc).__name__}).") from exc


def _check_free(path: Path) -> None:
    """Raise SetupRefused where a key would be lost."""
    if path.exists():
        raise SetupRefused(f"{path} is there already; give --out another folder.")


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise SetupRefused(f"{folder} can't be made ({exc.strerror}).") from exc


def _write(path: Path, content: bytes, mode: int = 0o644) -> None:
    try:
        write_file(path, content, mode)
    except OSError as exc:
        raise SetupRefused(f"{path} can't be written ({exc.strerror}).") from exc
