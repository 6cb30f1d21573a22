"""A bibliography whose labels are what citations in the text say: author and year."""

from collections.abc import Iterable, Iterator

from pybtex.database import Entry
from pybtex.plugin import register_plugin
from pybtex.richtext import Text
from pybtex.style.formatting.plain import Style as PlainStyle
from pybtex.style.labels import BaseLabelStyle
from pybtex.style.sorting import BaseSortingStyle
from sphinx.application import Sphinx

NAME = "author_year"


class Labels(BaseLabelStyle):
    """Labels such as "Jacob et al., 2018"."""

    def format_labels(self, sorted_entries: Iterable[Entry]) -> Iterator[str]:
        """Yield the label of each entry."""
        for entry in sorted_entries:
            yield f"{authors(entry)}, {entry.fields['year']}"


def authors(entry: Entry) -> str:
    """Return the last names of an entry's authors: all of two, the first of more."""
    names = [
        str(Text(" ").join([*person.rich_prelast_names, *person.rich_last_names]))
        for person in entry.persons["author"]
    ]
    return f"{names[0]} et al." if len(names) > 2 else " and ".join(names)


class Sorting(BaseSortingStyle):
    """In the order of the labels, so that a reader finds one by its first letter."""

    def sorting_key(self, entry: Entry) -> tuple[str, ...]:
        """Return what an entry is sorted by."""
        return authors(entry).lower(), entry.fields["year"], entry.fields["title"]


class Style(PlainStyle):
    """Entries in pybtex' plain style, with these labels and in their order."""

    default_label_style = Labels
    default_sorting_style = Sorting


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the style under its name for ``bibtex_default_style``."""
    register_plugin("pybtex.style.formatting", NAME, Style)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
