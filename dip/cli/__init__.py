"""The commands of `python run.py`; without one it is `serve`."""

import sys
from collections.abc import Callable, Mapping, Sequence

import typer

from dip.cli.agents import agents_app
from dip.cli.audit import audit_app
from dip.cli.authorities import authorities_app
from dip.cli.bench import bench
from dip.cli.certificate_drills import certificate_drills
from dip.cli.certificates import certificates_app
from dip.cli.channels import channels_app
from dip.cli.demo import demo
from dip.cli.drill import drill
from dip.cli.listen import listen
from dip.cli.market import market_app
from dip.cli.master_key import master_key_app
from dip.cli.mpans import mpans_app
from dip.cli.participants import participants_app
from dip.cli.publish import publish
from dip.cli.registration import registration_app
from dip.cli.send import send
from dip.cli.serve import serve
from dip.cli.users import users_app

_COMMANDS: Mapping[str, Callable[..., None]] = {
    "serve": serve,
    "send": send,
    "publish": publish,
    "listen": listen,
    "demo": demo,
    "bench": bench,
    "drill": drill,
    "certificate-drills": certificate_drills,
}
_HELP = frozenset({"--help", "-h"})


def application() -> typer.Typer:
    """The command line."""
    made = typer.Typer(
        name="run.py",
        help="An open conformance reference of the Data Integration Platform.",
        no_args_is_help=False,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    for name, function in _COMMANDS.items():
        made.command(name)(function)
    made.add_typer(agents_app, name="agents")
    made.add_typer(authorities_app, name="authorities")
    made.add_typer(certificates_app, name="certificates")
    made.add_typer(audit_app, name="audit")
    made.add_typer(channels_app, name="channels")
    made.add_typer(market_app, name="market")
    made.add_typer(master_key_app, name="master-key")
    made.add_typer(mpans_app, name="mpans")
    made.add_typer(participants_app, name="participants")
    made.add_typer(registration_app, name="registration")
    made.add_typer(users_app, name="users")
    return made


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command; `python run.py --port 0` means `python run.py serve --port 0`."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not given or (given[0].startswith("-") and given[0] not in _HELP):
        given.insert(0, "serve")
    application()(given)
