"""Who takes part in a made-up market."""

import re
from collections import Counter

import msgspec
import yaml

from dip.cli.market import participants_file
from dip.cli.participants_file import File, written
from dip.ground.assets import asset
from dip.market.parties import FIRST_DISTRIBUTOR, parties
from dip.messages.identifiers import RoleCode
from dip.participants.seeds import read_seeds

EVERYBODY = parties()


def test_dip_ids_begin_as_the_catalogue_says_and_are_not_those_of_a_first_start() -> None:
    roles = yaml.safe_load((asset("channels") / "roles.yaml").read_text(encoding="utf-8"))
    assert all(party.dip_id.startswith(roles[party.role]["prefix"]) for party in EVERYBODY.all)
    assert all(re.fullmatch(r"\d{10}", party.dip_id) for party in EVERYBODY.all)
    ids = [party.dip_id for party in EVERYBODY.all]
    seeds = read_seeds(asset("data/seed") / "participants.yaml")
    assert len({*ids, *(seed.dip_id for seed in seeds)}) == len(ids) + len(seeds)


def test_market_participant_ids_and_names_are_one_for_each_and_nobodys() -> None:
    mpids = [party.mpid for party in EVERYBODY.all]
    assert len(set(mpids)) == len({party.name for party in EVERYBODY.all}) == len(mpids)
    # Those in use are all letters.
    assert all(re.fullmatch(r"[A-Z]\d{3}", mpid) for mpid in mpids)


def test_there_are_some_of_each_role_that_an_mpan_has() -> None:
    expected = {
        "SUP": 20,
        "REGS": 14,
        "LDSO": 14,
        "MSS": 4,
        "MSA": 2,
        "UMSO": 2,
        "SDS": 3,
        "ADS": 2,
        "UMSDS": 1,
        "MDR": 4,
    }
    assert Counter(party.role for party in EVERYBODY.all) == expected
    assert {sum(EVERYBODY.shares(role).values()) for role in expected} == {100}


def test_a_distributor_and_its_registration_service_are_of_one_company() -> None:
    for area in EVERYBODY.areas:
        distributor, registration = EVERYBODY.all[area.distributor], EVERYBODY.all[area.registration]
        assert (distributor.role, registration.role) == (RoleCode("LDSO"), RoleCode("REGS"))
        assert distributor.company == registration.company
        assert distributor.dip_id[2:] == registration.dip_id[2:]


def test_no_distributor_of_today_has_the_areas_digits() -> None:
    numbers = [area.number for area in EVERYBODY.areas]
    assert numbers == list(range(FIRST_DISTRIBUTOR, FIRST_DISTRIBUTOR + 14))
    assert min(numbers) > 80
    assert max(numbers) < 99


def test_the_file_of_participants_reads_back_as_written() -> None:
    made = participants_file(EVERYBODY)
    assert msgspec.convert(yaml.safe_load(written(made, as_json=False)), File) == made
    assert {line.company for line in made.participants} == {company.number for company in made.companies}
    assert [line.dip_id for line in made.participants] == sorted(party.dip_id for party in EVERYBODY.all)
