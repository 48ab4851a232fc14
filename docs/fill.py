"""Writes numbers of shipped results into pages that are read where no site is built, such as the README of a case:

    python docs/fill.py

fills what stands between two comments of a page,

    <!-- value FILE KEY=VALUE ... COLUMN FORM -->0.74<!-- end -->
    <!-- table FILE KEY=VALUE ... COLUMN ... -->
    | ... |
    <!-- end -->

from a table in expected/: the number of the one row in which the columns KEY have these VALUEs, in a form such as .2f, with its interval for .2f[];
or the rows as a table. FILE is relative to the page. A test sees to it that no page is behind its tables.
"""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from generate import ROOT, result, row_class

PAGES = ("README.md", "docs/*.md", "docs/[!g]*/*.md", "inputs/*/README.md", "potentials/*/README.md")
MARKED = re.compile(r"(<!-- (value|table) (.*?) -->)(.*?)(<!-- end -->)", flags=re.S)


def pages() -> Iterator[Path]:
    """Those in which numbers may stand."""
    for pattern in PAGES:
        yield from sorted(ROOT.glob(pattern))


def filled(text: str, folder: Path) -> str:
    """The text of a page in `folder` with the numbers of the tables. Raises ValueError: no such file, column or row."""

    def found(match: re.Match) -> str:
        file, where, names = asked(match[3], folder)
        content = f"\n{result(file, row_class(file), names, where)}" if match[2] == "table" else value(file, where, *names)
        return f"{match[1]}{content}{match[5]}"

    return MARKED.sub(found, text)


def asked(words: str, folder: Path) -> tuple[Path, dict[str, str], list[str]]:
    """File, values of columns, and the other words of a comment."""
    name, *others = shlex.split(words)
    if not (folder / name).is_file():
        raise ValueError(f"{folder / name} is not there, which a page names: correct the page")
    return folder / name, dict(word.split("=", 1) for word in others if "=" in word), [word for word in others if "=" not in word]


def value(file: Path, where: dict[str, str], column: str, form: str) -> str:
    """One number of a table."""
    frame = pd.read_csv(file, keep_default_na=False, na_values=[""])
    if lost := {*where, column} - set(frame):
        raise ValueError(f"{file} has no column {', '.join(sorted(lost))}: correct the page")
    for name, wanted in where.items():
        frame = frame[frame[name].astype(str) == wanted]
    if len(frame) != 1 or pd.isna(frame[column].iloc[0]):
        raise ValueError(f"{file} has {len(frame)} rows with {where}, expected one with a number: correct the page")
    number, *ends = (format(frame[name].iloc[0], form.removesuffix("[]")) for name in (column, *((f"{column}_low", f"{column}_high") if form.endswith("[]") else ())))
    return f"{number} [{', '.join(ends)}]" if ends else number


def main() -> None:
    """Fill all pages; name those that changed."""
    for page in pages():
        text = page.read_text(encoding="utf-8")
        if (new := filled(text, page.parent)) != text:
            page.write_text(new, encoding="utf-8")
            print(f"filled {page.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
