"""Why an address can't be had: somebody's payload is there, or on its way; of others' payloads nothing is said."""

from dip.publications.upload_errors import AddressTaken
from dip.store.publication_records import NewPayload, Payload, PayloadState


def taken(there: Payload, wanted: NewPayload, uri: str) -> AddressTaken:
    """The refusal. there: what stands at the address; uri: the address."""
    if there.sender != wanted.sender:
        return AddressTaken("There is a payload at this address. Choose another name or version.")
    if (there.sha256, there.size) != (wanted.sha256, wanted.size):
        return AddressTaken(
            f"Your payload at this address has another content: {there.size} bytes, SHA-256 {there.sha256.hex()}. "
            f"Choose another version{_or_drop(there)}."
        )
    match there.state:
        case PayloadState.RECEIVING:
            return AddressTaken(
                "This upload is under way: go on with it at Location.", is_own=True, upload=there.upload
            )
        case PayloadState.WHOLE:
            return AddressTaken(f"This payload is here, whole; announce it as {uri}.", is_own=True, upload=there.upload)
        case PayloadState.PUBLISHED:
            return AddressTaken(f"This payload is here, published as {uri}.", is_own=True)
    return AddressTaken("This payload was published and removed. Choose another version.")


def _or_drop(there: Payload) -> str:
    if there.state in {PayloadState.RECEIVING, PayloadState.WHOLE}:
        return f", or give the upload {there.upload} up with DELETE"
    return ""
