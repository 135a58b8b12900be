"""The routes of an application, as a document lists them."""

import inspect
import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from aiohttp import web

_CASELESS: Final = re.compile(r"\(\?P<(\w+)>\(\?i:([\w-]+)\)\)")
"""How a pattern holds a word of an address whose case does not matter."""


class Route(NamedTuple):
    """A route; `text` is what its handler says of itself."""

    method: str
    path: str
    """With {names} in curly brackets."""
    text: str

    @property
    def key(self) -> str:
        """`POST /dip-channel/{channel_id}`."""
        return f"{self.method} {self.path}"

    @property
    def parameters(self) -> list[str]:
        """The names in the path."""
        return re.findall(r"\{(\w+)\}", self.path)

    @property
    def summary(self) -> str:
        """The first sentence of the text."""
        return re.split(r"[.;:]\s", self.text, maxsplit=1)[0].rstrip(".").replace("\n", " ")


def routes_of(application: web.Application) -> Iterator[Route]:
    """Every route. HEAD is left out where GET stands beside it."""
    for route in application.router.routes():
        if route.resource is None or (route.method == "HEAD" and any(one.method == "GET" for one in route.resource)):
            continue
        yield Route(route.method, path_of(route.resource), _text(route.handler, route.resource))


def path_of(resource: web.AbstractResource) -> str:
    """The path of a resource, with the words that its pattern holds fixed."""
    info: Any = resource.get_info()
    if "prefix" in info:
        return f"{info['prefix']}/{{file}}"
    path = resource.canonical
    for name, word in _CASELESS.findall(info["pattern"].pattern) if "pattern" in info else ():
        path = path.replace(f"{{{name}}}", word)
    return path


def _text(handler: Any, resource: web.AbstractResource) -> str:
    if isinstance(resource, web.StaticResource):
        return "A file that pages use: style, script, picture."
    return inspect.cleandoc(handler.__doc__ or "")
