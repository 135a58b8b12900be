"""The first start and every later one: what a data directory holds, made once and opened again (contract, Starting)."""

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from dip.appointments.changes import Change, Kind, amend
from dip.appointments.history import NOTHING, Knowledge
from dip.appointments.packing import pack
from dip.ground.assets import asset
from dip.ground.clock import Clock, microseconds
from dip.ground.errors import SetupRefused
from dip.ground.settings import Settings
from dip.participants.files import UNFINISHED
from dip.participants.foundation import Foundation, lay_out
from dip.registration.rows import RowReader
from dip.security.master_key import MasterKeyFile, key_of
from dip.security.vault import MasterKeyRefused, Vault, WrappedKey
from dip.store.appointments import SqliteAppointments
from dip.store.companies import Onboarded
from dip.store.database import database_file
from dip.store.sqlite import SqliteStore, is_ours
from dip.store.users import User
from dip.trust.keeping import AUTHORITY, sealed, sealed_authority

ENVIRONMENT = "environment"
ADMINISTRATION_DIGEST = "admin_token_digest"
FIRST_PASSWORD = Path("admin.password")
"""In the data directory: holds the first administrator's password until that is changed."""
_ADMINISTRATOR = "admin"
_ADMINISTRATOR_POWER = "administrator"
_LOCK = frozenset({"lock"})
_OURS = frozenset(
    {*_LOCK, "master.key", "master.key.next", "ca.pem", "admin.token", FIRST_PASSWORD.name, "dip", "participants"}
)

Progress = Callable[[int, int], None]


def check_directory(directory: Path) -> bool:
    """Whether the directory was set up before; makes it where it is missing.

    Raises SetupRefused where it holds somebody else's files, or can't be written.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if is_ours(directory):
            return True
        # A first start makes the database before anything else: without it the rest is somebody's, or a loss.
        database = database_file(directory)
        ours = _OURS if database.exists() else _LOCK
        strange = [
            path.name
            for path in directory.iterdir()
            if path.name not in ours and not path.name.startswith(database.name) and path.suffix != UNFINISHED
        ]
    except OSError as exc:
        raise SetupRefused(f"the data directory {directory} can't be used: {exc.strerror}") from exc
    if strange:
        raise SetupRefused(
            f"the data directory {directory} is not empty and holds no DIP's database (it has {sorted(strange)[0]}); "
            "give --data an empty or new directory"
        )
    return False


async def open_vault(
    store: SqliteStore, directory: Path, settings: Settings, clock: Clock
) -> tuple[Vault, MasterKeyFile | None]:
    """The vault for this run of the server, its data key stored; and the file of its master key, where it has one.

    Raises SetupRefused where the master key is gone that opens the keys of the store.
    """
    file, kept = MasterKeyFile(directory / "master.key"), store.platform.data_keys()
    if settings.master_key:
        key = key_of(settings.master_key, "DIP_MASTER_KEY")
        vault, new = Vault.opened(key, kept, clock.wall())
        await store.platform.add_data_keys(new)
        return vault, None
    if kept and not file.exists:
        raise SetupRefused(
            f"{file.path} is not there, and nothing in the data directory can be read without it; "
            "put back the file that belongs to this directory, give its digits as DIP_MASTER_KEY, "
            "or give --data another one"
        )
    vault, new = _vault_of(file, kept, clock.wall())
    await store.platform.add_data_keys(new)
    return vault, file


def _vault_of(file: MasterKeyFile, kept: Sequence[WrappedKey], now: datetime) -> tuple[Vault, list[WrappedKey]]:
    """The vault, under the key in the file; where a change of the key was cut short, under the one that opens."""
    try:
        made = Vault.opened(file.read(), kept, now)
    except MasterKeyRefused:
        key = file.read_next()
        if key is None:
            raise
        made = Vault.opened(key, kept, now)
        file.adopt_next()
    else:
        file.drop_next()
    return made


async def first_start(
    store: SqliteStore,
    vault: Vault,
    directory: Path,
    settings: Settings,
    clock: Clock,
    progress: Progress | None,
) -> None:
    """Make the PKI, the seeded participants, their MPANs and the first administrator.

    The environment is written last: without it the next start begins anew.
    """
    made = lay_out(directory, settings.environment, settings.host_names, clock.wall(), progress)
    certificates = tuple(sealed(vault, held) for held in made.certificates)
    await store.companies.save(
        Onboarded(companies=made.companies, participants=made.participants, certificates=certificates)
    )
    await _seed_appointments(store.appointments, made, microseconds(clock.now()))
    if store.users.user(_ADMINISTRATOR) is None:
        first = User(
            name=_ADMINISTRATOR,
            password_hash=made.admin_password_hash,
            powers=(_ADMINISTRATOR_POWER,),
            made_at=clock.wall(),
            author="first start",
            must_change=True,
        )
        await store.users.save_user(first)
    await store.platform.save_facts(
        {
            ADMINISTRATION_DIGEST: hashlib.sha256(made.admin_token.encode()).hexdigest(),
            AUTHORITY: sealed_authority(vault, made.authority),
            ENVIRONMENT: settings.environment,
        }
    )


def check_environment(store: SqliteStore, settings: Settings) -> None:
    """Raise SetupRefused where the directory belongs to another environment."""
    kept = store.platform.fact(ENVIRONMENT)
    if kept != settings.environment:
        raise SetupRefused(
            f"the data directory {settings.data} belongs to environment {kept}, not {settings.environment}; "
            f"give --environment {kept}, or --data another directory"
        )


async def _seed_appointments(store: SqliteAppointments, made: Foundation, known_at: int) -> None:
    roles = {participant.dip_id: participant.roles for participant in made.participants}
    lines = (asset("data/seed") / "mpans.csv").read_text("utf-8").splitlines()
    read = RowReader(store.holders, roles.get).read(lines)
    if read.faults:
        fault = read.faults[0]
        raise SetupRefused(f"data/seed/mpans.csv:{fault.line}: {fault.reason}")
    histories: list[tuple[int, bytes]] = []
    for mpan, rows in sorted(read.rows.items()):
        changes = [
            Change(Kind.APPOINT, starts, (holder[0],), *holder, ends)
            for number, starts, ends in rows
            for holder in (store.holders.named(number),)
        ]
        histories.append((mpan, pack(amend(NOTHING, changes, Knowledge(known_at)).history, store.holders)))
    await store.save(histories)
