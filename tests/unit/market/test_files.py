"""A made-up market's files: the same to the byte, complete or not there, and told of in `market.json`."""

import gzip
import hashlib
import json
from pathlib import Path

import pytest

from dip.ground.errors import SetupRefused
from dip.market.files import write_market
from dip.market.parties import parties
from dip.market.plan import Plan
from tests.unit.market.reading import rows

PLAN = Plan(mpans=2000, seed=3)


def written(directory: Path, plan: Plan = PLAN, *, split: bool = False) -> dict[str, bytes]:
    """The content of a market's files, by name."""
    write_market(directory, plan, parties(), b"companies: []\n", by_registration_service=split)
    return {
        path.relative_to(directory).as_posix(): path.read_bytes() for path in directory.rglob("*") if path.is_file()
    }


@pytest.mark.parametrize("split", [True, False])
def test_the_same_seed_makes_the_same_bytes_and_another_one_others(tmp_path: Path, split: bool) -> None:
    first, same = (written(tmp_path / name, split=split) for name in ("first", "same"))
    assert first == same
    other = written(tmp_path / "other", Plan(mpans=2000, seed=4), split=split)
    assert other.keys() == first.keys()
    assert other["mpans.csv.gz"] != first["mpans.csv.gz"]


@pytest.mark.requirement("FS-35")
def test_registration_services_have_the_same_rows_divided_among_them(tmp_path: Path) -> None:
    written(tmp_path, split=True)
    files = sorted((tmp_path / "registration").iterdir())
    assert [file.name for file in files] == [f"22{number:08d}.csv.gz" for number in range(1001, 1015)]
    divided = [rows(file) for file in files]
    assert [row for part in divided for row in part] == rows(tmp_path / "mpans.csv.gz")
    for file, part in zip(files, divided, strict=True):
        assert {row[2] for row in part if row[1] == "REGS"} == {file.name.removesuffix(".csv.gz")}


def test_market_json_tells_what_was_made(tmp_path: Path) -> None:
    found = written(tmp_path, split=True)
    made = json.loads(found["market.json"])
    text = rows(tmp_path / "mpans.csv.gz")
    assert (made["seed"], made["mpans"], made["rows"]) == (3, 2000, len(text))
    assert (made["firstDay"], made["until"]) == ("2024-01-01", "2027-01-01")
    assert sum(area["mpans"] for area in made["areas"]) == 2000
    still = {party["dipId"]: sum(row[2] == party["dipId"] and not row[4] for row in text) for party in made["parties"]}
    assert {party["dipId"]: party["mpans"] for party in made["parties"]} == still
    told = {file["name"]: file for file in made["files"]}
    assert told.keys() == found.keys() - {"market.json"}
    for name, file in told.items():
        assert (file["size"], file["sha256"]) == (len(found[name]), hashlib.sha256(found[name]).hexdigest())
        if name.endswith(".gz"):
            assert file["contentSha256"] == hashlib.sha256(gzip.decompress(found[name])).hexdigest()


def test_a_later_market_leaves_nothing_of_an_earlier_one_that_would_not_fit(tmp_path: Path) -> None:
    written(tmp_path, split=True)
    (tmp_path / "notes.txt").write_text("mine")
    found = written(tmp_path, Plan(mpans=30, seed=4))
    assert found.keys() == {"mpans.csv.gz", "participants.yaml", "market.json", "notes.txt"}


def test_progress_is_told_up_to_the_last_mpan(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    write_market(tmp_path, PLAN, parties(), b"", advance=lambda done, total: told.append((done, total)))
    assert told[-1] == (2000, 2000)
    assert told == sorted(told)


def test_what_can_not_be_written_is_refused_and_no_half_of_a_file_stays(tmp_path: Path) -> None:
    earlier = written(tmp_path)

    def fail(done: int, total: int) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(SetupRefused, match="No space left on device"):
        write_market(tmp_path, Plan(mpans=30, seed=4), parties(), b"", by_registration_service=True, advance=fail)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == earlier
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupRefused, match="file"):
        write_market(tmp_path / "file", PLAN, parties(), b"")
