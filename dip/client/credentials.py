"""What a participant holds: its identity, its keys, and the certificates that it trusts."""

import ssl
from pathlib import Path
from typing import Self

import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from dip.client.errors import CredentialsIncomplete
from dip.client.messages import Message
from dip.client.platform_signers import PlatformSigners
from dip.messages.identifiers import DipId, RoleCode
from dip.security.encryption import Decryptor, Encryptor, UndecryptableBlock, thumbprint
from dip.security.signing import Signer, VerificationKey


class Identity(msgspec.Struct, frozen=True, rename="camel"):
    """The file `participant.json`."""

    dip_id: DipId
    mpid: str
    role: RoleCode
    name: str
    api_key: str


class Credentials(msgspec.Struct, frozen=True):
    """One participant's folder, read: who it is, how it signs, encrypts and connects.

    dip_signing_key is of the DIP's signing certificate at hand, platform knows later ones too; root is the only trust
    anchor.
    """

    folder: Path
    identity: Identity
    signer: Signer
    encryptor: Encryptor
    decryptor: Decryptor
    dip_signing_key: VerificationKey
    platform: PlatformSigners
    root: Path

    @property
    def dip_id(self) -> DipId:
        """The participant's DIP id."""
        return self.identity.dip_id

    @property
    def role(self) -> RoleCode:
        """The participant's first role."""
        return self.identity.role

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read `DIR/participants/<dip-id>` and the two certificates that stand two folders above.

        Raises CredentialsIncomplete, which names the file and what is the matter with it.
        """
        top = folder.parent.parent
        try:
            identity = msgspec.json.decode(_content(folder / "participant.json"), type=Identity)
        except msgspec.DecodeError as fault:
            raise CredentialsIncomplete(f"{folder / 'participant.json'}: {fault}.") from fault
        ours = _certificate(folder / "encryption.pem")
        dip = _certificate(top / "dip" / "signing.pem")
        root = top / "ca.pem"
        for certificate in (root, folder / "signing.pem"):
            _certificate(certificate)
        return cls(
            folder=folder,
            identity=identity,
            signer=Signer(_private_key(folder / "signing.key"), _content(folder / "signing.pem")),
            encryptor=Encryptor(_certificate(folder / "dip-encryption.pem")),
            decryptor=Decryptor({thumbprint(ours): _private_key(folder / "encryption.key")}, thumbprint(ours)),
            dip_signing_key=_verification_key(top / "dip" / "signing.pem", dip),
            platform=PlatformSigners(dip, _issuing(folder / "tls.pem")),
            root=root,
        )

    def opening_for(self, principal: Self) -> Self:
        """An agent's credentials that also open what is encrypted to the participant for which it acts."""
        return msgspec.structs.replace(self, decryptor=self.decryptor.joined(principal.decryptor))

    def opened(self, message: Message) -> Message:
        """The message with its CustomBlock decrypted, where it is encrypted. Raises UndecryptableBlock."""
        payload = message.get("payload")
        block = payload.get("CustomBlock") if isinstance(payload, dict) else None
        if not isinstance(block, str):
            return message
        plain = self.decryptor.decrypt(block)
        try:
            return {**message, "payload": {**message["payload"], "CustomBlock": msgspec.json.decode(plain)}}
        except msgspec.DecodeError as fault:
            raise UndecryptableBlock("The CustomBlock was decrypted, but what it holds is not JSON.") from fault

    def renewed(self) -> Self | None:
        """The credentials as the folder holds them now; None where the encryption certificate is still the same.

        What could be opened so far still can. Raises CredentialsIncomplete, as between two files of one renewal.
        """
        if thumbprint(_certificate(self.folder / "encryption.pem")) in self.decryptor:
            return None
        found = self.load(self.folder)
        return msgspec.structs.replace(found, decryptor=found.decryptor.joined(self.decryptor))

    def show(self, context: ssl.SSLContext) -> None:
        """Show this certificate in the handshakes of a context from now on. Raises CredentialsIncomplete."""
        try:
            context.load_cert_chain(self.folder / "tls.pem", self.folder / "tls.key")
        except (OSError, ssl.SSLError) as fault:
            raise CredentialsIncomplete(
                f"{self.folder}: tls.pem and tls.key can't be used together ({fault})."
            ) from fault

    def calling_context(self) -> ssl.SSLContext:
        """TLS for calls to the DIP: the participant's certificate, the server checked by root and name."""
        return self._context(ssl.Purpose.SERVER_AUTH)

    def listening_context(self) -> ssl.SSLContext:
        """TLS for the participant's webhook: a caller without a certificate under the root gets no answer."""
        context = self._context(ssl.Purpose.CLIENT_AUTH)
        context.verify_mode = ssl.CERT_REQUIRED
        return context

    def _context(self, purpose: ssl.Purpose) -> ssl.SSLContext:
        context = ssl.create_default_context(purpose, cafile=str(self.root))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.show(context)
        return context


def known_participants(directory: Path) -> list[DipId]:
    """The DIP ids that have a folder under the data directory, in order."""
    return sorted(DipId(found.parent.name) for found in directory.glob("participants/*/participant.json"))


def credentials_of(directory: Path, dip_id: str) -> Credentials:
    """The credentials of one participant of the data directory.

    Raises CredentialsIncomplete; for an unknown id it lists the known ones.
    """
    known = known_participants(directory)
    if not known:
        raise CredentialsIncomplete(
            f"There are no participants in {directory}. Start the server once with "
            f"`python run.py --data {directory}`, or name its data directory with --data."
        )
    if dip_id not in known:
        raise CredentialsIncomplete(f"No participant {dip_id!r} in {directory}. Known: {', '.join(known)}.")
    return Credentials.load(directory / "participants" / dip_id)


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as fault:
        reason = "is not there" if isinstance(fault, FileNotFoundError) else f"can't be read ({fault.strerror})"
        raise CredentialsIncomplete(
            f"{file} {reason}. A participant that brought its own keys must add them."
        ) from fault


def _certificate(file: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(_content(file))
    except ValueError as fault:
        raise CredentialsIncomplete(f"{file} holds no certificate in PEM form.") from fault


def _issuing(file: Path) -> x509.Certificate | None:
    """The certificate that stands behind the participant's own."""
    try:
        chain = x509.load_pem_x509_certificates(_content(file))
    except ValueError as fault:
        raise CredentialsIncomplete(f"{file} holds no certificate in PEM form.") from fault
    return chain[1] if len(chain) > 1 else None


def _verification_key(file: Path, certificate: x509.Certificate) -> VerificationKey:
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        raise CredentialsIncomplete(f"{file}: expected an RSA key or one on an elliptic curve.")
    return key


def _private_key(file: Path) -> rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey:
    # The key is the participant's own: OpenSSL's full check of it costs more than all the rest of loading.
    try:
        key = load_pem_private_key(_content(file), None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError, UnsupportedAlgorithm) as fault:
        raise CredentialsIncomplete(f"{file} holds no private key in PEM form without password.") from fault
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise CredentialsIncomplete(f"{file}: expected an RSA key or one on an elliptic curve.")
    return key
