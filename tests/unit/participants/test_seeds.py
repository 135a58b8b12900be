import csv
import itertools
from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from dip.ground.assets import asset
from dip.ground.errors import SetupRefused
from dip.participants.seeds import read_seeds

SEEDS = read_seeds(asset("data/seed") / "participants.yaml")
LONDON = ZoneInfo("Europe/London")
SAMPLE = "2000056535971"
WEIGHTS = (3, 5, 7, 13, 17, 19, 23, 29, 31, 37, 41, 43)


def moment(text: str) -> datetime:
    if not text:
        return datetime.max.replace(tzinfo=LONDON)
    read = datetime.fromisoformat(text)
    return read if read.tzinfo else read.replace(tzinfo=LONDON)


def rows() -> list[dict[str, str]]:
    with (asset("data/seed") / "mpans.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_two_of_each_busy_role_and_one_of_each_other_are_seeded() -> None:
    counted = Counter(role for seed in SEEDS for role in seed.roles)
    twice = {"SUP", "MSS", "MSA", "SDS", "ADS", "REGS", "LDSO"}
    once = {"UMSO", "UMSDS", "MDS", "LSS", "EES", "MDR", "DCC", "ISD", "VAS", "MRS", "DCP"}
    assert counted == dict.fromkeys(twice, 2) | dict.fromkeys(once, 1)


def test_seeded_names_and_market_ids_are_told_apart() -> None:
    assert len({seed.mpid for seed in SEEDS}) == len({seed.name for seed in SEEDS}) == len(SEEDS)
    assert all(len(seed.mpid) == 4 and len(seed.dip_id) == 10 for seed in SEEDS)


def test_seeded_mpans_have_valid_check_digits() -> None:
    mpans = {row["mpan"] for row in rows()}
    assert len(mpans) >= 25
    for mpan in mpans:
        total = sum(weight * int(digit) for weight, digit in zip(WEIGHTS, mpan[:12], strict=True))
        assert total % 11 % 10 == int(mpan[12])


def test_appointments_name_seeded_participants_in_their_role() -> None:
    roles = {seed.dip_id: seed.roles for seed in SEEDS}
    assert all(row["role"] in roles[row["dip_id"]] for row in rows())  # type: ignore[index]


def test_one_party_at_a_time_holds_a_role_without_a_gap() -> None:
    held: defaultdict[tuple[str, str], list[tuple[datetime, datetime]]] = defaultdict(list)
    for row in rows():
        held[row["mpan"], row["role"]].append((moment(row["effective_from"]), moment(row["effective_to"])))
    for periods in held.values():
        periods.sort()
        assert periods[-1][1].year == 9999
        assert all(before[1] == after[0] for before, after in itertools.pairwise(periods))
    assert sum(len(periods) > 1 for periods in held.values()) >= 8


def test_every_mpan_has_all_its_appointments() -> None:
    held: defaultdict[str, set[str]] = defaultdict(set)
    for row in rows():
        held[row["mpan"]].add(row["role"])
    for roles in held.values():
        assert {"SUP", "REGS", "LDSO"} <= roles
        assert len(roles & {"MSS", "MSA", "UMSO"}) == len(roles & {"SDS", "ADS", "UMSDS"}) == 1


def test_parties_change_at_local_midnight() -> None:
    for row in rows():
        local = moment(row["effective_from"]).astimezone(LONDON)
        assert (local.hour, local.minute, local.second) == (0, 0, 0)


def test_the_samples_mpan_is_served_by_the_samples_parties() -> None:
    now = {row["role"]: row["dip_id"] for row in rows() if row["mpan"] == SAMPLE and not row["effective_to"]}
    assert now == {
        "SUP": "2300000001",
        "REGS": "2200000001",
        "LDSO": "2500000001",
        "MSS": "1200000001",
        "SDS": "1400000001",
        "MDR": "1600000001",
    }


@pytest.mark.parametrize(
    "text",
    [
        "- {dip_id: '1'}",
        "[",
        "1",
        "- {dip_id: '1', mpid: A, name: B, roles: [SUP], more: 1}",
        "- {dip_id: '1', mpid: A, name: B, roles: [SUP]}\n- {dip_id: '1', mpid: A, name: B, roles: [SUP]}",
    ],
)
def test_a_bad_seed_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "participants.yaml"
    path.write_text(text)
    with pytest.raises(SetupRefused, match=r"participants\.yaml"):
        read_seeds(path)
