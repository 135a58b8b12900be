"""The play of the demo: a supplier appoints another data service (process BP002, IF-031 to IF-037)."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from dip.client import Received
from dip.messages.identifiers import DipId, EventCode, InterfaceId
from dip.messages.timestamps import wire_time
from dip.simulation.line import Line
from dip.simulation.play import Receipt
from dip.simulation.site import site_blocks

SUPPLIER = DipId("2300000001")
REGISTRATION = DipId("2200000001")
METERING_SERVICE = DipId("1200000001")
OLD_DATA_SERVICE = DipId("1400000001")
NEW_DATA_SERVICE = DipId("1400000002")
CENTRAL_SETTLEMENT = DipId("1800000001")
ENQUIRY_SERVICE = DipId("2400000001")
DISTRIBUTOR = DipId("2500000001")

METERING_POINT = {"MPANCore": "2000056535971", "distributorDIPID": DISTRIBUTOR, "GSPGroupID": "_H"}
ACCEPTED = {"responseCode": "A", "proposedAppointmentResponseCode": None}

REQUEST = (InterfaceId("IF-031"), EventCode("[DSApp]"))
FIRST_RESPONSE = (InterfaceId("IF-032"), EventCode("[DSAppInitialResp]"))
ENQUIRY = (InterfaceId("IF-033"), EventCode("[DSAppSPRequest]"))
CONSENT = (InterfaceId("IF-034"), EventCode("[DSAppSPResponse]"))
ACCEPTANCE = (InterfaceId("IF-035"), EventCode("[DSAppAccepted]"))
CONFIRMATION = (InterfaceId("IF-036"), EventCode("[DSAppActive]"))
DE_APPOINTMENT = (InterfaceId("IF-037"), EventCode("[DSDeApp]"))

_HEARD_BY = {
    REQUEST: (REGISTRATION,),
    FIRST_RESPONSE: (SUPPLIER,),
    ENQUIRY: (NEW_DATA_SERVICE,),
    CONSENT: (REGISTRATION,),
    ACCEPTANCE: (SUPPLIER, NEW_DATA_SERVICE),
    CONFIRMATION: (
        SUPPLIER,
        NEW_DATA_SERVICE,
        METERING_SERVICE,
        DISTRIBUTOR,
        CENTRAL_SETTLEMENT,
        ENQUIRY_SERVICE,
    ),
    DE_APPOINTMENT: (OLD_DATA_SERVICE, SUPPLIER, DISTRIBUTOR, CENTRAL_SETTLEMENT, ENQUIRY_SERVICE),
}


class DataServiceAppointment:
    """Eight participants, seven messages, seventeen receipts; the days between the steps are left out.

    mpids: each participant's MPID, as registration knows it. The new service starts on the day after `now`.
    """

    title = "A supplier appoints another data service (BP002)"
    cast = (
        SUPPLIER,
        REGISTRATION,
        METERING_SERVICE,
        OLD_DATA_SERVICE,
        NEW_DATA_SERVICE,
        CENTRAL_SETTLEMENT,
        ENQUIRY_SERVICE,
        DISTRIBUTOR,
    )
    metering_point: Mapping[str, Any] = METERING_POINT
    expected = frozenset(
        Receipt(*message, recipient) for message, recipients in _HEARD_BY.items() for recipient in recipients
    )

    def __init__(self, mpids: Mapping[DipId, str], now: datetime) -> None:
        self._mpids = mpids
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        self._start = wire_time(midnight + timedelta(days=1))
        self._former_start = wire_time(midnight - timedelta(days=365))

    def opening(self) -> Line:
        """The supplier asks registration to appoint the new data service."""
        proposal = {
            "proposedDataServiceDIPID": NEW_DATA_SERVICE,
            "proposedDataServiceMPID": self._mpids[NEW_DATA_SERVICE],
            "proposedDataServiceDIPEffectiveFromDate": self._start,
            "contractReferenceDataService": "DEMO-1",
            "appointmentScenario": "CSP",
            "supplierNominatedMDRDIPID": None,
            "supplierNominatedMDRMPID": None,
            "supplierNominatedMDREffectiveFromDate": None,
            "supplierProposedConsentGranularity": "H",
            "supplierProposedDomesticIndicator": True,
            "traditionalFallBackReadFrequency": "M",
        }
        return Line(*REQUEST, {"B071": proposal})

    def answers(self, actor: DipId, received: Received) -> Sequence[Line]:
        """What registration and the new data service do; everybody else takes note."""
        match actor, received.event:
            case (registration, "[DSApp]") if registration == REGISTRATION:
                return self._request_taken(received)
            case (service, "[DSAppSPRequest]") if service == NEW_DATA_SERVICE:
                blocks = {name: received.custom[name] for name in ("B012", "B071")}
                return [Line(*CONSENT, {"B007": ACCEPTED} | blocks)]
            case (registration, "[DSAppSPResponse]") if registration == REGISTRATION:
                return self._consent_given(received)
        return []

    def _request_taken(self, received: Received) -> list[Line]:
        supplier, proposal = received.sender or SUPPLIER, received.custom["B071"]
        return [
            Line(*FIRST_RESPONSE, {"B071": proposal}, primary=(supplier,)),
            Line(
                *ENQUIRY,
                {"B012": self._requester(supplier), "B071": proposal} | self._site(),
                primary=(DipId(proposal["proposedDataServiceDIPID"]),),
            ),
        ]

    def _consent_given(self, received: Received) -> list[Line]:
        service, proposal = received.sender or NEW_DATA_SERVICE, received.custom["B071"]
        requester = received.custom["B012"]
        supplier = DipId(requester["serviceProviderAppointmentRequestingSupplierDIPID"])
        incoming = {
            "incomingDataServiceMPID": self._mpids[service],
            "incomingDataServiceDIPID": service,
            "incomingDataServiceEffectiveFromDate": proposal["proposedDataServiceDIPEffectiveFromDate"],
            "contractReferenceDataService": proposal["contractReferenceDataService"],
            "appointmentScenario": proposal["appointmentScenario"],
            "traditionalFallBackReadFrequency": proposal["traditionalFallBackReadFrequency"],
        }
        outgoing = {
            "deAppointedDataServiceDIPID": OLD_DATA_SERVICE,
            "deAppointedDataServiceMPID": self._mpids[OLD_DATA_SERVICE],
            "dataServiceEffectiveFromDate": self._former_start,
            "dataServiceEffectiveToDate": proposal["proposedDataServiceDIPEffectiveFromDate"],
            "deAppointmentReasonCode": "CSERV",
        }
        premises = {
            "domesticPremiseIndicator": True,
            "domesticPremiseIndicatorEffectiveFromDate": self._former_start,
        }
        accepted = {"B007": ACCEPTED, "B012": requester, "B071": proposal}
        confirmed = {"B012": requester, "B015": incoming} | self._site() | {"B028": premises}
        return [
            Line(*ACCEPTANCE, accepted, primary=(supplier, service)),
            Line(*CONFIRMATION, confirmed, primary=(supplier, service)),
            Line(*DE_APPOINTMENT, {"B009": outgoing}, primary=(OLD_DATA_SERVICE,)),
        ]

    def _requester(self, supplier: DipId) -> dict[str, str]:
        return {
            "serviceProviderAppointmentRequestingSupplierDIPID": supplier,
            "serviceProviderAppointmentRequestingSupplierMPID": self._mpids[supplier],
        }

    def _site(self) -> dict[str, dict[str, Any]]:
        return site_blocks(since=self._former_start)
