"""The reference page of the settings and profiles, read from the structs that hold them."""

import json
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from dip.ground.profiles import PROFILES, Profile
from dip.ground.settings import Settings
from tools.markdown import GENERATED, cell, paragraph


def page() -> str:
    """The page of the reference: every setting, then every switch of the profiles."""
    return "\n".join(
        [
            "# Settings",
            "",
            GENERATED,
            "",
            *paragraph(
                "A setting comes from the option of the command (`--api-port 9443`), else from the "
                "environment (`DIP_API_PORT=9443`), else from the TOML file that `--config FILE` or "
                "`DIP_CONFIG` names (`api_port = 9443`), else from the default below. "
                "`python run.py serve --help` lists those that are options. An unknown key or a bad value "
                "stops the start with exit code 2; every fault is named and nothing is changed."
            ),
            "",
            "| setting | default | values | what it does |",
            "|---|---|---|---|",
            *_settings(),
            "",
            "## Profiles",
            "",
            *paragraph(
                "`profile` chooses one of two presets. `spec` follows the functional specification, `live` "
                "the published interface, edition 2.2.1."
            ),
            "",
            "| switch | spec | live | what it means |",
            "|---|---|---|---|",
            *_switches(),
            "",
        ]
    )


def _settings() -> Iterator[str]:
    hints = get_type_hints(Settings, include_extras=True)
    for field in msgspec.structs.fields(Settings):
        hint = hints[field.name]
        default = f"`{json.dumps(field.default)}`" if field.default != "" else "none"
        yield f"| `{field.name}` | {default} | {cell(values(hint))} | {cell(description(hint))} |"


def _switches() -> Iterator[str]:
    hints = get_type_hints(Profile, include_extras=True)
    for name in Profile.__struct_fields__:
        if name != "name":
            presets = " | ".join(_plain(getattr(PROFILES[preset], name)) for preset in ("spec", "live"))
            yield f"| `{name}` | {presets} | {cell(description(hints[name]))} |"


def _plain(value: object) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def metadata(hint: Any) -> tuple[msgspec.Meta, ...]:
    """What is annotated beside the type."""
    return tuple(each for each in getattr(hint, "__metadata__", ()) if isinstance(each, msgspec.Meta))


def description(hint: Any) -> str:
    """The sentence that describes a field; raises ValueError where there is none."""
    for meta in reversed(metadata(hint)):
        if meta.description:
            return meta.description
    raise ValueError(f"{hint} has no description")


def values(hint: Any) -> str:
    """What a field takes, in words: its kind and its bounds."""
    kind = hint.__origin__ if metadata(hint) else hint
    if get_origin(kind) is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(kind))
    words = {str: "text", bool: "true or false", int: "whole number", float: "number"}[kind]
    bounds = [
        f"{word} {bound}"
        for meta in metadata(hint)
        for word, bound in (("above", meta.gt), ("from", meta.ge), ("to", meta.le), ("below", meta.lt))
        if bound is not None
    ]
    return " ".join([words, *bounds])
