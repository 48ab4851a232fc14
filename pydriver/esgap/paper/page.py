"""One HTML page on a publication: each of its figures, our figures, printed and computed numbers beside each other, and what differs."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

import pandas as pd

from esgap.paper.data import Figure, Paper, Printed
from esgap.paper.lookup import Side
from esgap.report import html
from esgap.report.compare import Run, section


HEAD = ("quantity", "printed", "where", "computed here", "beside it", "verdict", "what is done differently")


def write_page(paper: Paper, found: Sequence[tuple[Figure, list[Side]]], runs: Sequence[Run], failed: Mapping[str, str], short: bool, file: Path) -> None:
    """Write the page. `found`: figures with their quantities; `runs`: the cases that have a result; `failed`: case -> why it failed."""
    pictures = {name: figures for name, _, figures, _ in runs}
    parts = [f"<h1>{escape(paper.title)}</h1>", f"{html.BLANK}beside {html.prose(paper.source)}</p>", _warnings(paper, pictures, failed, short)]
    parts += ["<h2>What is done differently</h2>\n<ul>" + "".join(f"<li>{html.prose(line)}</li>" for line in paper.differs) + "</ul>" if paper.differs else ""]
    for figure, sides in found:
        parts += [f"<h2>{escape(figure.title)}</h2>", f"<p>{html.prose(figure.text)}</p>" if figure.text else "", _table(sides) if sides else ""]
        parts += [html.pictures([path for name in figure.cases for path in pictures.get(name, ())]).replace("<h2>Figures</h2>\n", "")]
    parts += ["<h2>The runs</h2>", *(f"<details><summary>{escape(run[0])}</summary>\n{section(run)}\n</details>" for run in runs)]
    html.write(file, paper.title, parts)


def _warnings(paper: Paper, done: Mapping[str, object], failed: Mapping[str, str], short: bool) -> str:
    lines = ['<li class="bad"><b>short settings: these numbers show that everything runs, and nothing about the material</b></li>'] if short else []
    lines += [f'<li class="bad"><b>{escape(name)} failed</b><br>{escape(why)}</li>' for name, why in failed.items()]
    lines += [f'<li class="bad"><b>{escape(case.name)} has no result</b></li>' for case in paper.case if case.name not in done and case.name not in failed]
    return f'<ul class="verdicts">\n{"".join(lines)}\n</ul>' if lines else ""


def _table(sides: Sequence[Side]) -> str:
    head = "".join(f"<th class=text>{name}</th>" for name in HEAD[:-1])
    lines = "\n".join(map(_line, sides))
    return f'<div class="wide"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{lines}\n</tbody></table></div>'


def _line(side: Side) -> str:
    """A line, and a second one below for what is done differently: a table of seven columns fits no telephone."""
    *numbers, why = cells(side)
    classes = [name for name, on in (("wrong", side.verdict != "ok"), ("told", why)) if on]
    inner = "".join(f'<td class="text fold">{html.prose(cell)}</td>' for cell in numbers)
    below = f'\n<tr class="why"><td colspan={len(numbers)}>{html.prose(why)}</td></tr>' if why else ""
    return f'<tr class="{" ".join(classes)}">{inner}</tr>{below}'


def cells(side: Side) -> tuple[str, ...]:
    """The cells of HEAD."""
    quantity = side.quantity
    return (quantity.name, printed(quantity.printed, quantity.unit), quantity.printed.where, computed(side), side.beside, side.verdict, quantity.why)


def printed(what: Printed, unit: str) -> str:
    """What the publication prints, as text."""
    unit = f" {unit.replace('Angstrom', 'Å')}" if unit else ""
    if what.value is not None:
        number = f"{what.value:g}{unit}"
    elif what.low is not None:
        number = f"{what.low:g} to {what.high:g}{unit}"
    elif what.above is not None or what.below is not None:
        number = f"above {what.above:g}{unit}" if what.above is not None else f"below {what.below:g}{unit}"
    else:
        return what.text
    return f"{what.text} {number}".strip()


def computed(side: Side) -> str:
    """Our number with its interval and unit; "-" for none."""
    if side.value is None:
        return "-"
    form, unit = side.quantity.form, side.quantity.unit.replace("Angstrom", "Å")
    ends = "" if side.low is None and side.high is None else f" [{', '.join('-' if end is None else form.format(end) for end in (side.low, side.high))}]"
    return f"{form.format(side.value)}{ends} {unit}".strip()


def csv(found: Sequence[tuple[Figure, list[Side]]]) -> str:
    """The same as a CSV file, numbers as numbers."""
    rows = []
    for figure, sides in found:
        for side in sides:
            what = side.quantity.printed
            rows.append({"figure": figure.title, "quantity": side.quantity.name, "unit": side.quantity.unit, "where": what.where})
            rows[-1] |= {f"printed_{key}": getattr(what, key) for key in ("value", "low", "high", "above", "below", "text")}
            rows[-1] |= {"computed": side.value, "computed_low": side.low, "computed_high": side.high, "beside": side.beside, "verdict": side.verdict}
    return pd.DataFrame(rows).to_csv(index=False)
