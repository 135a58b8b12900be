"""Settings of the server: one frozen struct, every field described; profiles as data (contract, Starting and Profiles).

A value comes from the command line, else from the environment variable `DIP_<NAME>`, else from the
configuration file, else from the default here. Unknown keys are errors.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

import msgspec
from msgspec import Meta

from dip.ground.errors import SetupRefused

Environment = Literal["DEV", "PRD", "SITB", "SIT", "UIT"]


class Profile(msgspec.Struct, frozen=True):
    """A set of named switches: how strictly, and by which document, the server speaks (contract, Profiles)."""

    name: Annotated[str, Meta(description="Name of the preset")]
    status_all_taken: Annotated[int, Meta(description="Status when every message of a request is taken")]
    takes_good_of_mixed: Annotated[
        bool, Meta(description="Some messages bad: the good ones are taken (207), else none is (400)")
    ]
    encrypts_custom_block: Annotated[bool, Meta(description="The CustomBlock of categories 2 to 5 travels as a JWE")]
    repeat_is_success: Annotated[
        bool, Meta(description="The same reference with the same content gets the first answer, else MSG1006")
    ]
    mixed_channels: Annotated[bool, Meta(description="One array, and one webhook, may serve several channels")]
    platform_headers: Annotated[bool, Meta(description="X-DIP-Environment and X-DIP-Sequence stand on webhook calls")]
    specification_items: Annotated[
        bool, Meta(description="S1.senderEnvelopeReference and A0.addressingDateTime are allowed")
    ]
    folds_names: Annotated[bool, Meta(description="The case of JSON field names is not enforced on ingress")]
    replays_by_transaction: Annotated[
        bool, Meta(description="A replay may name transactionIDFrom and transactionIDTo beside the published keys")
    ]
    rewraps_replays: Annotated[
        bool,
        Meta(description="A replayed message has a new wrapper, ids with prefix R-, and originalTransaction beside it"),
    ]


PROFILES: Mapping[str, Profile] = {
    "spec": Profile(
        name="spec",
        status_all_taken=202,
        takes_good_of_mixed=True,
        encrypts_custom_block=True,
        repeat_is_success=True,
        mixed_channels=True,
        platform_headers=True,
        specification_items=True,
        folds_names=False,
        replays_by_transaction=True,
        rewraps_replays=True,
    ),
    "live": Profile(
        name="live",
        status_all_taken=201,
        takes_good_of_mixed=False,
        encrypts_custom_block=False,
        repeat_is_success=False,
        mixed_channels=False,
        platform_headers=False,
        specification_items=False,
        folds_names=True,
        replays_by_transaction=False,
        rewraps_replays=False,
    ),
}

Port = Annotated[int, Meta(ge=0, le=65535)]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that can be set, with its default."""

    data: Annotated[str, Meta(description="Directory of the server's state")] = "data/state"
    master_key: Annotated[
        str,
        Meta(description="Master key, 64 hexadecimal digits, best in the environment; without it a file keeps it"),
    ] = ""
    channels: Annotated[
        str, Meta(description="Directory of the catalogue of channels; without it the shipped one is served")
    ] = ""
    host: Annotated[str, Meta(description="Address to listen on")] = "127.0.0.1"
    api_port: Annotated[Port, Meta(description="Port of the participants' API; 0 takes a free one")] = 8443
    portal_port: Annotated[
        Port, Meta(description="Port of the portal and the administration API; 0 takes a free one")
    ] = 8080
    profile: Annotated[
        Literal["spec", "live"],
        Meta(description="`spec`: functional specification 2.0; `live`: API 2.2.1"),
    ] = "spec"
    environment: Annotated[Environment, Meta(description="Environment tag that messages must carry")] = "DEV"
    name: Annotated[
        str, Meta(description="Further host names or addresses for the server certificates, comma between")
    ] = ""
    public_url: Annotated[
        str, Meta(description="What participants call where a gateway stands in front; signatures cover it")
    ] = ""
    api_key_required: Annotated[
        bool, Meta(description="X-API-Key is mandatory; where given it must be right in any case")
    ] = False
    body_limit_bytes: Annotated[int, Meta(ge=1024, description="Largest request body")] = 16 * 1024 * 1024
    message_limit: Annotated[int, Meta(ge=1, description="Most messages in one request")] = 1000
    nesting_limit: Annotated[int, Meta(ge=8, description="Deepest nesting of JSON in a request")] = 32
    signature_tolerance_s: Annotated[
        int, Meta(ge=1, description="How far X-DIP-Signature-Date may lie from the wall clock, seconds")
    ] = 300
    sender_timestamp_ahead_s: Annotated[
        int, Meta(ge=0, description="How far senderTimestamp may lie in the future, seconds")
    ] = 300
    request_timeout_s: Annotated[
        float, Meta(gt=0, description="Longest time a caller may take to send a request's body, seconds")
    ] = 60.0
    delivery_message_count: Annotated[int, Meta(ge=1, le=1000, description="Most messages in one webhook call")] = 100
    delivery_payload_kb: Annotated[
        int, Meta(ge=1, description="Largest webhook call, kB; a single larger message still goes alone")
    ] = 1000
    delivery_timeout_s: Annotated[float, Meta(gt=0, description="How long a webhook call may take, seconds")] = 30.0
    delivery_answer_limit_bytes: Annotated[
        int, Meta(ge=1024, description="Most of a webhook's answer that is read")
    ] = 1024 * 1024
    delivery_calls_in_flight: Annotated[
        int,
        Meta(ge=1, le=16, description="Calls to one endpoint at once; with several, one may overtake another"),
    ] = 1
    delivery_calls_a_second: Annotated[
        float, Meta(ge=0, description="Most calls a second to one endpoint; 0 for no limit")
    ] = 0.0
    retry_first_s: Annotated[
        float, Meta(gt=0, description="Wait after the first failed call to an endpoint, seconds; doubles")
    ] = 1.0
    retry_longest_s: Annotated[
        float, Meta(gt=0, description="Longest wait between calls to a failing endpoint, seconds")
    ] = 900.0
    retry_jitter: Annotated[float, Meta(ge=0, lt=1, description="Random part of a wait, either way, of one")] = 0.2
    pause_after_failures: Annotated[
        int, Meta(ge=1, description="Failed calls in a row after which an endpoint counts as paused")
    ] = 5
    halve_after_failures: Annotated[
        int, Meta(ge=1, description="Answers of 500 to the same batch after which it is halved")
    ] = 3
    set_aside_in_a_row: Annotated[
        int,
        Meta(
            ge=0,
            description="Messages set aside as the cause of an endpoint's 500s before one must succeed again",
        ),
    ] = 3
    webhook_networks: Annotated[
        str, Meta(description="Networks (CIDR, comma between) whose addresses webhooks may use all the same")
    ] = ""
    envelope_cache_bytes: Annotated[
        int, Meta(ge=0, description="Memory for messages that were just taken in and are being delivered")
    ] = 32 * 1024 * 1024
    appointment_cache_mpans: Annotated[int, Meta(ge=0, description="MPANs whose appointments are kept in memory")] = (
        100_000
    )
    group_commit_messages: Annotated[int, Meta(ge=1, description="Most messages that share one commit")] = 2000
    outcome_linger_ms: Annotated[
        float, Meta(ge=0, le=100, description="How long the outcome of a webhook call waits to share a commit, ms")
    ] = 10.0
    requests_a_second: Annotated[
        float, Meta(ge=0, description="Requests a second that are taken from one participant (429); 0: no limit")
    ] = 0.0
    messages_a_second: Annotated[
        float,
        Meta(ge=0, description="Messages and status messages a second taken from one participant (429); 0: no limit"),
    ] = 0.0
    intake_waiting_bytes: Annotated[
        int,
        Meta(ge=1024, description="Request bodies held at once; further requests wait before they are read"),
    ] = 128 * 1024 * 1024
    longest_wait_s: Annotated[
        int, Meta(ge=0, le=600, description="Longest wait for a reply that a sender may ask for, seconds")
    ] = 60
    most_waiting_replies: Annotated[
        int, Meta(ge=0, description="Calls that may wait for a reply at once; a further one gets the usual answer")
    ] = 1000
    replay_message_count: Annotated[
        int, Meta(ge=1, le=1000, description="Most messages in one answer to a replay (5.5.11)")
    ] = 1000
    replay_payload_kb: Annotated[
        int, Meta(ge=1, description="Largest answer to a replay, kB; a single larger message still comes alone")
    ] = 8000
    replay_rows_read: Annotated[
        int, Meta(ge=100, description="Deliveries looked at for one answer to a replay; it may hold fewer, or none")
    ] = 50_000
    replay_calls: Annotated[int, Meta(ge=1, description="Answers to replays made at once; further calls wait")] = 4
    requeue_step: Annotated[int, Meta(ge=1, le=5000, description="Messages queued again in one commit")] = 500
    requeues_at_once: Annotated[int, Meta(ge=1, description="Requeues under way at once; further ones wait")] = 2
    fault_limit: Annotated[int, Meta(ge=0, description="Most faults on demand that are switched on at once")] = 100
    fault_seed: Annotated[
        int,
        Meta(ge=0, description="Seed of the chance by which faults with a rate strike; the same one, the same strikes"),
    ] = 1
    fault_seconds: Annotated[
        float, Meta(gt=0, description="How long a fault stalls or delays that does not say, seconds")
    ] = 5.0
    fault_longest_s: Annotated[float, Meta(gt=0, description="Longest that a fault may stall or delay, seconds")] = (
        300.0
    )
    lease_s: Annotated[
        float, Meta(gt=0, description="How long what was pulled or streamed may stay unacknowledged, seconds")
    ] = 60.0
    most_leased: Annotated[
        int,
        Meta(ge=1, description="Messages of one recipient and channel handed out and unacknowledged at once"),
    ] = 5000
    pull_message_count: Annotated[
        int, Meta(ge=1, le=1000, description="Most messages in the answer to a pull that does not say")
    ] = 100
    pull_payload_kb: Annotated[
        int, Meta(ge=1, description="Largest answer to a pull, kB; a single larger message still goes alone")
    ] = 8000
    pull_held_bytes: Annotated[
        int, Meta(ge=1024, description="Answers to pulls held at once; further ones wait before they are made")
    ] = 128 * 1024 * 1024
    most_waiting_pulls: Annotated[
        int, Meta(ge=0, description="Pulls that may wait for messages at once; a further one is answered at once")
    ] = 1000
    most_streams: Annotated[int, Meta(ge=0, description="Streams open at once; a further one is refused")] = 200
    stream_in_flight: Annotated[
        int, Meta(ge=1, description="Events of a stream unacknowledged at once; further ones wait")
    ] = 100
    stream_payload_kb: Annotated[
        int, Meta(ge=1, description="Events of a stream made ready at once, kB; a single larger one still goes alone")
    ] = 256
    stream_heartbeat_s: Annotated[
        float, Meta(gt=0, description="After how long without an event a stream carries a comment, seconds")
    ] = 15.0
    answer_timeout_s: Annotated[
        float, Meta(gt=0, description="Longest time a caller may take to read what it pulled, or an event, seconds")
    ] = 60.0
    consumption_replay_limit: Annotated[
        int, Meta(ge=1, description="Most messages that answer one request for earlier consumption; the newest count")
    ] = 1000
    retention_sweep_s: Annotated[
        float, Meta(gt=0, description="How often messages are forgotten whose archive time is over, seconds")
    ] = 60.0
    retention_step: Annotated[
        int, Meta(ge=1, le=1000, description="Messages, or calls, forgotten in one step of the writer")
    ] = 200
    clock_patience_s: Annotated[
        float, Meta(ge=0, description="How long a move of the clock waits for the attempts that it made due, seconds")
    ] = 1.0
    dead_letter_sweep_s: Annotated[
        float, Meta(gt=0, description="How often the queues are searched for what has waited too long, seconds")
    ] = 5.0
    status_dead_letter_days: Annotated[
        int,
        Meta(ge=1, description="Days that a status message waits before it is a dead letter; a channel not served too"),
    ] = 14
    dead_letter_requeue_limit: Annotated[
        int, Meta(ge=1, description="Most dead letters that one call requeues; it says whether there are more")
    ] = 10_000
    balance_check_s: Annotated[
        float, Meta(gt=0, description="How often the messages that came since are balanced, seconds")
    ] = 10.0
    balance_step: Annotated[
        int, Meta(ge=1, le=100_000, description="Messages that the balance looks at in one read of the store")
    ] = 5000
    balance_share: Annotated[
        float, Meta(gt=0, le=1, description="Part of the time that balancing everything again and again may take")
    ] = 0.02
    alarm_check_s: Annotated[
        float, Meta(gt=0, description="How often queues and dead letters are looked at for alarms, seconds")
    ] = 5.0
    alarm_latency_s: Annotated[
        float, Meta(gt=0, description="Wait for an endpoint in service that raises an alarm, seconds (FS-56)")
    ] = 30.0
    alarm_queue_age_s: Annotated[float, Meta(gt=0, description="Wait in any queue that raises an alarm, seconds")] = (
        86_400.0
    )
    alarm_kept_days: Annotated[int, Meta(ge=1, description="Days that an alarm is listed after it was over")] = 90
    mail_host: Annotated[str, Meta(description="Mail server (SMTP); without it no mail is sent")] = ""
    mail_port: Annotated[Port, Meta(description="Port of the mail server")] = 25
    mail_from: Annotated[str, Meta(description="Sender of the DIP's mails")] = "dip@localhost"
    mail_timeout_s: Annotated[float, Meta(gt=0, description="How long handing over a mail may take, seconds")] = 10.0
    alarm_mail_to: Annotated[str, Meta(description="Who gets a mail for each alarm, comma between")] = ""
    shutdown_grace_s: Annotated[
        float, Meta(ge=0, description="How long a stopping server finishes what is in flight, seconds")
    ] = 10.0
    session_hours: Annotated[
        int, Meta(ge=1, description="How long a log-in to the portal lasts without use, hours")
    ] = 12
    log_in_attempts: Annotated[
        int, Meta(ge=1, description="Failed log-ins in a row, of one name from one address, that shut the door")
    ] = 5
    log_in_lock_minutes: Annotated[
        float, Meta(gt=0, description="How long the door then stays shut, minutes after the last failure")
    ] = 15.0

    @property
    def switches(self) -> Profile:
        """The switches of the chosen profile."""
        return PROFILES[self.profile]

    @property
    def host_names(self) -> tuple[str, ...]:
        """Further names for the server certificates."""
        return tuple(part.strip() for part in self.name.split(",") if part.strip())


def read_settings(
    given: Mapping[str, Any], environment: Mapping[str, str], config_file: Path | None = None
) -> Settings:
    """The settings from command line, environment and configuration file, in this order of precedence.

    Raises SetupRefused that names every bad key at once.
    """
    fields = {field.name: field for field in msgspec.structs.fields(Settings)}
    hints = get_type_hints(Settings, include_extras=True)
    values: dict[str, Any] = {}
    faults: list[str] = []
    if config_file is not None:
        values.update(_from_file(config_file))
    for key, text in environment.items():
        if key.startswith("DIP_") and key[4:].lower() in fields:
            values[key[4:].lower()] = text
        elif key.startswith("DIP_") and key not in {"DIP_CONFIG"}:
            faults.append(f"{key}: no such setting")
    values.update({key: value for key, value in given.items() if value is not None})
    checked: dict[str, Any] = {}
    for key, value in values.items():
        if key not in fields:
            faults.append(f"{key}: no such setting; see docs/reference/settings.md")
            continue
        try:
            checked[key] = msgspec.convert(value, hints[key], strict=not isinstance(value, str))
        except msgspec.ValidationError as exc:
            faults.append(f"{key}: {exc}")
    if faults:
        raise SetupRefused("; ".join(faults))
    return Settings(**checked)


def _from_file(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            found = tomllib.load(file)
    except OSError as exc:
        raise SetupRefused(f"{path}: can't be read: {exc.strerror}") from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise SetupRefused(f"{path}: not TOML: {exc}") from exc
    return {key.replace("-", "_"): value for key, value in found.items()}
