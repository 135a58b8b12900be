"""Settings as they are given: on the command line, in the environment, in a configuration file (contract, Starting)."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_type_hints

import msgspec

from dip.ground.errors import SetupRefused
from dip.ground.settings import Settings


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
