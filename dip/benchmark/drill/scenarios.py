"""What happens in a drill before, while and after the server dies, by name."""

from collections.abc import Awaitable, Callable, Mapping

import msgspec

from dip.benchmark.drill import ageing, appointing, asking, disks, publishing, webhooks
from dip.benchmark.drill.books import Expected
from dip.benchmark.drill.fault import Fault
from dip.benchmark.drill.market import APPOINTMENT, CONFIRMATION, CONSUMPTION, PUBLICATION, Market, Trade
from dip.store.records import DeliveryState

_BACK_OFF: Mapping[str, float | str] = {"retry_first_s": 0.05, "retry_longest_s": 0.5}
_SAME_ADDRESS: Mapping[str, float | str] = {"portal_url": "https://readers.dip.test"}
"""Each server of a drill listens on another port; the address of a payload stays."""

Play = Callable[[Market, Fault | None], Awaitable[None]]


class Scenario(msgspec.Struct, frozen=True):
    """act: until the server is dead (or has got over its fault). recover: with a plain server, until all is settled."""

    name: str
    act: Play
    recover: Play
    trade: Trade = APPOINTMENT
    expected: Expected = Expected()
    settings: Mapping[str, float | str] = {}


INTAKE = Scenario("webhooks of four recipients", webhooks.post, webhooks.catch_up, CONSUMPTION)
ANSWERED = Scenario("webhooks of four recipients", webhooks.answered, webhooks.catch_up, CONSUMPTION)
CALLED = Scenario("webhooks of four recipients", webhooks.called, webhooks.catch_up, CONSUMPTION)
RETRY = Scenario("a webhook that answers 503", webhooks.refuse_first, webhooks.catch_up, settings=_BACK_OFF)
SET_ASIDE = Scenario("a message that makes the webhook fail", webhooks.poison, webhooks.catch_up, settings=_BACK_OFF)
REJECTION = Scenario(
    "a recipient that rejects", webhooks.reject, webhooks.hear, expected=Expected(DeliveryState.REJECTED, returned=True)
)
PULL = Scenario("a recipient that pulls", asking.pull, asking.pull_on, settings={"lease_s": 1})
REPORT = Scenario(
    "a recipient that reports later", asking.report, asking.report_again, expected=Expected(returned=True)
)
REQUEUE = Scenario("a recipient that asks again", asking.requeue, asking.requeue_on, expected=Expected(times=2, rows=2))
DEAD_LETTER = Scenario("nobody there for 15 days", ageing.outlive, ageing.revive, expected=Expected(returned=True))
CLOCK = Scenario("business time moved by an hour", ageing.advance, ageing.take_after_advance)
RETENTION = Scenario("archive time over", ageing.forget, ageing.forget_on, expected=Expected(rows=0))
APPOINTED = Scenario(
    "registration that appoints for 40 MPANs",
    appointing.announce,
    appointing.apply,
    CONFIRMATION,
    Expected(appointed=True),
)
IMPORT = Scenario(
    "a file of 5,000 rows, behind another one",
    appointing.take_file,
    appointing.take_the_rest,
    settings={"appointment_import_rows": appointing.ROWS_OF_A_COMMIT},
)
UPLOAD = Scenario(
    "a payload in three requests, announced",
    publishing.publish,
    publishing.publish_on,
    PUBLICATION,
    settings=_SAME_ADDRESS,
)
UPLOADS = Scenario(
    "a payload in one request",
    publishing.publish_under_fire,
    publishing.publish_on,
    PUBLICATION,
    settings={"publication_sync_bytes": 1024 * 1024, **_SAME_ADDRESS},
)
FULL = Scenario("no room on the disk", disks.fill_the_disk, disks.nothing_more, CONSUMPTION)
FULL_AND_DEAD = Scenario("no room on the disk", disks.fill_the_disk_and_die, webhooks.catch_up, CONSUMPTION)
FAILING = Scenario("commits that fail", disks.fail_to_commit, disks.nothing_more, CONSUMPTION)
LOAD = Scenario("webhooks of four recipients, under load", webhooks.under_load, webhooks.catch_up, CONSUMPTION)
JUMPS = Scenario("business time moved by days, under load", ageing.jump, webhooks.catch_up, CONSUMPTION)
