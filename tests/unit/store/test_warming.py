"""The inner pages of a tree are found without its leaves (FS-35)."""

from pathlib import Path

import pytest

from dip.store.database import connect, migrate
from dip.store.warming import warm

ROWS_OF_A_LEAF = 8_192 // 110
CHILDREN_OF_A_PAGE = 8_192 // 16


def made(directory: Path, mpans: int) -> Path:
    """A database with so many MPANs, folded into its file."""
    file = directory / "dip.sqlite"
    connection = connect(file)
    migrate(connection)
    connection.execute("BEGIN")
    connection.executemany(
        "INSERT INTO mpan VALUES (?, ?)", ((8_100_000_000_000 + number * 7, bytes(100)) for number in range(mpans))
    )
    connection.execute("COMMIT")
    connection.close()
    return file


@pytest.mark.requirement("FS-35")
@pytest.mark.parametrize("mpans", [0, 10])
def test_a_tree_of_one_leaf_has_no_inner_page(tmp_path: Path, mpans: int) -> None:
    assert warm(made(tmp_path, mpans), "mpan") == 0


@pytest.mark.requirement("FS-35")
def test_every_inner_page_of_a_deep_tree_is_read_and_no_leaf(tmp_path: Path) -> None:
    mpans = 60_000
    count = warm(made(tmp_path, mpans), "mpan")
    leaves = mpans / ROWS_OF_A_LEAF
    assert 2 <= count < leaves / 50


def test_there_is_nothing_to_read_of_a_table_that_is_not_there(tmp_path: Path) -> None:
    assert warm(made(tmp_path, 0), "nothing") == 0
