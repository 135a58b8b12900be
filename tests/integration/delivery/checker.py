"""A recipient that finds what is wrong with a message, by what it knows: one response code for each (facts, RCP)."""

import re
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import jsonschema_rs
import msgspec
from aiohttp import web

from dip.channels.channel import Channel
from dip.client import Credentials
from dip.security.encryption import UndecryptableBlock
from dip.security.signing import SignatureRefused, SignedHeaders, verify
from tests.integration.delivery.receiver import Incoming
from tests.support.platform import Platform

GOOD = "RCP0000"
_CORRELATION = re.compile(r"CI-\d{8}-[0-9A-F]{26}")
_TOLERANCE = timedelta(minutes=5)


class Checker:
    """Checks what comes for one participant; `codes` has what it answered, message by message."""

    def __init__(self, platform: Platform, dip_id: str, mpans: Collection[str]) -> None:
        self.credentials: Credentials = platform.credentials(dip_id)
        self.codes: list[str] = []
        self.url = ""
        self._platform = platform
        self._mpans = mpans

    def answer(self, incoming: Incoming) -> web.Response:
        """The answer to a call: an entry for each message."""
        signed = self._is_signed(incoming)
        codes = [self.code_for(element) if signed else "RCP9999" for element in incoming.elements]
        self.codes += codes
        entries = [_entry(element, code) for element, code in zip(incoming.elements, codes, strict=True)]
        body = {"messageArray": entries, "timestamp": "2026-03-21T19:05:00+00:00"}
        status = 201 if set(codes) == {GOOD} else 207 if GOOD in codes else 400
        return web.Response(status=status, body=msgspec.json.encode(body), content_type="application/json")

    def code_for(self, element: dict[str, Any]) -> str:
        """What is wrong with a message, the first of it; GOOD for nothing."""
        try:
            payload = self.credentials.opened(element)["payload"]
        except UndecryptableBlock:
            return "RCP1000"
        common = payload["CommonBlock"]
        channel = self._platform.dip.registry.value.find(common["S0"]["interfaceID"])
        if channel is None:
            return "RCP1002"
        return self._header(channel, common) or self._wrapper(channel, common) or self._content(channel, payload)

    def _header(self, channel: Channel, common: dict[str, Any]) -> str:
        event, sender = channel.events.get(common["S0"]["eventCode"]), common["S1"]
        dip = self._platform.dip
        checks = (
            ("RCP1003", event is not None),
            ("RCP1004", sender["environmentTag"] == dip.settings.environment),
            ("RCP1005", event is None or common["S0"]["schemaVersion"] in event.editions),
            ("RCP1006", sender.get("senderUniqueReference")),
            ("RCP1007", sender.get("senderTimestamp")),
            ("RCP1008", not self._is_ahead(sender.get("senderTimestamp"))),
            ("RCP1009", dip.participants.value.get(sender["senderDIPID"]) is not None),
            ("RCP1010", sender["senderRoleID"] in channel.senders),
        )
        return next((code for code, good in checks if not good), "")

    def _wrapper(self, channel: Channel, common: dict[str, Any]) -> str:
        wrapper, named = common["D0"], [one for ids in common["A0"].values() if isinstance(ids, list) for one in ids]
        checks = (
            ("RCP1041", self.credentials.dip_id in named),
            ("RCP1042", wrapper["publicationID"] == channel.publication),
            ("RCP1043", wrapper.get("transactionID")),
            ("RCP1044", wrapper.get("transactionTimestamp")),
            ("RCP1045", not self._is_ahead(wrapper.get("transactionTimestamp"))),
            ("RCP1046", _CORRELATION.fullmatch(wrapper["initialCorrelationID"])),
            ("RCP1047", wrapper["replayIndicator"] is False),
            ("RCP1061", common["M0"]["MPANCore"] in self._mpans),
        )
        return next((code for code, good in checks if not good), "")

    def _content(self, channel: Channel, payload: dict[str, Any]) -> str:
        event = channel.events[payload["CommonBlock"]["S0"]["eventCode"]]
        layout = event.format_of(payload["CommonBlock"]["S0"]["schemaVersion"])
        kinds = {
            type(error.kind).__name__
            for error in jsonschema_rs.Draft202012Validator(layout.schema()).iter_errors(payload)
        }
        if "Required" in kinds:
            return "RCP1021"
        if "Enum" in kinds:
            return "RCP1022"
        return "RCP1001" if kinds else GOOD

    def _is_ahead(self, text: str | None) -> bool:
        return text is not None and datetime.fromisoformat(text) > self._platform.dip.clock.now() + _TOLERANCE

    def _is_signed(self, incoming: Incoming) -> bool:
        try:
            verify(
                SignedHeaders.of(incoming.headers),
                method="POST",
                urls=(self.url,),
                body=incoming.body,
                public_key=self.credentials.dip_signing_key,
                allow_empty_braces=False,
            )
        except SignatureRefused:
            return False
        return True


def _entry(element: dict[str, Any], code: str) -> dict[str, Any]:
    common = element["payload"]["CommonBlock"]
    return {
        "transactionID": common["D0"].get("transactionID"),
        "senderUniqueReference": common["S1"].get("senderUniqueReference"),
        "message": f"{code} - found by the checker",
    }
