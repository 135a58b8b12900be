"""A webhook call made ready off the event loop: its headers, its recipient's encryptor, body and signature (5.5.6)."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from dip.delivery.endpoint import EndpointKey
from dip.delivery.outgoing import Item, Outgoing, build, encryptor_for, platform_headers
from dip.delivery.postman import Postman


async def built(
    postman: Postman, key: EndpointKey, items: Sequence[Item], otherwise: Callable[..., Outgoing] | None = None
) -> Outgoing:
    """The call with these items. otherwise: what builds it in place of `build`, for a fault on demand.

    Raises CertificateMissing where nothing can be encrypted for the recipient.
    """
    settings, wall = postman.settings, postman.clock.wall()
    extra: Mapping[str, str] = {}
    if settings.switches.platform_headers:
        lanes = {number: postman.store.lane(number) for number in {item.waiting.lane for item in items}}
        extra = platform_headers(items, lanes, settings.environment)
    waiting = (item.waiting for item in items)
    return await asyncio.get_running_loop().run_in_executor(
        postman.executor,
        partial(
            otherwise or partial(build, bodies=postman.bodies),
            items,
            url=key.url,
            signer=postman.signer.value,
            encryptor=encryptor_for(postman.participants.value, key.recipient, waiting, wall),
            at=wall,
            extra_headers=extra,
        ),
    )
