"""What goes out in one call: obfuscated, encrypted for its recipient, joined, signed (5.2.2, 5.5.6)."""

import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from dip.channels.obfuscation import without
from dip.messages.envelope import Envelope, array
from dip.messages.headers import ENVIRONMENT, SEQUENCE
from dip.messages.identifiers import DipId
from dip.participants.registry import Participants
from dip.security.encryption import Encryptor
from dip.security.signing import Signer, content_hash
from dip.store.records import Lane, Waiting
from dip.store.replay import Sent

_PATHS = msgspec.json.Decoder(tuple[str, ...])
_JWE_HEAD = 800
"""Most that header, key, nonce and tag add to a JWE's ciphertext, bytes."""


class Item(msgspec.Struct, frozen=True):
    """One delivery with what is sent for it: an envelope, or a status message's entry."""

    waiting: Waiting
    content: Envelope | bytes


class Outgoing(msgspec.Struct, frozen=True):
    """A call ready to be made. Sizes in bytes."""

    items: Sequence[Item]
    body: bytes
    headers: Mapping[str, str]
    note: str | None = None
    """What is remarkable about it, for the evidence."""
    signing_certificate: str = ""
    """Fingerprint of the certificate that it is signed with."""


def fit(items: Sequence[Item], max_bytes: int) -> Sequence[Item]:
    """As many of the items as one call may carry; at least one."""
    size = 1
    for number, item in enumerate(items):
        size += _size(item) + 1
        if number and size > max_bytes:
            return items[:number]
    return items


def _size(item: Item) -> int:
    """How many bytes the item may become; base64 makes four out of three."""
    if isinstance(item.content, bytes):
        return len(item.content)
    size = len(item.content.plain)
    if not item.waiting.protected:
        return size
    return size + (size - item.content.common_end) // 3 + _JWE_HEAD


class Bodies:
    """The latest bodies: recipients that get the same messages in a call share one encoding and one hash (5.5.10)."""

    def __init__(self, most: int = 8) -> None:
        self._most = most
        self._latest: dict[tuple[int, ...], tuple[bytes, str]] = {}
        self._lock = threading.Lock()

    def of(self, items: Sequence[Item], encryptor: Encryptor | None) -> tuple[bytes, str | None]:
        """The body of a call, and its content hash where it was worth keeping."""
        if len(items) == 1 or not all(_is_for_all(item.waiting) for item in items):
            return array([element_of(item, encryptor) for item in items]), None
        key = tuple([item.waiting.message for item in items])
        found = self._latest.get(key)
        if found is None:
            body = array([element_of(item, None) for item in items])
            found = body, content_hash(body)
            with self._lock:
                self._latest[key] = found
                while len(self._latest) > self._most:
                    del self._latest[next(iter(self._latest))]
        return found


def _is_for_all(waiting: Waiting) -> bool:
    """Whether every recipient of the message gets the same bytes."""
    return not (waiting.protected or waiting.replay or waiting.hidden or waiting.status_message)


def build(
    items: Sequence[Item],
    *,
    url: str,
    signer: Signer,
    encryptor: Encryptor | None,
    at: datetime,
    extra_headers: Mapping[str, str],
    method: str = "POST",
    bodies: Bodies | None = None,
) -> Outgoing:
    """Body and headers of a call, or of the answer to one; runs in a worker thread, for its cryptography is heavy.

    encryptor: the recipient's, where any item is protected. bodies: where the body may be found already.
    """
    body, digest = (bodies or Bodies()).of(items, encryptor)
    headers = {"Content-Type": "application/json", **signer.headers(method, url, body, at, digest), **extra_headers}
    return Outgoing(items, body, headers, signing_certificate=signer.fingerprint)


def element_of(item: Item, encryptor: Encryptor | None) -> bytes:
    """The element of an array that a delivery stands for. encryptor: the recipient's, where it is protected."""
    if isinstance(item.content, bytes):
        return item.content
    hidden = _PATHS.decode(item.waiting.hidden) if item.waiting.hidden is not None else ()
    envelope = item.content.replayed() if item.waiting.replay else item.content
    return element(envelope, hidden, encryptor if item.waiting.protected else None)


def element(envelope: Envelope, hidden: Sequence[str], encryptor: Encryptor | None) -> bytes:
    """One element of an array as its recipient may see it. encryptor: the recipient's, where it is protected."""
    if hidden:
        content = envelope.content()
        without(content, hidden)
        envelope = Envelope.of_content(content)
    custom = envelope.custom
    if encryptor is None or custom is None:
        return envelope.plain
    return envelope.with_custom(b'"%b"' % encryptor.encrypt(custom).encode())


def sequences(items: Sequence[Item], lanes: Mapping[int, Lane]) -> str:
    """The value of X-DIP-Sequence: for each channel the numbers in this call, such as `IF-031=12-19,21`."""
    by_channel: dict[str, list[int]] = defaultdict(list)
    for item in items:
        by_channel[lanes[item.waiting.lane].channel].append(item.waiting.sequence)
    return "; ".join(f"{channel}={_ranges(sorted(numbers))}" for channel, numbers in by_channel.items())


def _ranges(numbers: Sequence[int]) -> str:
    spans: list[list[int]] = []
    for number in numbers:
        if spans and spans[-1][1] == number - 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in spans)


def platform_headers(items: Sequence[Item], lanes: Mapping[int, Lane], environment: str) -> dict[str, str]:
    """The headers of the spec profile: which environment this is, and which numbers the call carries."""
    return {ENVIRONMENT: environment, SEQUENCE: sequences(items, lanes)}


def encryptor_for(
    participants: Participants, recipient: DipId, sent: Iterable[Waiting | Sent], at: datetime
) -> Encryptor | None:
    """The encryptor that these deliveries need: the recipient's, where one of them is a protected message.

    Status messages have nothing to protect. at: the wall clock's time. Raises CertificateMissing.
    """
    needed = any(one.protected and one.status_message is None for one in sent)
    return participants.encryptor(recipient, at) if needed else None
