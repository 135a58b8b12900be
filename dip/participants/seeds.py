"""The participants that a first start makes, as `data/seed/participants.yaml` lists them."""

from pathlib import Path

import msgspec
import yaml

from dip.ground.errors import SetupRefused
from dip.messages.identifiers import DipId, RoleCode


class SeededParticipant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One entry of the file. roles: the first is the main one; optional_channels: those that it signed up for.

    company: its number, empty where it has none; its name is that of its first participant.
    """

    dip_id: DipId
    mpid: str
    name: str
    roles: tuple[RoleCode, ...]
    optional_channels: tuple[str, ...] = ()
    company: str = ""


def read_seeds(path: Path) -> tuple[SeededParticipant, ...]:
    """The participants of a seed file, in its order. Raises SetupRefused."""
    try:
        # The C loader, where libyaml is there; both are safe ones.
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        found = loader(path.read_text(encoding="utf-8")).get_single_data()
        seeds = msgspec.convert(found, tuple[SeededParticipant, ...])
    except (OSError, yaml.YAMLError, msgspec.ValidationError) as exc:
        raise SetupRefused(f"{path}: no list of participants: {exc}") from exc
    ids = [seed.dip_id for seed in seeds]
    if len(set(ids)) != len(ids):
        raise SetupRefused(f"{path}: a DIP id is there twice")
    return seeds
