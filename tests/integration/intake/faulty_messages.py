"""Ways to get a message refused: header, sender, recipients, CustomBlock."""

import copy
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509 import load_pem_x509_certificate
from joserfc import jwe
from joserfc.jwk import RSAKey

from dip.ground.clock import Clock
from dip.messages.timestamps import wire_time
from dip.security.encryption import Encryptor
from tests.integration.intake.calls import REGISTRATION, SUPPLIER, Call, Calls, Message, array
from tests.integration.intake.ways import Way
from tests.support.platform import changed, sample

_S0, _S1, _M0 = "CommonBlock.S0", "CommonBlock.S1", "CommonBlock.M0"
_SERVICE = "1400000001"
_NEVER_ISSUED = "CI-20220401-1234567890123ABCE123092"


def _item(path: str, value: Any) -> Callable[[Calls], Call]:
    return lambda calls: Call(body=array(changed(calls.good(), path, value)))


def _message(change: Callable[[Message], None]) -> Callable[[Calls], Call]:
    def make(calls: Calls) -> Call:
        message = copy.deepcopy(calls.good())
        change(message)
        return Call(body=array(message))

    return make


def _custom(path: str, value: Any) -> Callable[[Calls], Call]:
    return lambda calls: Call(body=array(calls.closed(changed(sample("if-031"), path, value))))


def _block(make: Callable[[Calls], Any]) -> Callable[[Calls], Call]:
    return lambda calls: Call(body=array(changed(sample("if-031"), "CustomBlock", make(calls))))


def _raw_block(block: bytes) -> Callable[[Calls], Call]:
    """A CustomBlock byte for byte."""

    def make(calls: Calls) -> Call:
        whole = array(changed(sample("if-031"), "CustomBlock", "HERE"))
        return Call(body=whole.replace(b'"HERE"', block))

    return make


def _at(ahead: timedelta) -> Callable[[Calls], Call]:
    def make(calls: Calls) -> Call:
        return Call(body=array(changed(calls.good(), f"{_S1}.senderTimestamp", wire_time(Clock().wall() + ahead))))

    return make


def _from(sender: str, role: str) -> Callable[[Calls], Call]:
    """An IF-031 of another party, sent and signed by itself."""

    def make(calls: Calls) -> Call:
        message = changed(calls.good("if-031", sender), f"{_S1}.senderRoleID", role)
        return Call(body=array(changed(message, f"{_S1}.senderDIPID", sender)), caller=sender, signer=sender)

    return make


def _addressed(*recipients: str | None) -> Callable[[Calls], Call]:
    address = {"primaryRecipients": recipients, "secondaryRecipients": [], "always": []}
    return _item("CommonBlock.A0", address)


def _plaintext(content: bytes) -> Callable[[Calls], Any]:
    return lambda calls: calls.platform.credentials(SUPPLIER).encryptor.encrypt(content)


def _to_oneself(calls: Calls) -> str:
    pem = (calls.platform.credentials(SUPPLIER).folder / "encryption.pem").read_bytes()
    return Encryptor(load_pem_x509_certificate(pem)).encrypt(b"{}")


def _with_key_of_another(calls: Calls) -> str:
    return calls.platform.credentials(REGISTRATION).encryptor.encrypt(b"{}")


def _tampered(calls: Calls) -> str:
    head, _, tail = calls.good()["payload"]["CustomBlock"].rpartition(".")
    return f"{head}.{'A' * len(tail)}"


def _jwe(**header: Any) -> Callable[[Calls], str]:
    """A JWE to the right key with something else in its protected header."""

    def make(calls: Calls) -> str:
        pem = (calls.platform.credentials(SUPPLIER).folder / "dip-encryption.pem").read_bytes()
        public = load_pem_x509_certificate(pem).public_key()
        assert isinstance(public, rsa.RSAPublicKey)
        key = RSAKey.import_key(public)
        protected = {"alg": "RSA-OAEP-256", "enc": "A256GCM", **header}
        registry = jwe.JWERegistry(
            algorithms=["RSA-OAEP", "RSA-OAEP-256", "A256GCM", "A128GCM", "DEF"], strict_check_header=False
        )
        block = msgspec.json.encode(sample("if-031")["payload"]["CustomBlock"])
        return jwe.encrypt_compact(protected, block, key, registry=registry)

    return make


def _without(block: str, key: str) -> Callable[[Calls], Call]:
    def change(message: Message) -> None:
        del message["payload"]["CommonBlock"][block][key]

    return _message(change)


def _no_recipient(calls: Calls) -> Call:
    message = changed(
        sample("if-031"), _S0, {"interfaceID": "IF-032", "schemaVersion": "011", "eventCode": "[DSAppInitialResp]"}
    )
    for key, value in (("senderDIPID", REGISTRATION), ("senderRoleID", "REGS")):
        message = changed(message, f"{_S1}.{key}", value)
    body = array(calls.closed(message, REGISTRATION))
    return Call(body=body, path="/dip-channel/IF-032", caller=REGISTRATION, signer=REGISTRATION)


HEADER = [
    Way("no payload", _message(dict.clear), 400, "MSG1001", "/0"),
    Way("more beside payload", _message(lambda m: m.update(extra=1)), 400, "MSG1001", "extra"),
    Way("more within payload", _message(lambda m: m["payload"].update(Extra=1)), 400, "MSG1001", "Extra"),
    Way("no CommonBlock", _message(lambda m: m["payload"].pop("CommonBlock")), 400, "MSG1001", "/0/payload"),
    Way("CommonBlock a list", _item("CommonBlock", []), 400, "MSG1001", "/0/payload/CommonBlock"),
    Way("no S0", _message(lambda m: m["payload"]["CommonBlock"].pop("S0")), 400, "MSG1001", "CommonBlock/S0"),
    Way("interface a number", _item(f"{_S0}.interfaceID", 31), 400, "MSG1001", "interfaceID"),
    Way(
        "another interface",
        _item(f"{_S0}.interfaceID", "IF-021"),
        400,
        "MSG1002",
        "/S0/interfaceID (DI-000 Interface Id): expected IF-031",
    ),
    Way("unknown event", _item(f"{_S0}.eventCode", "[Nothing]"), 400, "MSG1001", "[DSApp]"),
    Way("event without brackets", _item(f"{_S0}.eventCode", "DSApp"), 400, "MSG1001", "/S0/eventCode"),
    Way("another version", _item(f"{_S0}.schemaVersion", "999"), 400, "MSG1001", "/S0/schemaVersion"),
    Way("no S1", _message(lambda m: m["payload"]["CommonBlock"].pop("S1")), 400, "MSG1001", "CommonBlock/S1"),
    Way("no subText", _without("S1", "subText"), 400, "MSG1001", "/S1/subText (DI-977 SubText): expected the key"),
    Way("unknown key", _item(f"{_S1}.mood", "good"), 400, "MSG1001", "/S1/mood"),
    Way("reference out of form", _item(f"{_S1}.senderUniqueReference", "1"), 400, "MSG1001", "senderUniqueReference"),
    Way("reference a number", _item(f"{_S1}.senderUniqueReference", 1), 400, "MSG1001", "senderUniqueReference"),
    Way("time out of form", _item(f"{_S1}.senderTimestamp", "now"), 400, "MSG1001", "senderTimestamp"),
    Way(
        "no such time", _item(f"{_S1}.senderTimestamp", "2026-13-41T25:61:00+00:00"), 400, "MSG1007", "senderTimestamp"
    ),
    Way("in the future", _at(timedelta(seconds=330)), 400, "MSG1007", "300 s ahead"),
    Way("another environment", _item(f"{_S1}.environmentTag", "PRD"), 400, "MSG1000", "expected DEV"),
    Way("no environment", _item(f"{_S1}.environmentTag", "ABC"), 400, "MSG1001", "environmentTag"),
    Way("MPAN of twelve digits", _item(f"{_M0}.MPANCore", "200005653597"), 400, "MSG1001", "/M0/MPANCore"),
    Way("MPAN null", _item(f"{_M0}.MPANCore", None), 400, "MSG1001", "/M0/MPANCore"),
    Way("no M0", _message(lambda m: m["payload"]["CommonBlock"].pop("M0")), 400, "MSG1001", "CommonBlock/M0"),
    Way(
        "correlation never issued",
        _item(f"{_S1}.senderCorrelationID", _NEVER_ISSUED),
        400,
        "MSG1012",
        "senderCorrelationID",
    ),
    Way("wrapper of the sender", _item("CommonBlock.D0", {"transactionID": "T"}), 400, "MSG1001", "/D0"),
]

SENDER = [
    Way("another sender", _item(f"{_S1}.senderDIPID", "2300000002"), 403, "MSG1009", SUPPLIER),
    Way("unknown sender", _item(f"{_S1}.senderDIPID", "2399999999"), 403, "MSG1009", "a participant"),
    Way("role not held", _item(f"{_S1}.senderRoleID", "REGS"), 403, "MSG1010", "expected a role of"),
    Way("role that doesn't send it", _from(_SERVICE, "SDS"), 403, "MSG1010", "SUP"),
    Way(
        "another provider",
        _item(f"{_S1}.DIPConnectionProviderID", "1000000001"),
        403,
        "MSG1011",
        "DIPConnectionProviderID",
    ),
]

RECIPIENTS = [
    Way("unknown recipient", _addressed("2299999999"), 400, "MSG1031", "/A0/primaryRecipients/0"),
    Way("recipient in another role", _addressed(REGISTRATION, _SERVICE), 400, "MSG1032", "/A0/primaryRecipients/1"),
    Way("nobody named", _no_recipient, 400, "MSG1031", "/A0/primaryRecipients"),
]

_DEEP = b'{"B013":{"CSSRegistrationID":"2000056535972","more":' + b"[" * 300 + b"]" * 300 + b"}}"

CUSTOM = [
    Way("no CustomBlock", _message(lambda m: m["payload"].pop("CustomBlock")), 400, "MSG1001", "/CustomBlock"),
    Way("CustomBlock null", _item("CustomBlock", None), 400, "MSG1001", "/CustomBlock"),
    Way("CustomBlock a list", _item("CustomBlock", []), 400, "MSG1001", "/CustomBlock"),
    Way("item missing", _custom("CustomBlock.B071", {}), 400, "MSG1001", "/CustomBlock/B071"),
    Way(
        "item out of list",
        _custom("CustomBlock.B071.appointmentScenario", "XYZ"),
        400,
        "MSG1001",
        "appointmentScenario",
    ),
    Way("unknown block", _custom("CustomBlock.B999", {}), 400, "MSG1001", "/CustomBlock/B999"),
    Way("CustomBlock too deep", _raw_block(_DEEP), 400, "MSG1001", "32 deep", "live"),
    Way("encrypted", _block(_plaintext(b"{}")), 400, "MSG1001", "/CustomBlock", "live"),
    Way("not encrypted", lambda calls: Call(body=array(sample("if-031"))), 400, "MSG1001", "JWE", "spec"),
    Way("text that is no JWE", _block(lambda calls: "hello"), 400, "MSG1000", "five base64url parts", "spec"),
    Way("JWE of empty parts", _block(lambda calls: "...."), 400, "MSG1000", "JWE", "spec"),
    Way("JWE not of UTF-8", _raw_block(b'"\xff\xfe"'), 400, "MSG1001", "", "spec"),
    Way("JWE with half a surrogate", _raw_block(b'"\\ud800"'), 400, "MSG1001", "", "spec"),
    Way("JWE to oneself", _block(_to_oneself), 400, "MSG1000", "x5t#S256", "spec"),
    Way("JWE of another sender", _block(_with_key_of_another), 400, "MSG1000", "x5t#S256", "spec"),
    Way("JWE tampered with", _block(_tampered), 400, "MSG1000", "does not verify", "spec"),
    Way("JWE by the old algorithm", _block(_jwe(alg="RSA-OAEP")), 400, "MSG1000", "RSA-OAEP-256", "spec"),
    Way("JWE with a short key", _block(_jwe(enc="A128GCM")), 400, "MSG1000", "A256GCM", "spec"),
    Way("JWE compressed", _block(_jwe(zip="DEF")), 400, "MSG1000", "zip", "spec"),
    Way("JWE with a link to a key", _block(_jwe(jku="https://localhost/")), 400, "MSG1000", "jku", "spec"),
    Way("JWE of no JSON", _block(_plaintext(b"hello")), 400, "MSG1001", "/CustomBlock", "spec"),
    Way("JWE of nothing", _block(_plaintext(b"")), 400, "MSG1001", "/CustomBlock", "spec"),
    Way("JWE of no UTF-8", _block(_plaintext(b'{"\xff":1}')), 400, "MSG1001", "/CustomBlock", "spec"),
    Way("JWE too deep", _block(_plaintext(_DEEP)), 400, "MSG1001", "32 deep", "spec"),
]
