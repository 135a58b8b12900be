"""What stands on disk and in the log shows no MPAN and nothing of a payload (5.2.2, 5.8.1, 8.1)."""

from pathlib import Path

import pytest
from aiohttp import web

from dip.client import Credentials
from tests.conftest import Serve
from tests.integration.delivery.conftest import SUPPLIER, Receive
from tests.integration.delivery.receiver import Incoming, entries, in_turn, taken
from tests.support.platform import changed, sample

MPAN = "2000056535971"
MARK = "ZQX-7319-WV"


def stored(directory: Path) -> bytes:
    """Every byte that the server keeps, the participants' own folders apart."""
    kept = [one for one in directory.rglob("*") if one.is_file() and "participants" not in one.parts]
    assert any(one.name == "dip.sqlite" for one in kept)
    return b"".join(one.read_bytes() for one in kept)


@pytest.mark.requirement("FS-08", "FS-45", "FS-65")
@pytest.mark.parametrize("profile", ["live", "spec"])
async def test_disk_and_log_hold_neither_mpan_nor_payload(
    serve: Serve, receive: Receive, tmp_path: Path, profile: str
) -> None:
    def refuse(incoming: Incoming) -> web.Response:
        return entries(incoming, code=400, refused=dict.fromkeys(incoming.transactions, "RCP1061 - No"))

    async with serve("marked", profile=profile) as platform:
        registration = await receive(platform, answering=in_turn(refuse, taken))
        supplier = await platform.listener(SUPPLIER, "statusmessage")
        client = await platform.client(SUPPLIER)
        message = changed(sample("if-031"), "CustomBlock.B071.contractReferenceDataService", MARK)
        assert message["payload"]["CommonBlock"]["M0"]["MPANCore"] == MPAN
        assert (await client.send("IF-031", [message])).all_accepted
        received = (await registration.called()).elements[0]
        assert MARK in str(plain_block(received, registration.credentials))
        await supplier.next(5)
        unroutable = changed(message, "CommonBlock.S1.senderUniqueReference", "S-IF-031-2300000001-SUP-20260321-x1")
        unroutable = changed(unroutable, "CommonBlock.M0.MPANCore", "1098765432108")
        bad = changed(sample("if-031"), "CommonBlock.M0.MPANCore", "1098765432107x")
        await client.send("IF-031", [unroutable])
        await client.send("IF-031", [bad])
        while_running = stored(tmp_path / "marked")
        log = platform.log.getvalue()
    afterwards = stored(tmp_path / "marked")
    for secret in (MPAN, MARK, "1098765432108", "1098765432107"):
        assert secret.encode() not in while_running
        assert secret.encode() not in afterwards
        assert secret not in log


def plain_block(element: dict[str, object], credentials: Credentials) -> object:
    """The CustomBlock of a received element, decrypted where it has to be."""
    return credentials.opened(element)["payload"]["CustomBlock"]
