# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON that a person can read: a key a line, short lists on one."""

import json

_LINE_LENGTH = 100


def as_text(value: dict) -> str:
    """JSON with one key a line, and short lists on one line."""
    return _format(value, "") + "\n"


def _format(value, indent: str) -> str:
    one_line = json.dumps(value)
    if not isinstance(value, dict | list) or not value:
        return one_line
    members = value.values() if isinstance(value, dict) else value
    nested = any(isinstance(member, dict | list) for member in members)
    inner = indent + "  "
    # The key stands before the value on its line; a quarter of the line is kept for it.
    if not nested and len(inner) + len(one_line) <= _LINE_LENGTH * 3 // 4:
        return one_line
    if isinstance(value, dict):
        lines = [f"{inner}{json.dumps(key)}: {_format(value[key], inner)}" for key in value]
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
    if nested:
        lines = [inner + _format(member, inner) for member in value]
        return "[\n" + ",\n".join(lines) + f"\n{indent}]"
    return _fill([json.dumps(member) for member in value], indent)


def _fill(numbers: list[str], indent: str) -> str:
    """A long list over as many lines as it takes."""
    lines = [f"{indent}  {numbers[0]}"]
    for number in numbers[1:]:
        if len(lines[-1]) + len(number) + 3 > _LINE_LENGTH:
            lines[-1] += ","
            lines.append(f"{indent}  {number}")
        else:
            lines[-1] += f", {number}"
    return "[\n" + "\n".join(lines) + f"\n{indent}]"
