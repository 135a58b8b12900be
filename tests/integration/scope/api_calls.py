"""The table of the participants' port: how we ask for, and meddle with, what others have, on each of its routes."""

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from dip.ground.clock import Clock
from dip.messages.timestamps import wire_time
from tests.integration.scope.world import CHANNEL, OURS, PARTNER, THEIRS, World, about
from tests.support.platform import changed, sample

EVERYTHING: Final = {"datetimeFrom": None, "datetimeTo": None, "eventCode": None, "MPAN": None, "version": None}
ALWAYS: Final = {"datetimeFrom": "2020-01-01T00:00:00+00:00", "datetimeTo": "2090-01-01T00:00:00+00:00"}
_HOOK: Final = {"callbackURL": "https://127.0.0.1:9/ours"}
_TUS: Final = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}
_CHANNELS: Final = (CHANNEL, "IF-031")
_OTHERS: Final = (THEIRS, PARTNER)


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One signed call of ours. is_ours: it names us, and asks for others' things within; it need not be refused."""

    path: str
    order: Any = None
    headers: Mapping[str, str] = {}
    is_ours: bool = False

    @property
    def body(self) -> bytes:
        """What is sent."""
        if self.order is None:
            return b""
        return self.order if isinstance(self.order, bytes) else msgspec.json.encode(self.order)


Calls = Callable[[World], Sequence[Call]]


def _named(path: str, world: World, **more: str) -> str:
    return path.format_map({**world.names, **more})


def _of_others(path: str, *orders: Any, headers: Mapping[str, str] | None = None) -> Calls:
    """Calls about others by their ids; {channel} and {party} are filled in."""
    return lambda world: [
        Call(path=_named(path, world, channel=channel, party=party), order=order, headers=headers or {})
        for channel in (_CHANNELS if "{channel}" in path else ("",))
        for party in _OTHERS
        for order in orders or (None,)
    ]


def _both(*made: Calls) -> Calls:
    return lambda world: [call for one in made for call in one(world)]


def _ours(
    path: str, *orders: Callable[[World], Any], headers: Callable[[World], Mapping[str, str]] | None = None
) -> Calls:
    """Calls about ourselves that ask for others' things in the query, the body or the headers."""
    return lambda world: [
        Call(
            path=_named(path, world, channel=channel),
            order=order(world),
            headers=headers(world) if headers else {},
            is_ours=True,
        )
        for channel in (_CHANNELS if "{channel}" in path else ("",))
        for order in orders or (lambda world: None,)
    ]


def _as_them(name: str) -> Callable[[World], Any]:
    """A message in the name of others."""

    def made(world: World) -> Any:
        message = about(world.names["mpan"]) if name == "partner" else sample("if-031")
        return [changed(message, "CommonBlock.S1.senderDIPID", world.names[name])]

    return made


def _entry(transaction: str, sender: str) -> Mapping[str, Any]:
    return {
        "transactionID": transaction,
        "senderUniqueReference": None,
        "correlationID": None,
        "sentTimestamp": wire_time(Clock().wall()),
        "senderID": sender,
        "recipientID": None,
        "DIPConnectionProviderID": None,
        "message": "RCP1061 - MPAN Invalid or Unknown",
        "help": "ours",
        "serviceTicketURL": None,
    }


def _entries(sender: str) -> Callable[[World], Any]:
    return lambda world: {
        "messageArray": [_entry(one, sender) for one in world.ids["transaction_id"]],
        "timestamp": wire_time(Clock().wall()),
    }


def _reports(sender: str) -> Callable[[World], Any]:
    return lambda world: [_entry(one, sender) for one in world.ids["transaction_id"]]


def _transactions(world: World) -> Any:
    return {**EVERYTHING, "transactionIDs": world.ids["transaction_id"]}


def _mpan(world: World) -> Any:
    return {**EVERYTHING, "MPAN": world.names["mpan"]}


def _everything(world: World) -> Any:
    return EVERYTHING


def _range(world: World) -> Any:
    found = sorted(world.ids["transaction_id"])
    return {**EVERYTHING, "transactionIDFrom": found[0], "transactionIDTo": found[-1]}


def _about_asked(world: World) -> Any:
    return {**ALWAYS, "transactionID": world.names["rejected"]}


def _of_correlation(world: World) -> Any:
    return {**ALWAYS, "correlationID": world.names["correlation"]}


def _continued(world: World) -> Mapping[str, str]:
    return {"X-Continuation-Token": world.names["continuation"]}


def _upload_of_others(world: World) -> Mapping[str, str]:
    said = {"name": "x.csv", "version": "1.1.1", "sha256": "0" * 64}
    listed = ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in said.items())
    return {**_TUS, "Upload-Length": "1", "Upload-Metadata": listed, "X-DIP-Sender": "2700000001"}


_UPLOADS: Final = "/publications/IF-047/uploads"
_UPLOAD: Final = f"{_UPLOADS}/{{upload}}"


def _upload(**headers: str) -> Calls:
    given = {**_TUS, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return lambda world: [Call(path=_named(_UPLOAD, world), headers=given)]


TABLE: Final[Mapping[str, Calls]] = {
    "POST /dip-channel/{channel_id}": _both(
        _ours("/dip-channel/IF-018", _as_them("partner")), _ours("/dip-channel/IF-031", _as_them("theirs"))
    ),
    "POST /dip-channel": _ours("/dip-channel", _as_them("partner"), _as_them("theirs")),
    "POST /dip-channel/{channel_id}/pubconfig/{recipient_id}": _both(
        _of_others("/dip-channel/{channel}/pubconfig/{party}", _HOOK),
        _of_others("/dip-channel/all/pubconfig/{party}", _HOOK),
    ),
    "DELETE /dip-channel/{channel_id}/pubconfig/{recipient_id}": _of_others("/dip-channel/{channel}/pubconfig/{party}"),
    "POST /statusmessage/config/{recipient_id}": _of_others("/statusmessage/config/{party}", _HOOK),
    "DELETE /statusmessage/config/{recipient_id}": _of_others("/statusmessage/config/{party}"),
    "POST /statusmessage": _ours("/statusmessage", _reports(OURS), _reports(THEIRS)),
    "GET /dip-channel/{channel_id}/deliveryStatus/{recipient_id}/{message_id}": _both(
        _of_others("/dip-channel/{channel}/deliveryStatus/{party}/{reference}"),
        _ours("/dip-channel/{channel}/deliveryStatus/{ours}/{reference}"),
        _ours("/dip-channel/{channel}/deliveryStatus/{ours}/{dead_transaction}"),
    ),
    "GET /dip-channel/{channel_id}/messages/{recipient_id}": _both(
        _of_others("/dip-channel/{channel}/messages/{party}?max=1000"),
    ),
    "POST /dip-channel/{channel_id}/messages/{recipient_id}/ack": _both(
        _of_others("/dip-channel/{channel}/messages/{party}/ack", {"messageArray": [], "timestamp": "x"}),
        _ours("/dip-channel/{channel}/messages/{ours}/ack", _entries(OURS), _entries(THEIRS)),
    ),
    "GET /dip-channel/{channel_id}/stream/{recipient_id}": _of_others("/dip-channel/{channel}/stream/{party}"),
    "GET /statusmessage/messages/{recipient_id}": _both(
        _of_others("/statusmessage/messages/{party}?max=1000"), _ours("/statusmessage/messages/{ours}?max=1000")
    ),
    "POST /statusmessage/messages/{recipient_id}/ack": _both(
        _of_others("/statusmessage/messages/{party}/ack", {"messageArray": [], "timestamp": "x"}),
        _ours("/statusmessage/messages/{ours}/ack", _entries(OURS), _entries(PARTNER)),
    ),
    "GET /statusmessage/stream/{recipient_id}": _of_others("/statusmessage/stream/{party}"),
    "POST /validate/{channel_id}/{event}": _ours("/validate/IF-018/AddressChg", _as_them("partner")),
    "GET /companyDetails": lambda world: [Call(path="/companyDetails"), Call(path="/companyDetails?MPID=BRKP")],
    "POST /companyDetails": lambda world: [Call(path="/companyDetails", order=[])],
    "POST /dip-channel/{channel_id}/replay/{recipient_id}": _both(
        _of_others("/dip-channel/{channel}/replay/{party}", EVERYTHING),
        _ours("/dip-channel/{channel}/replay/{ours}", _everything, _transactions, _mpan, _range),
        _ours("/dip-channel/{channel}/replay/{ours}", _everything, headers=_continued),
    ),
    "POST /dip-channel/{channel_id}/requeue/{recipient_id}": _both(
        _of_others("/dip-channel/{channel}/requeue/{party}", EVERYTHING),
        _ours("/dip-channel/{channel}/requeue/{ours}", _transactions),
    ),
    "GET /dip-channel/{channel_id}/requeueStatus/{recipient_id}": _both(
        _of_others("/dip-channel/{channel}/requeueStatus/{party}"),
        _of_others("/dip-channel/{channel}/requeueStatus/{party}?requeue-id={requeue}"),
        _ours("/dip-channel/{channel}/requeueStatus/{ours}?requeue-id={requeue}"),
    ),
    "POST /statusmessage/replay/{recipient_id}": _both(
        _of_others("/statusmessage/replay/{party}", ALWAYS),
        _ours("/statusmessage/replay/{ours}", lambda world: ALWAYS, _about_asked, _of_correlation),
    ),
    "POST /statusmessage/requeue/{recipient_id}": _both(
        _of_others("/statusmessage/requeue/{party}", ALWAYS), _ours("/statusmessage/requeue/{ours}", _about_asked)
    ),
    "GET /statusmessage/requeueStatus/{recipient_id}": _both(
        _of_others("/statusmessage/requeueStatus/{party}"),
        _ours("/statusmessage/requeueStatus/{ours}?requeue-id={requeue}"),
    ),
    "OPTIONS /publications/{channel_id}/uploads": _ours(_UPLOADS),
    "OPTIONS /publications/{channel_id}/uploads/{upload}": lambda world: [
        Call(path=_named(_UPLOAD, world), is_ours=True)
    ],
    "POST /publications/{channel_id}/uploads": lambda world: [
        Call(path=_UPLOADS, headers=_upload_of_others(world)),
        Call(path=_UPLOADS, headers={**_upload_of_others(world), "X-DIP-Sender": OURS}),
    ],
    "HEAD /publications/{channel_id}/uploads/{upload}": _upload(),
    "PATCH /publications/{channel_id}/uploads/{upload}": _upload(Upload_Offset="0"),
    "DELETE /publications/{channel_id}/uploads/{upload}": _upload(),
    "POST /publications/{channel_id}/uploads/{upload}": _both(
        _upload(X_HTTP_Method_Override="DELETE"), _upload(X_HTTP_Method_Override="HEAD")
    ),
}
