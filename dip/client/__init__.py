"""What a participant's program needs: sign, encrypt, send, receive, verify, acknowledge."""

from dip.client.announcement import Publication, Publisher, Variant
from dip.client.credentials import Credentials, Identity, credentials_of, known_participants
from dip.client.errors import CallRefused, CredentialsIncomplete, MessagesUnreadable, ServerNotReached
from dip.client.fetching import Fetched, Pulled
from dip.client.listener import Handler, Listener
from dip.client.messages import Message, fresh, interface_of, load_messages, sender_reference
from dip.client.participant import ALL_CHANNELS, MIXED, STATUS_MESSAGES, ParticipantClient
from dip.client.payload_files import FileUnreadable, Kind, kind_of
from dip.client.publishing import Publishing, Uploaded, issue_time
from dip.client.received import Received
from dip.client.results import Accepted, Answer, SendResult
from dip.client.server import Catalogue, CatalogueEntry, Server, fetch_catalogue, find_server

__all__ = [
    "ALL_CHANNELS",
    "MIXED",
    "STATUS_MESSAGES",
    "Accepted",
    "Answer",
    "CallRefused",
    "Catalogue",
    "CatalogueEntry",
    "Credentials",
    "CredentialsIncomplete",
    "Fetched",
    "FileUnreadable",
    "Handler",
    "Identity",
    "Kind",
    "Listener",
    "Message",
    "MessagesUnreadable",
    "ParticipantClient",
    "Publication",
    "Publisher",
    "Publishing",
    "Pulled",
    "Received",
    "SendResult",
    "Server",
    "ServerNotReached",
    "Uploaded",
    "Variant",
    "credentials_of",
    "fetch_catalogue",
    "find_server",
    "fresh",
    "interface_of",
    "issue_time",
    "kind_of",
    "known_participants",
    "load_messages",
    "sender_reference",
]
