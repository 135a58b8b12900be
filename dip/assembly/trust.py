"""Trust as a running server has it: certificates, authorities, participants, agents (5.7, 8.4)."""

from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AsyncExitStack
from pathlib import Path

from dip.activity.log import ActivityLog
from dip.assembly.wakes import Wake
from dip.channels.registry import Registry
from dip.ground.clock import Clock
from dip.ground.current import Current
from dip.ground.log import Log
from dip.ground.settings import Settings
from dip.participants.registry import Participants
from dip.reporting.alarms import Alarms
from dip.reporting.metrics import Metrics
from dip.security.vault import Vault
from dip.store.sqlite import SqliteStore
from dip.trust.agents import Agents
from dip.trust.authorities import Authorities
from dip.trust.central_feed import CentralFeed
from dip.trust.certificates import Certificates
from dip.trust.contexts import Trusted
from dip.trust.drills import CertificateDrills
from dip.trust.expiry import CertificateExpiry
from dip.trust.keeping import load_authority
from dip.trust.onboarding import Onboarding
from dip.trust.own_certificates import OwnCertificates
from dip.trust.parts import Trust
from dip.trust.user_certificates import UserCertificates


async def establish_trust(
    *,
    settings: Settings,
    directory: Path,
    store: SqliteStore,
    vault: Vault,
    participants: Current[Participants],
    registry: Current[Registry],
    alarms: Alarms,
    activity: ActivityLog,
    metrics: Metrics,
    revoked: Wake,
    clock: Clock,
    executor: Executor,
    log: Log,
    stack: AsyncExitStack,
) -> Trust:
    """Build the parts of trust over a data directory.

    revoked: told of each certificate that is revoked. executor: for short work; keys are made in a thread of their
    own, which the stack ends.
    """
    # Looking for primes takes long: no message waits behind it.
    key_maker = ThreadPoolExecutor(1, thread_name_prefix="keys")
    stack.callback(key_maker.shutdown, wait=True, cancel_futures=True)
    authority = load_authority(store.platform, vault)
    certificates = Certificates(
        directory=directory,
        authority=authority,
        store=store.parties,
        vault=vault,
        participants=participants,
        clock=clock,
        executor=key_maker,
        log=log,
        revoked=revoked,
    )
    own = await OwnCertificates.opened(
        directory=directory,
        host_names=settings.host_names,
        authority=authority,
        store=store.parties,
        vault=vault,
        participants=participants,
        clock=clock,
        executor=key_maker,
        log=log,
    )
    root = (directory / "ca.pem").read_bytes()
    trusted = Trusted(
        root=root,
        environment=settings.environment,
        authorities=store.authorities.all(),
        participants=participants,
        clock=clock,
        log=log,
    )
    authorities = Authorities(
        directory=directory,
        environment=settings.environment,
        root=root,
        store=store.authorities,
        parties=store.parties,
        vault=vault,
        participants=participants,
        trusted=trusted,
        clock=clock,
        executor=key_maker,
        log=log,
    )
    drills = CertificateDrills(
        directory=directory,
        authority=authority,
        authorities=authorities,
        platform=store.platform,
        parties=store.parties,
        vault=vault,
        participants=participants,
        clock=clock,
        executor=key_maker,
        log=log,
    )
    onboarding = Onboarding(
        directory=directory,
        authority=authority,
        store=store.companies,
        vault=vault,
        participants=participants,
        registry=registry,
        clock=clock,
        executor=key_maker,
        revoked=revoked,
        log=log,
    )
    expiry = CertificateExpiry(
        participants=participants, authority=authority, clock=clock, settings=settings, alarms=alarms, log=log
    )
    metrics.registry.register(expiry)
    return Trust(
        root=root,
        trusted=trusted,
        own=own,
        certificates=certificates,
        user_certificates=UserCertificates(
            authority=authority,
            store=store.parties,
            vault=vault,
            participants=participants,
            clock=clock,
            executor=executor,
        ),
        authorities=authorities,
        drills=drills,
        expiry=expiry,
        onboarding=onboarding,
        central_feed=CentralFeed(
            settings=settings,
            clock=clock,
            registry=registry,
            onboarding=onboarding,
            identity=own.tls,
            alarms=alarms,
            activity=activity,
            log=log,
        ),
        agents=Agents(store=store.parties, participants=participants, clock=clock, log=log),
    )
