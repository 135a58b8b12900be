"""Every sealed row of the message archive is opened by the audit, and the first that was changed is named."""

import sqlite3
from contextlib import closing

import pytest

from dip.archive.verification import verify_seals
from dip.security.master_key import MasterKeyFile
from dip.security.vault import Vault
from dip.store.audit import AuditStore
from tests.conftest import Serve
from tests.integration.delivery.conftest import receive, send

__all__ = ["receive"]
pytestmark = pytest.mark.requirement("FS-45")


LAST = {
    "archive": "SELECT message, sealed FROM archive ORDER BY 1 DESC LIMIT 1",
    "exchange": "SELECT id, answer FROM exchange ORDER BY 1 DESC LIMIT 1",
}
CHANGE = {
    "archive": "UPDATE archive SET sealed = ? WHERE message = ?",
    "exchange": "UPDATE exchange SET answer = ? WHERE id = ?",
}


@pytest.mark.parametrize("table", ["archive", "exchange"])
async def test_a_sealed_row_with_a_flipped_byte_is_named(serve: Serve, table: str) -> None:
    async with serve() as platform:
        await send(platform, 3)
        directory = platform.dip.directory
    with closing(AuditStore(directory)) as store:
        vault = Vault(MasterKeyFile(directory / "master.key").read(), store.data_keys())
        broken, opened = verify_seals(store, vault, lambda done, total: None)
        assert broken is None
        assert opened >= 4
    with closing(sqlite3.connect(directory / "dip.sqlite")) as connection:
        number, sealed = connection.execute(LAST[table]).fetchone()
        changed = sealed[:-1] + bytes([sealed[-1] ^ 1])
        connection.execute(CHANGE[table], (changed, number))
        connection.commit()
    with closing(AuditStore(directory)) as store:
        broken, _ = verify_seals(store, vault, lambda done, total: None)
        assert broken is not None
        assert (broken.table, broken.number) == (table, number)
