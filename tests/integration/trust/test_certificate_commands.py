"""`authorities` and `certificate-drills` from the command line; what TLS alone can say; production."""

import json
import ssl
import stat
from pathlib import Path

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from dip.participants.presented import Drill
from tests.conftest import Serve
from tests.integration.duties.desk import desk
from tests.integration.trust.presenting import SUPPLIER, OutsideAuthority, call
from tests.support.platform import platform
from tests.support.process import finished


@pytest.mark.requirement("FS-68")
async def test_authorities_are_added_listed_and_removed_from_the_command_line(serve: Serve, tmp_path: Path) -> None:
    file = tmp_path / "root.pem"
    file.write_text(OutsideAuthority().pem)
    async with serve() as running:
        data = ("--data", running.dip.directory)
        added = await finished("authorities", "add", file, "--name", "Faster", *data)
        assert added.code == 0, added.stderr
        fingerprint = json.loads(added.stdout)["fingerprint"]
        listed = await finished("authorities", "list", *data)
        assert [json.loads(line)["name"] for line in listed.stdout.splitlines()] == ["Faster"]
        twice = await finished("authorities", "add", file, *data)
        assert (twice.code, "is known already" in twice.stderr) == (1, True)
        assert (await finished("authorities", "add", tmp_path / "nothing.pem", *data)).code == 2
        removed = await finished("authorities", "remove", fingerprint, *data)
        assert json.loads(removed.stdout)["removedAt"] is not None
        assert (await finished("authorities", "list", *data)).stdout == ""
    assert (await finished("authorities", "list", *data)).code == 2


@pytest.mark.requirement("FS-68")
async def test_a_drills_certificates_are_put_into_a_folder(serve: Serve, tmp_path: Path) -> None:
    async with serve() as running:
        out = tmp_path / "mine"
        made = await finished("certificate-drills", SUPPLIER, "--out", out, "--data", running.dip.directory)
        assert made.code == 0, made.stderr
        assert {json.loads(line)["kind"] for line in made.stdout.splitlines()} == set(Drill)
        for line in made.stdout.splitlines():
            file = out / json.loads(line)["file"]
            assert file.read_text().startswith("-----BEGIN CERTIFICATE-----")
            assert stat.S_IMODE(file.with_suffix(".key").stat().st_mode) == 0o600
        nobody = await finished("certificate-drills", "1", "--data", running.dip.directory)
        assert (nobody.code, "No participant" in nobody.stderr) == (1, True)


@pytest.mark.requirement("FS-66")
async def test_a_certificate_whose_usage_forbids_tls_ends_with_an_alert(serve: Serve, tmp_path: Path) -> None:
    outside = OutsideAuthority()
    server_only = outside.write(tmp_path / "tls.pem", SUPPLIER, purposes=(ExtendedKeyUsageOID.SERVER_AUTH,))
    async with serve(profile="live") as running, desk(running) as office:
        await office.do("authorities", {"certificate": outside.pem}, status=201)
        own = running.dip.directory / "participants" / SUPPLIER
        with pytest.raises(ssl.SSLError, match="UNSUPPORTED_CERTIFICATE"):
            await call(running, tls=server_only)
        # Without the issuing certificate behind it.
        with pytest.raises(ssl.SSLError, match="UNKNOWN_CA"):
            await call(running, tls=own / "encryption.pem")
        assert (await call(running)).status == 201


@pytest.mark.requirement("FS-68", "FS-60")
async def test_there_are_no_drills_in_production(tmp_path: Path) -> None:
    async with platform(tmp_path / "state", environment="PRD") as running, desk(running) as office:
        await office.do(f"participants/{SUPPLIER}/drills", status=403)
        await office.ask(f"participants/{SUPPLIER}/drills", status=403)
        assert "no certificate drills in production" in await office.page("/drills")
