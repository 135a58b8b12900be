"""The AsyncAPI 3.0 document of the channels: who sends what, who receives it, how the two belong together."""

from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import urlsplit

from dip import __version__
from dip.channels.channel import Channel, Correlation, Event
from dip.channels.registry import Registry
from dip.ground.settings import Settings
from dip.http.description.operations import SIGNATURE_HEADERS
from dip.http.description.participants_api import about
from dip.http.description.schemas import Schema, SchemaBook, code_of, example_of, one_of
from dip.messages.headers import API_KEY

_VERSION: Final = "3.0.0"
_JSON: Final = "application/json"
_CORRELATIONS: Final = {
    Correlation.CREATE: {
        "description": "Made by the DIP for a message that starts a process, told to its sender in the answer.",
        "location": "$message.payload#/payload/CommonBlock/D0/initialCorrelationID",
    },
    Correlation.COPY: {
        "description": "Quoted by the sender of a message that continues a process; the DIP puts it into D0 too.",
        "location": "$message.payload#/payload/CommonBlock/S1/senderCorrelationID",
    },
}


def asyncapi(registry: Registry, settings: Settings, *, api_url: str) -> dict[str, Any]:
    """The document, as the DIP sees it: it receives what senders post, and sends it to the webhooks of recipients."""
    book = SchemaBook(registry)
    seals = settings.switches.encrypts_custom_block
    channels = [channel for _, channel in sorted(registry.channels.items())]
    messages = {
        _message_name(channel, event): _message(channel, event, book, sealed=seals and channel.encrypted)
        for channel in channels
        for event in channel.events.values()
    }
    address = urlsplit(api_url)
    return {
        "asyncapi": _VERSION,
        "id": "urn:reference-dip",
        "info": {
            "title": "Reference DIP",
            "version": __version__,
            "description": (
                f"The message channels of this server, in the profile `{settings.profile}` and the environment "
                f"`{settings.environment}`. Messages travel in JSON arrays of the elements described here."
            ),
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": _JSON,
        "servers": {
            "dip": {
                "host": address.netloc,
                "pathname": address.path or "/",
                "protocol": "https",
                "description": (
                    "The participants' API. The client certificate says who connects. "
                    f"The header {API_KEY} "
                    + ("has to be there." if settings.api_key_required else "is checked where it is given.")
                ),
                "security": [{"$ref": "#/components/securitySchemes/mutualTLS"}],
            }
        },
        "channels": {str(channel.id): _channel(channel) for channel in channels},
        "operations": {name: made for channel in channels for name, made in _operations(channel)},
        "components": {
            "schemas": dict(sorted(book.schemas.items())),
            "messages": messages,
            "correlationIds": {kind.value: where for kind, where in _CORRELATIONS.items()},
            "securitySchemes": {
                "mutualTLS": {"type": "X509", "description": "The TLS certificate that the DIP issued."}
            },
            "messageTraits": {"signed": {"headers": _headers()}},
        },
    }


def _channel(channel: Channel) -> dict[str, Any]:
    return {
        "address": f"/dip-channel/{channel.id}",
        "title": channel.name,
        "description": about(channel),
        "servers": [{"$ref": "#/servers/dip"}],
        "messages": {
            code_of(event): {"$ref": f"#/components/messages/{_message_name(channel, event)}"}
            for event in channel.events.values()
        },
        "tags": [{"name": process} for process in channel.processes],
    }


def _operations(channel: Channel) -> Iterable[tuple[str, dict[str, Any]]]:
    """What the DIP does on a channel: it receives from senders, and sends to recipients."""
    reference = {"$ref": f"#/channels/{channel.id}"}
    messages = [{"$ref": f"#/channels/{channel.id}/messages/{code_of(event)}"} for event in channel.events.values()]
    yield (
        f"{channel.id}.receive",
        {
            "action": "receive",
            "channel": reference,
            "title": f"{', '.join(sorted(channel.senders))} send {channel.id}",
            "description": "\n".join(
                f"- `{event.code}` {event.meaning}: from {', '.join(sorted(event.senders))}"
                for event in channel.events.values()
            ),
            "bindings": {"http": {"method": "POST", "bindingVersion": "0.3.0"}},
            "messages": messages,
        },
    )
    recipients = ", ".join("everyone" if role == "*" else role for role in sorted(channel.recipients)) or "nobody"
    yield (
        f"{channel.id}.send",
        {
            "action": "send",
            "channel": reference,
            "title": f"{recipients} receive {channel.id}",
            "description": "Posted to the webhook of each recipient, in the order of receipt.\n"
            + "\n".join(_received(event) for event in channel.events.values()),
            "bindings": {"http": {"method": "POST", "bindingVersion": "0.3.0"}},
            "messages": messages,
        },
    )


def _received(event: Event) -> str:
    """Who gets an event, by class and sender (5.5.3)."""
    by_routing: dict[str, list[str]] = {}
    for sender in sorted(event.senders):
        routing = event.routing(sender)
        classes = (("named", routing.primary), ("by MPAN", routing.secondary), ("always", routing.always))
        said = "; ".join(f"{name}: {', '.join(roles)}" for name, roles in classes if roles) or "nobody"
        by_routing.setdefault(said, []).append(sender)
    parts = [
        f"{said} (sent by {', '.join(senders)})" if len(by_routing) > 1 else said
        for said, senders in by_routing.items()
    ]
    return f"- `{event.code}` {' or '.join(parts)}"


def _message(channel: Channel, event: Event, book: SchemaBook, *, sealed: bool) -> dict[str, Any]:
    layouts = dict.fromkeys(event.editions.values())
    schemas = [book.message(channel, layout, sealed=sealed) for layout in layouts]
    made: dict[str, Any] = {
        "name": _message_name(channel, event),
        "title": f"{event.code} {event.meaning}",
        "contentType": _JSON,
        "payload": one_of(schemas),
        "traits": [{"$ref": "#/components/messageTraits/signed"}],
        "examples": [{"name": code_of(event), "payload": example_of(event, sealed=sealed)}],
    }
    if sealed:
        # What is inside the JWE has a schema of its own.
        for layout in layouts:
            book.message(channel, layout)
    kinds = {event.usual_correlation, *event.correlation_by_sender.values()}
    kind = next((one for one in (Correlation.COPY, Correlation.CREATE) if one in kinds), None)
    if kind is not None:
        made["correlationId"] = {"$ref": f"#/components/correlationIds/{kind.value}"}
    return made


def _message_name(channel: Channel, event: Event) -> str:
    return f"{channel.id}.{code_of(event)}"


def _headers() -> Schema:
    texts = {name: {"type": "string", "description": text} for name, text in SIGNATURE_HEADERS.items()}
    return {"type": "object", "properties": texts, "required": list(texts)}
