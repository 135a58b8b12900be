"""Who takes part in a made-up market: invented suppliers, services and distributors, and how large each one is."""

from collections.abc import Mapping
from typing import Final

import msgspec

from dip.messages.identifiers import DipId, RoleCode

FIRST_NUMBER: Final = 1001
"""Of the eight digits behind a role's prefix: far from those that a first start makes."""
FIRST_DISTRIBUTOR: Final = 81
"""The first two digits of an MPAN name its distributor. Those in use run from 10 to the thirties; nobody has these."""
PREFIXES: Final[Mapping[str, str]] = {
    "SUP": "23",
    "MSS": "12",
    "MSA": "13",
    "UMSO": "17",
    "SDS": "14",
    "ADS": "11",
    "UMSDS": "15",
    "MDR": "16",
    "REGS": "22",
    "LDSO": "25",
}
RETRIEVER_CHANNELS: Final = ("IF-006", "IF-008", "IF-024", "IF-026")
"""What a meter data retriever signs up for."""

_SUPPLIERS: Final[Mapping[str, float]] = {
    "Quillmere Energy": 22.0,
    "Tarnbeck Power": 16.0,
    "Ashwold Electricity": 12.0,
    "Fernhythe Energy": 10.0,
    "Copsewick Supply": 8.0,
    "Mallowby Power": 6.5,
    "Heronstow Energy": 5.0,
    "Sallowfield Electric": 4.0,
    "Thrushcombe Energy": 3.2,
    "Brindlemoor Supply": 2.6,
    "Larchmere Power": 2.1,
    "Oatcroft Electricity": 1.8,
    "Pipitdale Energy": 1.5,
    "Reedholme Supply": 1.2,
    "Sorrelby Power": 1.0,
    "Teaselton Energy": 0.9,
    "Vetchley Electric": 0.7,
    "Wagtailby Supply": 0.6,
    "Yarrowdene Energy": 0.5,
    "Cinderlow Power": 0.4,
}
_SERVICES: Final[Mapping[str, Mapping[str, float]]] = {
    "MSS": {
        "Dunlinmere Metering": 40,
        "Fallowby Meters": 30,
        "Gorsehythe Metering": 20,
        "Hazelwick Meters": 10,
    },
    "MSA": {"Inkberrow Moor Metering": 65, "Juniperby Advanced Metering": 35},
    "UMSO": {"Knapweedale Unmetered": 70, "Lapwingby Unmetered": 30},
    "SDS": {"Moorhenby Data": 50, "Nettlecombe Wold Data": 32, "Oxliphythe Data": 18},
    "ADS": {"Plumstow Moor Data": 60, "Quaildene Advanced Data": 40},
    "UMSDS": {"Ruddockby Unmetered Data": 100},
    "MDR": {"Starlingmere Retrieval": 45, "Tansyhythe Retrieval": 30, "Umberfold Readings": 15, "Veeryby Readings": 10},
}
_AREAS: Final[Mapping[str, float]] = {
    "Aldermarsh": 12.5,
    "Birkenfold": 11.0,
    "Cranmoor": 9.5,
    "Dovemarsh": 9.0,
    "Elderhythe": 8.5,
    "Fenwold": 8.0,
    "Greywether": 7.5,
    "Hollinmere": 7.0,
    "Isenby": 6.5,
    "Jackdawfell": 6.0,
    "Kittiwold": 5.0,
    "Lindenhythe": 4.0,
    "Merlinfold": 3.0,
    "Netherquill": 2.5,
}


class Party(msgspec.Struct, frozen=True):
    """A participant with one role. share: of the MPANs that have somebody of its role, in percent.

    A company has one participant, but for a distributor's, which has its registration service too.
    """

    dip_id: DipId
    role: RoleCode
    mpid: str
    name: str
    company: str
    company_name: str
    share: float


class Area(msgspec.Struct, frozen=True):
    """A distributor's area. number: the first two digits of its MPANs. distributor, registration: places of parties."""

    number: int
    share: float
    distributor: int
    registration: int


class Parties(msgspec.Struct, frozen=True):
    """Everybody, and the areas. A party is known by its place in the list."""

    all: tuple[Party, ...]
    areas: tuple[Area, ...]

    def shares(self, role: str) -> dict[int, float]:
        """The share of each party of a role, by its place."""
        return {place: party.share for place, party in enumerate(self.all) if party.role == role}


def parties() -> Parties:
    """The same ones for every market, in every size."""
    made: list[Party] = []
    # Market participant ids in use are all letters: a letter and three digits are nobody's.
    for number, (name, share) in enumerate(_SUPPLIERS.items(), 1):
        made.append(_party("SUP", f"S{number:03d}", number, name, share))
    for letter, (role, named) in zip("MAUDEFR", _SERVICES.items(), strict=True):
        for number, (name, share) in enumerate(named.items(), 1):
            made.append(_party(role, f"{letter}{number:03d}", number, name, share))
    areas = []
    for number, (name, share) in enumerate(_AREAS.items(), 1):
        distributor = _party("LDSO", f"L{number:03d}", number, f"{name} Distribution", share)
        distributor = msgspec.structs.replace(distributor, company_name=f"{name} Networks")
        registration = _party("REGS", f"G{number:03d}", number, f"{name} Registration", share)
        same = {"company": distributor.company, "company_name": distributor.company_name}
        areas.append(Area(FIRST_DISTRIBUTOR + number - 1, share, len(made), len(made) + 1))
        made += distributor, msgspec.structs.replace(registration, **same)
    return Parties(tuple(made), tuple(areas))


def _party(role: str, mpid: str, number: int, name: str, share: float) -> Party:
    dip_id = DipId(f"{PREFIXES[role]}{FIRST_NUMBER + number - 1:08d}")
    # No company register gives out numbers that begin with ZZ.
    return Party(dip_id, RoleCode(role), mpid, name, f"ZZ00{mpid}", name, share)
