"""Forget executed pages whose inputs have changed, so that the book never prints old values.

Jupyter Book's cache knows a page by the text of its code cells alone. A page also depends on the
parts of qutils that it imports, itself or through the modules beside the pages, on the data there
that either names, and on the installed versions; each page's key is the hash of these, and a page
whose key has changed loses its cached results.
"""

import ast
import hashlib
import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from jupyter_cache import get_cache

CODE_CELL = re.compile(r"^`{3,}\{code-cell\}.*?^`{3,}\s*$", re.MULTILINE | re.DOTALL)
PAGE_DATA = (".csv", ".json", ".npz", ".yml")


def units(package: Path) -> dict[str, list[Path]]:
    """Return the package's modules and subpackages by name, each with its source files."""
    found = {path.stem: [path] for path in package.glob("*.py")}
    for folder in package.iterdir():
        if (folder / "__init__.py").is_file():
            found[folder.name] = sorted(folder.rglob("*.py"))
    return found


def imported_units(files: Iterable[Path], names: set[str]) -> set[str]:
    """Return those of ``names`` that the import statements of ``files`` mention."""
    mentioned: set[str] = set()
    for path in files:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                mentioned |= {*(node.module or "").split("."), *(a.name for a in node.names)}
            elif isinstance(node, ast.Import):
                mentioned |= {part for alias in node.names for part in alias.name.split(".")}
    return mentioned & names


def with_dependencies(start: set[str], imports: dict[str, set[str]]) -> set[str]:
    """Return ``start`` and every unit that it imports, directly or not."""
    reached: set[str] = set()
    waiting = set(start)
    while waiting:
        unit = waiting.pop()
        reached.add(unit)
        waiting |= imports[unit] - reached
    return reached


def page_code(page: Path) -> str:
    """Return the code cells of a page."""
    return "\n".join(CODE_CELL.findall(page.read_text()))


def page_units(code: str, names: set[str]) -> set[str]:
    """Return the units whose names stand in a page's code; too many does no harm."""
    return {"__init__"} | {name for name in names if re.search(rf"\b{name}\b", code)}


def page_keys(root: Path) -> dict[str, str]:
    """Return the key of each page of ``root/book``, by its path below that folder."""
    book, package = root / "book", root / "qutils"
    package_units = units(package)
    names = set(package_units)
    imports = {unit: imported_units(files, names) for unit, files in package_units.items()}
    beside = [path for path in sorted(book.rglob("*")) if "_ext" not in path.parts]  # Sphinx' part
    modules = [path for path in beside if path.suffix == ".py"]
    data = [path for path in beside if path.suffix in PAGE_DATA]
    common = [root / "requirements.txt", *(package / "assets").rglob("*"), *modules]
    shared = hashlib.sha256(sys.version.encode())
    for path in sorted(path for path in common if path.is_file()):
        shared.update(str(path.relative_to(root)).encode() + path.read_bytes())
    code_beside = "".join(path.read_text() for path in modules)
    helpers = imported_units(modules, names)
    keys = {}
    for page in sorted(book.rglob("*.md")):
        digest, code = shared.copy(), page_code(page)
        units_used = with_dependencies(page_units(code, names) | helpers, imports)
        used = [path for unit in units_used for path in package_units[unit]]
        used += [path for path in data if path.name in code + code_beside]
        for path in sorted(used):
            digest.update(str(path.relative_to(root)).encode() + path.read_bytes())
        keys[str(page.relative_to(book))] = digest.hexdigest()
    return keys


def forget_changed_pages(root: Path, cache_folder: Path) -> list[str]:
    """Drop the cached results of pages whose key changed; return those pages.

    The new keys are written before any page is executed: a result in the cache always belongs to
    the key on record, however a build ends.
    """
    keys_file = cache_folder / "page_keys.json"
    recorded = json.loads(keys_file.read_text()) if keys_file.is_file() else {}
    keys = page_keys(root)
    changed = [page for page, key in keys.items() if recorded.get(page) != key]
    cache = get_cache(str(cache_folder))
    for record in cache.list_cache_records():
        if any(record.uri.endswith(f"book/{page}") for page in changed):
            cache.remove_cache(record.pk)
    cache_folder.mkdir(parents=True, exist_ok=True)
    keys_file.write_text(json.dumps(keys, indent=1))
    return changed
