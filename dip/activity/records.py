"""A record of the activity log: JSON after the OpenTelemetry log data model, attributes by its conventions (FS-45)."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from yarl import URL

from dip.activity.events import SENT, Event
from dip.activity.masking import Masker, first_messages

_INFO: Final = (9, "INFO")
_WARN: Final = (13, "WARN")
_ERROR: Final = (17, "ERROR")
_TRACE: Final = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}", re.ASCII)
_PATH_LIMIT: Final = 2000
_SCOPE: Final = msgspec.Raw(b'{"Name":"dip.activity","Version":"1"}')


class Record(msgspec.Struct, rename="pascal", omit_defaults=True, kw_only=True):
    """What is kept of a request, in the order in which it is written. Timestamps: nanoseconds since 1970, as text."""

    timestamp: str
    observed_timestamp: str
    trace_id: str | None = None
    span_id: str | None = None
    severity_text: str
    severity_number: int
    event_name: str
    resource: msgspec.Raw
    instrumentation_scope: msgspec.Raw
    attributes: dict[str, Any]
    body: msgspec.Raw | str | None = None


_MUCH: Final = 2
"""How many times what is kept a body has to have, that only its first messages are looked at."""


class Recorder:
    """Writes events down, masked. Safe to use from several threads."""

    def __init__(self, *, masker: Masker, environment: str, version: str, body_bytes: int) -> None:
        """body_bytes: most of an answer's body that is kept."""
        self._masker = masker
        self._limit = body_bytes
        resource = {
            "service.name": "dip",
            "service.version": version,
            "deployment.environment.name": environment,
        }
        self._resource = msgspec.Raw(msgspec.json.encode(resource))
        self._encoder = msgspec.json.Encoder()

    def text(self, event: Event, observed_ns: int) -> bytes:
        """The record of an event, as JSON on one line. observed_ns: wall time, nanoseconds since 1970."""
        attributes: dict[str, Any] = {"log.record.uid": event.uid}
        if event.method:
            attributes["http.request.method"] = event.method[:20]
        if event.url is not None:
            self._locate(event, event.url, attributes)
        if event.status is not None:
            attributes["http.response.status_code"] = event.status
        if event.method:
            attributes["dip.duration_us"] = event.duration_us
        text = self._masker.text
        attributes |= {key: text(held) if isinstance(held, str) else held for key, held in event.attributes.items()}
        body = self._body(event, attributes)
        number, severity = _severity(event)
        trace = _TRACE.fullmatch(event.traceparent) if event.traceparent else None
        return self._encoder.encode(
            Record(
                timestamp=str(event.began),
                observed_timestamp=str(observed_ns),
                trace_id=trace.group(1) if trace else None,
                span_id=trace.group(2) if trace else None,
                severity_text=severity,
                severity_number=number,
                event_name=event.name,
                resource=self._resource,
                instrumentation_scope=_SCOPE,
                attributes=attributes,
                body=body,
            )
        )

    def unwritable(self, event: Event, observed_ns: int, reason: str) -> bytes:
        """What is recorded of an event that can't be written down as it should: that it was, and why no more."""
        bare = Event(name=event.name, uid=event.uid, began=event.began, method=event.method, status=event.status)
        bare.attributes = {"error.type": reason}
        return self.text(bare, observed_ns)

    def _locate(self, event: Event, url: URL, attributes: dict[str, Any]) -> None:
        if event.name == SENT:
            attributes["url.full"] = self._masker.foreign_url(url)[:_PATH_LIMIT]
        else:
            attributes["url.path"] = self._masker.text(url.path)[:_PATH_LIMIT]
            if url.raw_query_string:
                attributes["url.query"] = self._masker.query(url)[:_PATH_LIMIT]

    def _body(self, event: Event, attributes: dict[str, Any]) -> msgspec.Raw | str | None:
        """The body as it is kept, or None with its size and hash among the attributes."""
        body = event.body
        size = len(body) if body is not None else event.size
        if size is not None:
            attributes["http.response.body.size"] = size
        if not body:
            return None
        if not event.is_document and "json" in event.media:
            ours = event.name != SENT
            head = first_messages(body, self._limit) if ours and len(body) > _MUCH * self._limit else body
            masked = self._masker.json(head, ours=ours)
            if masked is not None:
                if head is body and len(masked) <= self._limit:
                    return msgspec.Raw(masked)
                attributes |= {"dip.body.sha256": hashlib.sha256(body).hexdigest(), "dip.body.cut": True}
                return masked[: self._limit].decode("utf-8", "ignore")
        attributes["dip.body.sha256"] = hashlib.sha256(body).hexdigest()
        return None


class Seen(msgspec.Struct, rename="pascal"):
    """A record as it is looked through: only what a search needs."""

    attributes: dict[str, Any]
    timestamp: str = ""
    event_name: str = ""


SEEN: Final = msgspec.json.Decoder(Seen)


def who(attributes: Mapping[str, Any]) -> tuple[str, ...]:
    """Everybody whom a record names: participant, user, or where neither is known the address."""
    names = (attributes.get(name) for name in ("user.id", "dip.party", "client.address"))
    return tuple(str(name) for name in names if name)


def _severity(event: Event) -> tuple[int, str]:
    if not event.method:
        return _INFO
    if event.status is None or event.status >= 500:
        return _ERROR
    return _WARN if event.status >= 400 else _INFO
