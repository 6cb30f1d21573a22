"""Forget executed pages whose inputs have changed, so that the book never prints old values.

Jupyter Book's cache knows a page by the text of its code cells alone. A page also depends on the
parts of qutils that it imports, itself or through the modules beside the pages, on the data there
and on the installed versions; each page's key is the hash of these, and a page whose key has
changed loses its cached results.
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
PAGE_DATA = (".csv", ".json", ".npz", ".py", ".yml")
NO_PAGE_DATA = {"_toc.yml"}


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


def with_dependencies(start: set[str], package_units: dict[str, list[Path]]) -> set[str]:
    """Return ``start`` and every unit that it imports, directly or not."""
    names = set(package_units)
    reached: set[str] = set()
    waiting = set(start)
    while waiting:
        unit = waiting.pop()
        reached.add(unit)
        waiting |= imported_units(package_units[unit], names) - reached
    return reached


def page_units(page: Path, names: set[str]) -> set[str]:
    """Return the units whose names stand in the page's code cells; too many does no harm."""
    code = "\n".join(CODE_CELL.findall(page.read_text()))
    return {"__init__"} | {name for name in names if re.search(rf"\b{name}\b", code)}


def page_keys(root: Path) -> dict[str, str]:
    """Return the key of each page of ``root/book``, by its path below that folder."""
    book, package = root / "book", root / "qutils"
    package_units = units(package)
    common = [root / "requirements.txt", *(package / "assets").rglob("*")]
    beside = [path for path in book.rglob("*") if "_ext" not in path.parts]  # Sphinx' own part
    common += [
        path for path in beside if path.suffix in PAGE_DATA and path.name not in NO_PAGE_DATA
    ]
    shared = hashlib.sha256(sys.version.encode())
    for path in sorted(path for path in common if path.is_file()):
        shared.update(str(path.relative_to(root)).encode() + path.read_bytes())
    modules = [path for path in beside if path.suffix == ".py"]
    helpers = imported_units(modules, set(package_units))
    keys = {}
    for page in sorted(book.rglob("*.md")):
        digest = shared.copy()
        start = page_units(page, set(package_units)) | helpers
        used = with_dependencies(start, package_units)
        for path in sorted(path for unit in used for path in package_units[unit]):
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
