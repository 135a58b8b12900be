"""Everything of trust that a running server has, in one group."""

import msgspec

from dip.trust.agents import Agents
from dip.trust.authorities import Authorities
from dip.trust.central_feed import CentralFeed
from dip.trust.certificates import Certificates
from dip.trust.contexts import Trusted
from dip.trust.drills import CertificateDrills
from dip.trust.expiry import CertificateExpiry
from dip.trust.onboarding import Onboarding
from dip.trust.own_certificates import OwnCertificates
from dip.trust.user_certificates import UserCertificates


class Trust(msgspec.Struct, frozen=True, kw_only=True):
    """Who takes part, who acts for whom, and by which certificates (5.7, 8.4). root: of this environment, PEM."""

    root: bytes
    trusted: Trusted
    own: OwnCertificates
    certificates: Certificates
    user_certificates: UserCertificates
    authorities: Authorities
    drills: CertificateDrills
    expiry: CertificateExpiry
    onboarding: Onboarding
    central_feed: CentralFeed
    agents: Agents
