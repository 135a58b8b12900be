"""The addresses of the data portal."""

from pathlib import Path

from aiohttp import web

from dip.channels.flows import load_flows
from dip.channels.registry import Registry
from dip.ground.assets import asset
from dip.ground.current import Current
from dip.ground.settings import Settings
from dip.http.portal.data.files import DataFiles
from dip.http.portal.data.pages import DataPages
from dip.http.portal.data.shelf import Shelf
from dip.http.portal.renderer import Renderer


def data_routes(*, settings: Settings, registry: Current[Registry], renderer: Renderer) -> list[web.RouteDef]:
    """The routes below `/data`; the guard asks for a log-in before any of them.

    Raises CatalogueRefused where the catalogue's flows have faults.
    """
    flows = load_flows(Path(settings.channels) if settings.channels else asset("channels"))
    shelf = Shelf(registry)
    pages = DataPages(shelf=shelf, flows=flows, renderer=renderer)
    files = DataFiles(shelf=shelf, flows=flows)
    return [
        web.get("/data", pages.start),
        web.get("/data/items", pages.items),
        web.get("/data/items.json", files.items_json),
        web.get("/data/items.csv", files.items_csv),
        web.get("/data/items/{item}", pages.item),
        web.get("/data/blocks", pages.blocks),
        web.get("/data/blocks.json", files.blocks_json),
        web.get("/data/blocks.csv", files.blocks_csv),
        web.get("/data/blocks/{block}", pages.block),
        web.get("/data/interfaces", pages.interfaces),
        web.get("/data/interfaces.json", files.interfaces_json),
        web.get("/data/interfaces.csv", files.interfaces_csv),
        web.get("/data/interfaces/{interface}", pages.interface),
        web.get("/data/interfaces/{interface}/schema.json", files.schema),
        web.get("/data/interfaces/{interface}/example.json", files.example),
        web.get("/data/interfaces/{interface}/items.csv", files.lines_csv),
        web.get("/data/flows", pages.flows),
        web.get("/data/flows/{flow}", pages.flow),
        web.get("/data/flows/{flow}/flow.json", files.flow_json),
        web.get("/data/flows/{flow}/steps.csv", files.flow_csv),
        web.get("/data/flows/{flow}/sequence.mmd", files.flow_mermaid),
    ]
