"""The queries of the audit report and of the flow reports (5.11.3)."""

from typing import Final

from dip.http.description.operations import query_parameter

AUDIT: Final = (
    query_parameter("id", "Any id: an MPAN, a reference, a correlation id, a transaction id, an envelope reference"),
    query_parameter("mpan", "Thirteen digits"),
    query_parameter("reference", "The sender's unique reference"),
    query_parameter("correlation", "Correlation id"),
    query_parameter("transaction", "Transaction id"),
    query_parameter("envelope", "The sender's envelope reference"),
    query_parameter("sender", "DIP id of the sender"),
    query_parameter("channel", "Interface id"),
    query_parameter("process", "A business process, such as BP002: the channels of it"),
    query_parameter("from", "Received at this moment or later; a date, or a moment with an offset"),
    query_parameter("to", "Received before this moment; a date is meant with the whole of its day"),
    query_parameter("form", "json, or csv for a table"),
)
FLOW: Final = (
    query_parameter("from", "Begun at this moment or later; a date, or a moment with an offset"),
    query_parameter("to", "Begun before this moment; a date is meant with the whole of its day"),
    query_parameter("mpan", "Thirteen digits"),
    query_parameter("correlation", "Correlation id"),
    query_parameter("participant", "DIP id of who sent or got a message of the run"),
    query_parameter("state", "open, complete, stopped or failed"),
    query_parameter("link", "Own reports: correlation, mpan, envelope or transaction"),
    query_parameter("message", "Own reports, for each stage: a channel and an event, such as IF-031 DSApp"),
    query_parameter("response", "Own reports, for each stage: the response that reaches it, or nothing"),
    query_parameter("stage", "Own reports, for each stage: its name, or nothing"),
    query_parameter("form", "json, or csv for a table"),
)
