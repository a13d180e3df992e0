# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of a profile's `config` that `--config` on the command line would drop in silence."""

import shlex
from collections.abc import Mapping, Sequence

import yaml
from snakemake.cli import get_profile_dir

OPTIONS = ("--profile", "--workflow-profile")
VARIABLE = "SNAKEMAKE_PROFILE"


def require_profile_settings(
    arguments: Sequence[str], environment: Mapping[str, str], config: Mapping
) -> None:
    """Stop with one line where the configuration lacks what its profile sets.

    Snakemake takes `--config` of the command line in place of the profile's, not beside it: jobs
    would then run on one rank, or under another launcher.

    Args:
        arguments: of the command line.
        environment: which may name a profile.
        config: the content of config.yaml and what `--config` adds to it.

    Raises:
        SystemExit: if settings were dropped.
    """
    for name in _profiles(arguments, environment):
        found = get_profile_dir(name)
        if not found:
            continue
        settings = _settings(yaml.safe_load(found[1].read_text()) or {})
        dropped = {key: value for key, value in settings.items() if key not in config}
        if dropped:
            repeated = " ".join(shlex.quote(f"{key}={value}") for key, value in dropped.items())
            raise SystemExit(
                f"{found[1]}: --config on the command line drops its {', '.join(dropped)}; add "
                f"them there: --config {repeated}"
            )


def _profiles(arguments: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    """The names of the profiles of a command line."""
    found = []
    for number, argument in enumerate(arguments):
        option, _, value = argument.partition("=")
        if option in OPTIONS:
            found += [value] if value else list(arguments[number + 1 : number + 2])
    named = any(argument.partition("=")[0] == OPTIONS[0] for argument in arguments)
    if not named and environment.get(VARIABLE):
        found += environment[VARIABLE].split(",")
    return [name for name in found if name != "none"]


def _settings(profile: Mapping) -> dict[str, str]:
    """The `config` of a profile, a list of KEY=VALUE or a table."""
    config = profile.get("config") or {}
    if isinstance(config, Mapping):
        return {str(key): str(value) for key, value in config.items()}
    entries = [config] if isinstance(config, str) else config
    return {key: value for key, _, value in (str(entry).partition("=") for entry in entries)}
