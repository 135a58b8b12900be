"""Messages that announce payloads: what they name must be there, whole, and their sender's own (5.6)."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from dip.ground.errors import BadRequest
from dip.intake.check import Checked
from dip.intake.refusal import Refusal, several
from dip.messages.envelope import as_meant
from dip.messages.faults import Fault
from dip.publications.address import PayloadAddress, PublicAddress
from dip.store.protocol import MessageStore, PublicationStore
from dip.store.publication_records import NewPublication, NewVariant, Payload, PayloadState

_FAILED: Final = "MSG1000"
_LIST: Final = "P02List"
_INFORMATION: Final = "additionalInformation"
_LONGEST_INFORMATION: Final = 2000
_KEYS: Final = (
    *("distributionVariantID", "distributionVariantName", "distributionVariantDescription"),
    *("distributionVariantVersionID", "distributionVariantPublicationDate", "distributionVariantFormat"),
    *("distributionDeliveryFormat", "distributionDeliveryURI", _INFORMATION),
)
_SAID_DIGEST: Final = re.compile(r"\bsha-256=([0-9A-Fa-f]*)")
_SAID_SIZE: Final = re.compile(r"\bsize=(\d*)", re.ASCII)
_CUSTOM: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_VARIANTS: Final = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])
_json = msgspec.json.Encoder().encode


class Announcing:
    """Reads what a message announces, and writes size and digest of each payload that is here into it."""

    def __init__(self, *, messages: MessageStore, store: PublicationStore, public: PublicAddress) -> None:
        self._messages = messages
        self._store = store
        self._public = public

    def read(self, checked: Checked) -> Refusal | None:
        """Set `publication` of a message whose body is good, and its CustomBlock as recipients get it."""
        digest = _digest(checked)
        variants = _variants(checked.custom)
        faults: list[Fault] = []
        filled: dict[int, str] = {}
        said: list[NewVariant] = []
        named: set[PayloadAddress] = set()
        for number, variant in enumerate(variants):
            found = self._payload(checked, number, variant, named, faults)
            information = variant.additionalInformation
            if found is not None:
                information = _information(found, information, _pointer(number, _INFORMATION), faults)
                if information is not None and information != variant.additionalInformation:
                    filled[number] = information
            said.append(_variant(variant, found, information))
        if faults:
            if not self._messages.reference_known(checked.sender, checked.channel.id, checked.reference):
                return several(_FAILED, faults)
            # A repeat is judged as one, whatever became of its payloads since.
            said, filled = [], {}
        checked.publication = _publication(checked.custom, digest, said)
        if filled:
            checked.custom_raw = _with_information(bytes(checked.custom_raw or b""), filled)
        return None

    def _payload(
        self, checked: Checked, number: int, variant: Any, named: set[PayloadAddress], faults: list[Fault]
    ) -> Payload | None:
        """The payload that a variant names; None where it stands outside, or there is a fault."""
        uri, place = variant.distributionDeliveryURI, _pointer(number, "distributionDeliveryURI")
        if not self._public.is_ours(uri):
            return None
        try:
            address = self._public.read(uri)
        except BadRequest as exc:
            faults.append(Fault(place, exc.message, uri))
            return None
        version = variant.distributionVariantVersionID
        if version != address.version:
            expected = f"{address.version}, the version in the distributionDeliveryURI"
            faults.append(Fault(_pointer(number, "distributionVariantVersionID"), expected, version))
        if address in named:
            faults.append(Fault(place, "each payload once", uri))
        named.add(address)
        found = self._store.payload(*msgspec.structs.astuple(address))
        expected = _why_not(found, checked, address)
        if expected:
            faults.append(Fault(place, expected, uri))
            return None
        return found


def _why_not(found: Payload | None, checked: Checked, address: PayloadAddress) -> str:
    """What has to be there instead; empty where all is well."""
    if address.channel != checked.channel.id:
        return f"a payload uploaded for {checked.channel.id}, the channel of this message"
    mine = found is not None and (
        found.sender == checked.sender or found.state in (PayloadState.PUBLISHED, PayloadState.REMOVED)
    )
    if found is None or not mine:
        return f"a payload that {checked.sender} uploaded: upload it first, then announce it"
    if found.sender != checked.sender:
        return "a payload of the message's own sender"
    if found.state is PayloadState.RECEIVING:
        return f"a whole payload: {found.received} of its {found.size} bytes are here, go on with its upload"
    if found.state is PayloadState.REMOVED:
        return "a payload that is still there: this one was removed; upload it in another version"
    return ""


def _information(payload: Payload, said: str | None, place: str, faults: list[Fault]) -> str | None:
    """The additional information, with size and digest. What the sender says of them must be right."""
    size, digest = str(payload.size), payload.sha256.hex()
    text = said or ""
    missing = []
    for name, value, form in (("size", size, _SAID_SIZE), ("sha-256", digest, _SAID_DIGEST)):
        found = form.search(text)
        if found is None:
            missing.append(f"{name}={value}")
        elif found.group(1).lower() != value:
            faults.append(Fault(place, f"{name}={value}, as it was uploaded", found.group()))
    filled = "; ".join(([text] if text else []) + missing)
    if len(filled) > _LONGEST_INFORMATION:
        room = _LONGEST_INFORMATION - len(filled) + len(text)
        faults.append(Fault(place, f"at most {room} characters: size and digest are written behind them"))
        return said
    return filled


def _with_information(custom: bytes, filled: Mapping[int, str]) -> bytes:
    """The CustomBlock, byte for byte but for the additional information of these variants."""
    blocks = _CUSTOM.decode(custom)
    variants = _VARIANTS.decode(blocks[_LIST])
    for number, text in filled.items():
        variants[number][_INFORMATION] = msgspec.Raw(_json(text))
    blocks[_LIST] = msgspec.Raw(_json(variants))
    return _json(blocks)


def _variants(custom: Any) -> Sequence[Any]:
    """The entries of P02List, where the channel's format has it as published."""
    variants = getattr(custom, _LIST, None) or ()
    return variants if all(hasattr(one, key) for one in variants for key in _KEYS) else ()


def _publication(custom: Any, digest: bytes, variants: Sequence[NewVariant]) -> NewPublication:
    about = getattr(custom, "P01", None) or None
    return NewPublication(
        content_digest=digest,
        description=getattr(about, "publicationDescription", None),
        version=getattr(about, "publicationVersionID", None),
        issued=getattr(about, "publicationDate", None),
        variants=variants,
    )


def _variant(said: Any, payload: Payload | None, information: str | None) -> NewVariant:
    return NewVariant(
        payload=None if payload is None else payload.id,
        uri=said.distributionDeliveryURI,
        variant_id=said.distributionVariantID,
        name=said.distributionVariantName,
        description=said.distributionVariantDescription,
        version=said.distributionVariantVersionID,
        issued=said.distributionVariantPublicationDate,
        format=said.distributionVariantFormat,
        delivery_format=said.distributionDeliveryFormat,
        information=information,
    )


def _digest(checked: Checked) -> bytes:
    """SHA-256 of the message as its sender means it: its archive copy goes, a repeat is told by this."""
    payload: dict[str, Any] = {"CommonBlock": {name: msgspec.json.decode(raw) for name, raw in checked.blocks.items()}}
    if checked.custom_raw is not None:
        payload["CustomBlock"] = msgspec.json.decode(checked.custom_raw)
    return hashlib.sha256(msgspec.json.encode(as_meant(payload), order="sorted")).digest()


def _pointer(number: int, item: str) -> str:
    return f"/payload/CustomBlock/{_LIST}/{number}/{item}"
