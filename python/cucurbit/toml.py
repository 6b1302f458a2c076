"""Values of Python and NumPy as TOML."""

import json
import math
import re
from collections.abc import Mapping
from typing import Any


def plain(value: Any) -> Any:
    """A value made of dict, list, str, bool, int and float alone. NumPy's scalars become numbers; its arrays, ranges
    and tuples become lists. Raises ValueError for what TOML has no word for."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, (list, tuple, range)):
        return [plain(item) for item in value]
    if value is None:
        raise ValueError("None is no value of a study's key: leave the key out")
    if not isinstance(value, (str, bool, int, float)):
        raise ValueError(f"{value!r} is no value of a study's key")
    return value


def value_text(value: Any) -> str:
    """A value on one line."""
    value = plain(value)
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(key)} = {value_text(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(value_text(item) for item in value) + "]"
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)  # inf and nan, which JSON spells otherwise
    return json.dumps(value, ensure_ascii=False)


def document_text(tree: Mapping[str, Any]) -> str:
    """A file: scalars first, then each table under its header, tables of tables and lists of tables likewise."""
    lines, parts = [], []
    for name, value in tree.items():
        if isinstance(value, Mapping) and value and all(isinstance(item, Mapping) for item in value.values()):
            parts += [(f"[{_key(name)}.{_key(key)}]", item) for key, item in value.items()]
        elif isinstance(value, Mapping):
            parts.append((f"[{_key(name)}]", value))
        elif isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
            parts += [(f"[[{_key(name)}]]", item) for item in value]
        else:
            lines.append(f"{_key(name)} = {value_text(value)}")
    for header, table in parts:
        lines += ["", header, *(f"{_key(key)} = {value_text(value)}" for key, value in table.items())]
    return "\n".join(lines) + "\n"


def _key(text: str) -> str:
    return text if re.fullmatch(r"[A-Za-z0-9_-]+", text) else json.dumps(text, ensure_ascii=False)
