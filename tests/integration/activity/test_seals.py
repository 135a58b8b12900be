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


@pytest.mark.parametrize(("table", "column"), [("archive", "sealed"), ("exchange", "answer")])
async def test_a_sealed_row_with_a_flipped_byte_is_named(serve: Serve, table: str, column: str) -> None:
    async with serve() as platform:
        await send(platform, 3)
        directory = platform.dip.directory
    with closing(AuditStore(directory)) as store:
        vault = Vault(MasterKeyFile(directory / "master.key").read(), store.data_keys())
        broken, opened = verify_seals(store, vault, lambda done, total: None)
        assert broken is None
        assert opened >= 4
    key = "message" if table == "archive" else "id"
    with closing(sqlite3.connect(directory / "dip.sqlite")) as connection:
        query = f"SELECT {key}, {column} FROM {table} ORDER BY 1 DESC LIMIT 1"  # noqa: S608
        number, sealed = connection.execute(query).fetchone()
        changed = sealed[:-1] + bytes([sealed[-1] ^ 1])
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE {key} = ?", (changed, number))  # noqa: S608
        connection.commit()
    with closing(AuditStore(directory)) as store:
        broken, _ = verify_seals(store, vault, lambda done, total: None)
        assert broken is not None
        assert (broken.table, broken.number) == (table, number)
