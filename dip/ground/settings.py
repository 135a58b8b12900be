"""Settings of the server: one frozen struct, every field described (contract, Starting).

A value comes from the command line, else from the environment variable `DIP_<NAME>`, else from the
configuration file, else from the default here. Unknown keys are errors.
"""

from datetime import timedelta
from typing import Annotated, Literal

from msgspec import Meta

from dip.ground.profiles import PROFILES, Profile
from dip.ground.report_settings import ReportSettings

_SEVEN_YEARS_DAYS = 2557

Environment = Literal["DEV", "PRD", "SITB", "SIT", "UIT"]


Port = Annotated[int, Meta(ge=0, le=65535)]


class Settings(ReportSettings, frozen=True, forbid_unknown_fields=True):
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
    header_timeout_s: Annotated[
        float, Meta(gt=0, description="Longest time a caller may take to send a request's line and headers, seconds")
    ] = 20.0
    handshake_timeout_s: Annotated[
        float, Meta(gt=0, description="Longest time that the TLS handshake of a connection may take, seconds")
    ] = 10.0
    idle_timeout_s: Annotated[
        float, Meta(gt=0, description="How long a connection is kept without a request, seconds")
    ] = 300.0
    request_line_limit_bytes: Annotated[
        int, Meta(ge=512, le=65536, description="Longest address of a request, in bytes (414)")
    ] = 8190
    header_limit_bytes: Annotated[
        int, Meta(ge=4096, le=65536, description="Longest single header of a request, in bytes (431)")
    ] = 8190
    header_count_limit: Annotated[int, Meta(ge=32, le=1000, description="Most headers of a request (431)")] = 128
    most_connections: Annotated[
        int, Meta(ge=1, description="Connections open at once on each port; a further one is closed at once")
    ] = 2000
    connections_from_one_address: Annotated[
        int,
        Meta(
            ge=1,
            description="Of these from one address (IPv6: one /64); `trusted_proxies` may have all of them",
        ),
    ] = 1000
    trusted_proxies: Annotated[
        str,
        Meta(description="Networks (CIDR, comma between) of gateways whose word on the caller's address is believed"),
    ] = ""
    proxy_header: Annotated[
        Literal["Forwarded", "X-Forwarded-For"],
        Meta(description="The header that these gateways write: RFC 7239, or X-Forwarded-For with -Host and -Proto"),
    ] = "Forwarded"
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
    unknown_requests_a_second: Annotated[
        float,
        Meta(ge=0, description="Requests a second taken from one address without log-in or certificate; 0: no limit"),
    ] = 0.0
    tries_a_second: Annotated[
        float, Meta(ge=0, description="Calls a second that one user tries out on the API's page; 0: no limit")
    ] = 5.0
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
        int, Meta(ge=1, le=1000, description="Messages, calls or records forgotten in one step of the writer")
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
    withdrawal_sweep_s: Annotated[
        float, Meta(gt=0, description="How often what nobody may receive any more is looked for, seconds")
    ] = 5.0
    company_details_roles: Annotated[
        str, Meta(description="Roles that may call /companyDetails, comma between; they speak for the central feed")
    ] = "ISD"
    company_details_limit_bytes: Annotated[
        int, Meta(ge=1024, description="Largest body of /companyDetails, and largest answer of the central feed")
    ] = 4 * 1024 * 1024
    central_feed_url: Annotated[
        str, Meta(description="Where the central feed is asked for companies (https); without it nobody is asked")
    ] = ""
    central_feed_minutes: Annotated[
        float, Meta(ge=0, description="How often the central feed is asked, minutes; 0: only on demand")
    ] = 0.0
    central_feed_timeout_s: Annotated[
        float, Meta(gt=0, description="How long the central feed may take to answer, seconds")
    ] = 30.0
    central_feed_ca: Annotated[
        str, Meta(description="File with the root certificates (PEM) of the central feed; without it this machine's")
    ] = ""
    central_feed_failures: Annotated[
        int, Meta(ge=1, description="Failed calls of the central feed in a row that raise an alarm")
    ] = 3
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
    certificate_warning_days: Annotated[
        str,
        Meta(
            pattern=r"^\s*\d{1,4}\s*(,\s*\d{1,4}\s*)*$",
            description="Days before the end of a certificate at which an alarm is raised, comma between; the longest "
            "is also when pages say that it expires soon",
        ),
    ] = "30, 7"
    alarm_kept_days: Annotated[int, Meta(ge=1, description="Days that an alarm is listed after it was over")] = 90
    alarm_kept_most: Annotated[
        int, Meta(ge=100, le=1_000_000, description="Most alarms that are listed; the oldest that are over go first")
    ] = 20_000
    alarm_rule_limit: Annotated[int, Meta(ge=0, description="Most rules that raise alarms")] = 200
    alarm_subscription_limit: Annotated[int, Meta(ge=0, description="Most subscriptions of one user to alarms")] = 20
    saved_view_limit: Annotated[int, Meta(ge=0, description="Most views that one user keeps")] = 50
    alarm_reminder_hours: Annotated[
        float,
        Meta(ge=0, description="Hours after which an alarm that nobody acknowledged is told again; 0: never"),
    ] = 24.0
    alarm_webhook_timeout_s: Annotated[
        float, Meta(gt=0, description="How long a webhook may take to answer a call about an alarm, seconds")
    ] = 10.0
    alarm_webhook_first_wait_s: Annotated[
        float,
        Meta(gt=0, description="Wait before the second of four calls about an alarm, seconds; then ten times more"),
    ] = 1.0
    mail_host: Annotated[str, Meta(description="Mail server (SMTP); without it no mail is sent")] = ""
    mail_port: Annotated[Port, Meta(description="Port of the mail server")] = 25
    mail_from: Annotated[str, Meta(description="Sender of the DIP's mails")] = "dip@localhost"
    mail_timeout_s: Annotated[float, Meta(gt=0, description="How long handing over a mail may take, seconds")] = 10.0
    alarm_mail_to: Annotated[str, Meta(description="Who gets a mail for each alarm, comma between")] = ""
    activity_months: Annotated[int, Meta(ge=1, description="Months that the activity log stays at hand")] = 3
    activity_archive_months: Annotated[int, Meta(ge=1, description="Months that its files are kept after that")] = 12
    activity_body_bytes: Annotated[
        int, Meta(ge=0, description="Most of an answer's body that the activity log keeps word for word")
    ] = 64 * 1024
    activity_linger_ms: Annotated[
        float,
        Meta(ge=0, le=10_000, description="How long a record of the activity log waits for others to be written, ms"),
    ] = 200.0
    activity_waiting_bytes: Annotated[
        int, Meta(ge=1024, description="Records of the activity log held in memory; who brings more waits")
    ] = 32 * 1024 * 1024
    activity_patience_s: Annotated[
        float, Meta(gt=0, description="How long a request waits for room in the activity log; then it goes unrecorded")
    ] = 10.0
    activity_file_records: Annotated[
        int, Meta(ge=1, description="Most records in one archive file of the activity log")
    ] = 100_000
    activity_scan: Annotated[
        int, Meta(ge=1, le=1_000_000, description="Most records of the activity log that one search looks at")
    ] = 10_000
    throughput_minutes_days: Annotated[
        int, Meta(ge=1, description="Days that figures of throughput are kept for each minute")
    ] = 8
    throughput_hours_days: Annotated[
        int, Meta(ge=1, description="Days that they are kept for each hour; for each day seven years")
    ] = 100
    shutdown_grace_s: Annotated[
        float, Meta(ge=0, description="How long a stopping server finishes what is in flight, seconds")
    ] = 10.0
    session_hours: Annotated[
        int, Meta(ge=1, description="How long a log-in to the portal lasts without use, hours")
    ] = 12
    diagram_messages: Annotated[
        int, Meta(ge=1, le=1000, description="Most messages that one sequence diagram of real messages shows")
    ] = 200
    diagram_deliveries: Annotated[
        int, Meta(ge=1, le=10_000, description="Most deliveries that one sequence diagram of real messages shows")
    ] = 1000
    password_characters: Annotated[
        int, Meta(ge=8, le=200, description="Characters that a new password of a user of the portal has at least")
    ] = 12
    portal_client_certificates: Annotated[
        bool,
        Meta(description="Whether the portal, where it speaks HTTPS, asks for a client certificate to log in with"),
    ] = False
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
    def certificate_warnings(self) -> tuple[timedelta, ...]:
        """How long before a certificate's end somebody is told, the longest first."""
        days = {int(part) for part in self.certificate_warning_days.split(",")}
        return tuple(timedelta(days=one) for one in sorted(days, reverse=True))

    @property
    def throughput_kept(self) -> tuple[timedelta, timedelta, timedelta]:
        """How long figures of throughput are kept by minute, by hour and by day."""
        days = self.throughput_minutes_days, self.throughput_hours_days, _SEVEN_YEARS_DAYS
        minutes, hours, whole = (timedelta(days=one) for one in days)
        return minutes, hours, whole

    @property
    def host_names(self) -> tuple[str, ...]:
        """Further names for the server certificates."""
        return tuple(part.strip() for part in self.name.split(",") if part.strip())
