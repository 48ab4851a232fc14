"""One HTML page for a set of runs: what each found beside the others, then each run in a column of its own."""

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from esgap.report import html
from esgap.report.table import cell, heading

if TYPE_CHECKING:
    from esgap.studies.contract import Column, Result, Row

Run = tuple[str, "Result", list[Path], dict[str, Any]]  # name, result, figures, keys of the study
Key = tuple[str, ...]


def write_set(runs: Sequence[Run], file: Path) -> None:
    """Write the page. Tables of one kind of study are joined row by row, by the columns that are no result."""
    title = " · ".join(dict.fromkeys(html.name(result) for _, result, *_ in runs))
    parts = [f"<h1>{escape(title)}</h1>", f"{html.BLANK}{len(runs)} runs side by side</p>", _asked(runs), *_joined(runs)]
    parts += ['<div class="runs">', *(section(run) for run in runs), "</div>"]
    html.write(file, title, parts)


def section(run: Run) -> str:
    """One run: verdicts, figures, tables, method, provenance."""
    name, result, figures, _ = run
    parts = [f"<h2>{escape(name)}</h2>", f"{html.BLANK}{escape(html.name(result))}</p>", html.verdicts(result).replace("<h2>Verdicts</h2>\n", "")]
    parts += [html.pictures(figures).replace("<h2>Figures</h2>\n", "")]
    parts += [html.table(title, rows, "h3") for title, rows in result.tables.items() if rows]
    parts += [html.method(result).replace("h2>", "h3>"), html.provenance(result, "h3")]
    return "<section>\n" + "\n".join(filter(None, parts)) + "\n</section>"


def _asked(runs: Sequence[Run]) -> str:
    """The keys of the studies that are not the same in all."""
    keys = [dict(html.flat(asked)) for *_, asked in runs]
    differing = [key for key in dict.fromkeys(key for one in keys for key in one) if len({one.get(key) for one in keys}) > 1]
    head = "<th class=text>key</th>" + "".join(f"<th class=text>{escape(name)}</th>" for name, *_ in runs)
    lines = "\n".join(f"<tr><td class=text>{escape(key)}</td>" + "".join(f"<td class=text>{escape(one.get(key, '-'))}</td>" for one in keys) + "</tr>" for key in differing)
    return f'<h2>What was asked differently</h2>\n<div class="wide"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{lines}\n</tbody></table></div>' if differing else ""


def _joined(runs: Sequence[Run]) -> list[str]:
    """A table for each that several runs of one kind have."""
    found: dict[tuple[str, str], list[tuple[str, list[Row]]]] = {}
    for name, result, *_ in runs:
        for title, rows in result.tables.items():
            if rows and rows[0].printed and len(rows) <= html.LONG:
                found.setdefault((result.kind, title), []).append((name, rows))
    return [html_of for (_, title), sides in found.items() if len(sides) > 1 and (html_of := _table(title, sides))]


def _table(title: str, sides: "list[tuple[str, list[Row]]]") -> str:
    """Rows with the same key in one line, each quantity once a run; empty when keys do not tell the rows apart."""
    kind = type(sides[0][1][0])
    shown = {name: column for name, column in kind.columns().items() if column.shown}
    keys = [name for name in shown if name != "verdict" and not kind.is_quantity(name)]
    quantities = [name for name in shown if kind.is_quantity(name)]
    by_key = [{tuple(cell(row, name, shown[name]) for name in keys): row for row in rows} for _, rows in sides]
    if not quantities or any(len(one) < len(rows) for one, (_, rows) in zip(by_key, sides)):
        return ""
    head = _heads(shown, keys, quantities, [name for name, _ in sides])
    lines = "\n".join(_line(key, by_key, shown, quantities) for key in dict.fromkeys(key for one in by_key for key in one))
    return f'<h2>{escape(html.words(title))}, side by side</h2>\n<div class="wide"><table>\n<thead>{head}</thead>\n<tbody>\n{lines}\n</tbody></table></div>'


def _heads(shown: "dict[str, Column]", keys: list[str], quantities: list[str], names: list[str]) -> str:
    first = "".join(f"<th class=text rowspan=2>{escape(heading(shown[name]))}</th>" for name in keys)
    first += "".join(f"<th colspan={len(names)}>{escape(heading(shown[name]))}</th>" for name in (*quantities, "verdict"))
    second = "".join(f"<th>{escape(name)}</th>" for _ in (*quantities, "verdict") for name in names)
    return f"<tr>{first}</tr>\n<tr class=second>{second}</tr>"


def _line(key: Key, by_key: "list[dict[Key, Row]]", shown: "dict[str, Column]", quantities: list[str]) -> str:
    rows = [one.get(key) for one in by_key]
    cells = "".join(f"<td class=text>{escape(text)}</td>" for text in key)
    cells += "".join(f"<td>{escape(cell(row, name, shown[name])) if row else ''}</td>" for name in quantities for row in rows)
    cells += "".join(f'<td class="text">{escape(row.verdict) if row else "no such row"}</td>' for row in rows)
    return f"<tr{'' if all(row and row.verdict == 'ok' for row in rows) else ' class=wrong'}>{cells}</tr>"
