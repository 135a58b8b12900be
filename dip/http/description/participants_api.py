"""Operations of the participants' API, a channel's own with the formats of its events."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from dip.channels.channel import PUBLICATIONS, Channel
from dip.channels.registry import Registry
from dip.ground.settings import Settings
from dip.http.description.company_details import company_details_operation, is_company_details
from dip.http.description.fetching import fetching_operation, is_fetching
from dip.http.description.operations import (
    Operation,
    answer,
    json_body,
    operation_id,
    path_parameter,
    query_parameter,
    refusals,
    signed,
)
from dip.http.description.replay_api import about_sent
from dip.http.description.routes import Route
from dip.http.description.schemas import SchemaBook, code_of, example_of, one_of, reference
from dip.http.description.uploads import is_upload, upload_operation
from dip.http.description.wire import DELIVERED
from dip.store.records import ALL_CHANNELS

MESSAGES: Final = "Messages"
WEBHOOKS: Final = "Webhooks"
STATUS_MESSAGES: Final = "Status messages"
STANDARD: Final = "StandardResponse"
_ONE_CHANNEL: Final = "POST /dip-channel/{channel_id}"
_MIXED: Final = "POST /dip-channel"
_REPORT: Final = "POST /statusmessage"
_DELIVERY_STATUS: Final = "GET /dip-channel/{channel_id}/deliveryStatus/{recipient_id}/{message_id}"
_VALIDATE: Final = "POST /validate/{channel_id}/{event}"
_COMMON_REFUSALS: Final = (400, 401, 403, 404, 405, 429, 500, 503)
_PARAMETERS: Final = {
    "recipient_id": "The DIP id of the recipient: the caller, or one that it acts for.",
    "channel_id": "An interface id; its case does not matter.",
    "message_id": "The sender's unique reference of the message.",
}

Described = Iterator[tuple[str, str, Operation]]
"""Paths, methods in small letters, and operations."""


class ParticipantsApi:
    """Writes the operations of routes of the API port; fills the document's schemas and examples on the way."""

    def __init__(self, registry: Registry, settings: Settings, book: SchemaBook) -> None:
        self._channels = [channel for _, channel in sorted(registry.channels.items())]
        self._settings = settings
        self._seals = settings.switches.encrypts_custom_block
        self._book = book
        self.examples: dict[str, Any] = {}

    def describe(self, route: Route) -> Described:
        """The operations that a route stands for: one, or one for each channel or event."""
        match route.key:
            case key if key == _ONE_CHANNEL:
                for channel in self._channels:
                    yield f"/dip-channel/{channel.id}", "post", self._messages_in(channel)
            case key if key == _MIXED:
                yield route.path, "post", self._mixed()
            case key if key == _VALIDATE:
                for channel in self._channels:
                    yield from self._validations(channel)
            case _ if is_company_details(route):
                yield route.path, route.method.lower(), company_details_operation(route, STANDARD)
            case _ if is_upload(route):
                taking = [str(channel.id) for channel in self._channels if channel.pattern == PUBLICATIONS]
                yield route.path, route.method.lower(), upload_operation(route, taking, self._settings)
            case _ if is_fetching(route):
                parameters = [self._fetched(name) for name in route.parameters]
                yield route.path, route.method.lower(), fetching_operation(route, parameters, self._settings)
            case _:
                yield route.path, route.method.lower(), self._other(route)

    def tags(self) -> list[dict[str, str]]:
        """A tag for each channel, with what it is for and between whom."""
        return [{"name": channel.id, "description": about(channel)} for channel in self._channels]

    def _messages_in(self, channel: Channel) -> Operation:
        sealed = self._seals and channel.encrypted
        events = channel.events.values()
        layouts = dict.fromkeys(layout for event in events for layout in event.editions.values())
        schemas = [self._book.message(channel, layout, sealed=sealed) for layout in layouts]
        examples = {}
        for event in events:
            name = f"{channel.id}.{code_of(event)}" + (".sealed" if sealed and event.format.has_custom else "")
            summary = f"{event.code} {event.meaning}"
            self.examples[name] = {"summary": summary, "value": [example_of(event, sealed=sealed)]}
            examples[code_of(event)] = {"$ref": f"#/components/examples/{name}"}
        return {
            "operationId": operation_id("send", channel.id),
            "tags": [channel.id],
            "summary": f"Send messages: {channel.name}",
            "description": about(channel, in_full=True),
            "parameters": [*signed(), self._wait()],
            "requestBody": json_body(self._array(schemas), examples),
            "responses": self._answers(with_reply=True),
        }

    def _mixed(self) -> Operation:
        return {
            "operationId": operation_id("send"),
            "tags": [MESSAGES],
            "summary": "Send messages of several channels in one array",
            "description": "Each message goes to the channel that its `S0.interfaceID` names.",
            "parameters": [*signed(), self._wait()],
            "requestBody": json_body(self._array([{"type": "object"}])),
            "responses": self._answers(with_reply=True),
        }

    def _validations(self, channel: Channel) -> Described:
        for event in channel.events.values():
            name = f"{channel.id}.{code_of(event)}"
            sealing = (False, True) if self._seals and channel.encrypted and event.format.has_custom else (False,)
            layouts = dict.fromkeys(event.editions.values())
            schemas = [self._book.message(channel, layout, sealed=sealed) for sealed in sealing for layout in layouts]
            self.examples[name] = {"summary": f"{event.code} {event.meaning}", "value": [example_of(event)]}
            body = {"type": "array", "minItems": 1, "maxItems": 1, "items": one_of(schemas)}
            operation = {
                "operationId": operation_id("validate", channel.id, code_of(event)),
                "tags": [channel.id],
                "summary": f"Is a message of the form of {event.code}? {event.meaning}",
                "description": (
                    "Compares one message with the format and keeps nothing of it. Sender, role, environment, "
                    "addressing and repetition don't matter, and nothing is signed."
                ),
                "requestBody": json_body(body, {code_of(event): {"$ref": f"#/components/examples/{name}"}}),
                "responses": {
                    **answer(201, {"type": "string", "enum": ["Message OK"]}, text="The message has the form."),
                    **answer(400, {"type": "string"}, text="What is wrong: up to ten faults with their places."),
                    **answer(404, {"type": "string"}, text="No such interface or event; those that exist."),
                    **answer(413, {"type": "string"}),
                    **refusals((401, 403, 405, 429, 500), STANDARD),
                },
            }
            yield f"/validate/{channel.id}/{code_of(event)}", "post", operation

    def _other(self, route: Route) -> Operation:
        operation: Operation = {
            "operationId": operation_id(route.method.lower(), route.path),
            "tags": [WEBHOOKS if "config" in route.path else MESSAGES],
            "summary": route.summary,
            "description": route.text,
            "parameters": [*(self._parameter(name) for name in route.parameters), *signed()],
        }
        if route.key == _REPORT:
            return {**operation, "tags": [STATUS_MESSAGES], **self._report()}
        if route.key == _DELIVERY_STATUS:
            return {**operation, "responses": _journal()}
        if (sent := about_sent(route, self._settings)) is not None:
            parameters = [*operation["parameters"], *sent.pop("parameters")]
            tag = STATUS_MESSAGES if "channel_id" not in route.parameters else MESSAGES
            return {**operation, "tags": [tag], "parameters": parameters, **sent}
        if "config" not in route.path:
            return {**operation, "responses": refusals(("default",), STANDARD)}
        if route.method == "POST":
            operation["requestBody"] = json_body(reference("WebhookConfig"))
            operation["callbacks"] = {"delivery": {"{$request.body#/callbackURL}": {"post": self._delivery(route)}}}
            success = answer(201, reference(STANDARD), text="Messages go to this webhook from now on.")
        else:
            success = answer(204, text="The webhook is gone; its messages wait.")
        return {**operation, "responses": {**success, **refusals(_COMMON_REFUSALS, STANDARD)}}

    def _report(self) -> dict[str, Any]:
        made = answer(201, reference(STANDARD), text="Every status message is taken and committed.")
        if self._settings.switches.takes_good_of_mixed:
            made |= answer(207, reference(STANDARD), text="Some status messages are taken; the entries say which.")
        return {
            "requestBody": json_body(self._array([reference("Entry")])),
            "responses": {**made, **refusals((*_COMMON_REFUSALS, 413), STANDARD)},
        }

    def _parameter(self, name: str) -> dict[str, Any]:
        values = [str(channel.id) for channel in self._channels] if name == "channel_id" else []
        if values and self._settings.switches.mixed_channels:
            values.append(ALL_CHANNELS)
        return path_parameter(name, _PARAMETERS.get(name, ""), values)

    def _fetched(self, name: str) -> dict[str, Any]:
        """A parameter of an address from which messages are fetched: of one channel, never of all."""
        values = [str(channel.id) for channel in self._channels] if name == "channel_id" else []
        return path_parameter(name, _PARAMETERS.get(name, ""), values)

    def _delivery(self, route: Route) -> Operation:
        """What the DIP posts to a webhook."""
        status = "/statusmessage" in route.path
        item = "Entry" if status else DELIVERED
        return {
            "summary": "The DIP posts status messages" if status else "The DIP posts messages",
            "description": (
                "Signed by the DIP, over mutual TLS with its client certificate. Answer message by message: a "
                "StandardResponse with an entry for each. What gets no answer, or 408, 429, 500, 502, 503 or 504, "
                "is sent again."
            ),
            "parameters": signed(),
            "requestBody": json_body({"type": "array", "minItems": 1, "items": reference(item)}),
            "responses": {
                **answer(201, reference(STANDARD), text="All messages are accepted."),
                **answer(207, reference(STANDARD), text="Some are accepted; the entries say which."),
                **answer(400, reference(STANDARD), text="None is accepted; the entries say why."),
            },
        }

    def _array(self, schemas: list[Any]) -> dict[str, Any]:
        return {
            "type": "array",
            "minItems": 1,
            "maxItems": self._settings.message_limit,
            "items": one_of(schemas),
        }

    def _answers(self, *, with_reply: bool) -> dict[str, Any]:
        switches = self._settings.switches
        made = answer(switches.status_all_taken, reference(STANDARD), text="Every message is taken and committed.")
        if with_reply:
            made |= answer(200, {"type": "array", "items": reference(DELIVERED)}, text="The reply, which came in time.")
        if switches.takes_good_of_mixed:
            made |= answer(207, reference(STANDARD), text="Some messages are taken; the entries say which.")
        return {**made, **refusals((*_COMMON_REFUSALS, 413), STANDARD)}

    def _wait(self) -> dict[str, Any]:
        text = f"Seconds to wait for the correlated reply to one message, at most {self._settings.longest_wait_s}."
        return query_parameter("wait", text, "integer")


def _journal() -> dict[str, Any]:
    found = answer(200, reference("DIPJournalRecord"), text="The message, and every step of its way so far.")
    none = answer(204, text="There is no such message of yours on the channel.")
    return {**found, **none, **refusals(_COMMON_REFUSALS, STANDARD)}


def about(channel: Channel, *, in_full: bool = False) -> str:
    """What a channel is for, who sends and who receives; in full with its events and times."""
    sentences = [f"**{channel.name}.** {channel.purpose}".strip()]
    sentences.append(f"From {_listed(channel.senders)} to {_listed(channel.recipients)}.")
    if in_full:
        protected = "signed and encrypted" if channel.encrypted else "signed" if channel.signed else "not signed"
        sentences.append(f"Security category {channel.category}: {protected}.")
        if channel.exchange:
            sentences.append(f"{channel.exchange}.")
        if channel.reply_within is not None:
            sentences.append(f"The call waits for the reply, {channel.reply_within.total_seconds():g} s at most.")
        lines = (
            f"- `{event.code}` {event.meaning}, from {_listed(event.senders)}" for event in channel.events.values()
        )
        return " ".join(sentences) + "\n\n" + "\n".join(lines)
    return " ".join(sentences)


def _listed(roles: Iterable[str]) -> str:
    return ", ".join("everyone" if role == "*" else role for role in sorted(roles)) or "nobody"
