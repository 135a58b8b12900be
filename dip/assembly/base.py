"""What everything else stands on: store, keys, clock, catalogue, participants, archive."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import msgspec

from dip import __version__
from dip.activity.log import ActivityLog
from dip.activity.masking import Masker
from dip.activity.records import Recorder
from dip.appointments.pending import PendingChanges
from dip.archive.archive import Archive
from dip.archive.rotation import Rotation
from dip.assembly.trust import establish_trust
from dip.assembly.wakes import Wake
from dip.catalogue.catalogue import Catalogue
from dip.catalogue.pauses import Pauses
from dip.channels import registry as catalogue_files
from dip.channels.registry import Registry
from dip.delivery.business_time import take_up
from dip.ground.assets import asset
from dip.ground.clock import Clock
from dip.ground.current import Current
from dip.ground.errors import SetupRefused
from dip.ground.log import Log
from dip.ground.mail import Mailer
from dip.ground.settings import Settings
from dip.ground.steps import Steps
from dip.http.forwarded import Proxies
from dip.participants.registry import Participants
from dip.participants.signatures import Signatures
from dip.participants.webhooks import Network, WebhookRefused, networks
from dip.registration.failures import UpdateFailures
from dip.registration.importing import Importing
from dip.registration.keeper import Keeper
from dip.registration.rejections import Rejections
from dip.registration.services import read_services
from dip.registration.updates import Updates
from dip.reporting.alarms import Alarms
from dip.reporting.metrics import Metrics
from dip.reporting.store_figures import StoreFigures
from dip.routing.look_up import LookUp
from dip.security.vault import Vault
from dip.start import check_directory, check_environment, first_start, open_vault
from dip.store.sqlite import SqliteStore
from dip.trust.keeping import load_participants
from dip.trust.parts import Trust

_WORKERS = 2


class Base(msgspec.Struct, frozen=True, kw_only=True):
    """The lowest group of parts. resumed: who is told that a channel goes on."""

    settings: Settings
    clock: Clock
    log: Log
    steps: Steps
    directory: Path
    networks: Sequence[Network]
    store: SqliteStore
    vault: Vault
    rotation: Rotation
    activity: ActivityLog
    trust: Trust
    revoked: Wake
    """Told of each certificate of a participant that was just revoked."""
    catalogue: Catalogue
    pauses: Pauses
    resumed: Wake
    participants: Current[Participants]
    executor: ThreadPoolExecutor
    metrics: Metrics
    mailer: Mailer
    alarms: Alarms
    archive: Archive
    look_up: LookUp
    keeper: Keeper
    rejections: Rejections
    importing: Importing
    updates: Updates
    signatures: Signatures

    @property
    def registry(self) -> Current[Registry]:
        """The channels as they are served now."""
        return self.catalogue.registry

    @property
    def texts(self) -> Mapping[str, str]:
        """The texts of the response codes."""
        return self.registry.value.response_codes


async def lay_base(
    settings: Settings,
    *,
    clock: Clock,
    log: Log,
    steps: Steps,
    progress: Callable[[int, int], None] | None,
    stack: AsyncExitStack,
) -> Base:
    """Open the data directory, or make it, and build what everything stands on; the stack closes it again.

    Raises SetupRefused with one clear message; then nothing was changed.
    """
    allowed = _networks(settings)
    Proxies.of(settings)
    read_services(settings.registration_services)
    files = Path(settings.channels) if settings.channels else asset("channels")
    texts = catalogue_files.read(files)
    specification_items = settings.switches.specification_items
    shipped = catalogue_files.build(texts, files, specification_items=specification_items)
    directory = Path(settings.data)
    known = check_directory(directory)
    store = SqliteStore(
        directory,
        group_limit=settings.group_commit_messages,
        linger_s=settings.outcome_linger_ms / 1000,
        log=log,
        steps=steps,
    )
    stack.push_async_callback(store.close)
    if known:
        check_environment(store, settings)
    take_up(clock, store.platform)
    vault, master_key = await open_vault(store, directory, settings, clock)
    if not known:
        await first_start(store, vault, directory, settings, clock, progress)
    catalogue = Catalogue(
        texts=texts,
        shipped=shipped,
        specification_items=specification_items,
        store=store.catalogue,
        clock=clock,
        log=log,
    )
    resumed = Wake()
    participants = Current(load_participants(store.parties, vault))
    executor = ThreadPoolExecutor(_WORKERS, thread_name_prefix="crypto")
    stack.callback(executor.shutdown, wait=True)
    # Many records are written down at a time: no message's cryptography waits behind them.
    writing_down = ThreadPoolExecutor(1, thread_name_prefix="activity")
    stack.callback(writing_down.shutdown, wait=True)
    activity = activity_log(settings, clock, store, vault, catalogue, writing_down, log)
    stack.push_async_callback(activity.close)
    activity.start()
    mailer = Mailer(settings=settings, log=log)
    pending = PendingChanges()
    look_up = LookUp(store.appointments, pending, cached_mpans=settings.appointment_cache_mpans)
    changing = ThreadPoolExecutor(1, thread_name_prefix="appointments")
    stack.callback(changing.shutdown, wait=True)
    keeper = Keeper(
        store=store.appointments,
        executor=changing,
        clock=clock,
        participants=participants,
        changed=look_up.forget,
    )
    updates = Updates(
        settings=settings,
        store=store.appointments,
        keeper=keeper,
        pending=pending,
        changed=look_up.forget,
        clock=clock,
        log=log,
    )
    updates.load()
    rejections = Rejections(store.appointments, vault, kept=settings.appointment_rejections_kept)
    reading_rows = ThreadPoolExecutor(1, thread_name_prefix="rows")
    stack.callback(reading_rows.shutdown, wait=True)
    importing = Importing(
        settings=settings,
        store=store.appointments,
        keeper=keeper,
        rejections=rejections,
        participants=participants,
        executor=reading_rows,
        clock=clock,
        log=log,
    )
    metrics = Metrics()
    metrics.registry.register(StoreFigures(store.writer, store.file_bytes))
    alarms = Alarms(store=store.alarms, clock=clock, settings=settings, mailer=mailer, log=log)
    failures = UpdateFailures(store=store.appointments, alarms=alarms, metrics=metrics)
    updates.settled = (*updates.settled, failures.settled)
    revoked = Wake()
    trust = await establish_trust(
        settings=settings,
        directory=directory,
        store=store,
        vault=vault,
        participants=participants,
        registry=catalogue.registry,
        alarms=alarms,
        activity=activity,
        metrics=metrics,
        revoked=revoked,
        clock=clock,
        executor=executor,
        log=log,
        stack=stack,
    )
    return Base(
        settings=settings,
        clock=clock,
        log=log,
        steps=steps,
        directory=directory,
        networks=allowed,
        store=store,
        vault=vault,
        trust=trust,
        revoked=revoked,
        activity=activity,
        rotation=Rotation(store=store.platform, vault=vault, file=master_key, log=log),
        catalogue=catalogue,
        pauses=Pauses(store=store.catalogue, clock=clock, resumed=resumed, log=log),
        resumed=resumed,
        participants=participants,
        executor=executor,
        metrics=metrics,
        mailer=mailer,
        alarms=alarms,
        archive=Archive(store.messages, vault, memory_bytes=settings.envelope_cache_bytes),
        look_up=look_up,
        keeper=keeper,
        rejections=rejections,
        importing=importing,
        updates=updates,
        signatures=Signatures(
            participants=participants,
            clock=clock,
            tolerance=timedelta(seconds=settings.signature_tolerance_s),
            environment=settings.environment,
        ),
    )


def activity_log(
    settings: Settings,
    clock: Clock,
    store: SqliteStore,
    vault: Vault,
    catalogue: Catalogue,
    executor: Executor,
    log: Log,
) -> ActivityLog:
    """The account of every request; closed while the store and the executor are still there."""
    masker = Masker(personal=lambda: catalogue.registry.value.personal_keys, digest=vault.digest)
    recorder = Recorder(
        masker=masker,
        environment=settings.environment,
        version=__version__,
        body_bytes=settings.activity_body_bytes,
    )
    return ActivityLog(
        settings=settings, clock=clock, store=store.activity, recorder=recorder, executor=executor, log=log
    )


def _networks(settings: Settings) -> Sequence[Network]:
    try:
        return networks(settings.webhook_networks)
    except WebhookRefused as exc:
        raise SetupRefused(f"webhook_networks: {exc.message}") from exc
