"""One HTML page a run: verdicts first, figures, tables, method, what was asked, provenance. No file beside it is needed, and none is fetched."""

import base64
import re
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from esgap.record import write_text
from esgap.report.table import cell, csv, heading

if TYPE_CHECKING:
    from esgap.studies.contract import Column, Result, Row

LONG = 40  # rows above which a table is folded
DOI = re.compile(r"\b(?:doi:)?(10\.\d{4,9}/[^\s,;)<&]*[^\s,;).<&])")
BLANK = '<p class="soft">'


def write_page(result: "Result", figures: list[Path], file: Path, question: str = "", asked: dict[str, Any] | None = None) -> None:
    """Write the page of a result. `question`: what its kind of study asks; `asked`: the keys of the study."""
    parts = [f"<h1>{escape(name(result))}</h1>", f"{BLANK}{prose(question)}</p>" if question else "", verdicts(result), pictures(figures)]
    parts += [table(title, rows) for title, rows in result.tables.items() if rows]
    parts += [method(result), _study(asked or {}), provenance(result)]
    write(file, name(result), parts)


def write(file: Path, title: str, parts: list[str]) -> None:
    """Write a page from its parts."""
    page = (Path(__file__).parent / "page.html").read_text(encoding="utf-8")
    write_text(file, page.replace("{title}", escape(title)).replace("{body}", "\n".join(filter(None, parts))))


def name(result: "Result") -> str:
    """Heading of a result."""
    return result.title or words(result.kind)


def words(text: str) -> str:
    """A key as words."""
    return text.replace("_", " ")


def prose(text: str) -> str:
    """Text of ours as HTML, with DOIs as links."""
    return DOI.sub(r'<a href="https://doi.org/\1">doi:\1</a>', escape(text, quote=False))


def verdicts(result: "Result") -> str:
    """How many rows are sound, what is wrong with the others, each phrase once; notes."""
    lines = [_verdict(title, [row.verdict for row in rows]) for title, rows in result.tables.items() if rows]
    lines += [f"<li>{prose(note)}</li>" for note in result.notes]
    return '<h2>Verdicts</h2>\n<ul class="verdicts">\n' + "\n".join(lines) + "\n</ul>"


def _verdict(title: str, said: list[str]) -> str:
    wrong = [verdict for verdict in said if verdict != "ok"]
    phrases = "".join(f"<br>{wrong.count(phrase)} &times; {escape(phrase)}" for phrase in dict.fromkeys(wrong))
    return f'<li class="{"bad" if wrong else "good"}"><b>{escape(words(title))}: {len(said) - len(wrong)} of {len(said)} ok</b>{phrases}</li>'


def pictures(figures: list[Path]) -> str:
    """The figures, embedded."""
    inner = "\n".join(f'<figure><img alt="{escape(words(path.stem))}" src="{_data("image/png", path.read_bytes())}"></figure>' for path in figures)
    return f'<h2>Figures</h2>\n<div class="figures">\n{inner}\n</div>' if figures else ""


def table(title: str, rows: "list[Row]", level: str = "h2") -> str:
    """A table with the meaning of its columns and its CSV file inside; a long one is folded."""
    columns = type(rows[0]).columns()
    head = "".join(_head(column, not type(rows[0]).is_quantity(key)) for key, column in columns.items())
    body = "\n".join(_line(row, columns) for row in rows)
    link = f'<a download="{escape(title)}.csv" href="{_data("text/csv", csv(rows).encode())}">{escape(title)}.csv</a>'
    inner = f'<div class="wide"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table></div>\n{_meanings(columns)}'
    if len(rows) > LONG or not rows[0].printed:
        inner = f"<details><summary>{len(rows)} rows</summary>\n{inner}\n</details>"
    return f"<{level}>{escape(words(title))}</{level}>\n{BLANK}{link}</p>\n{inner}"


def _head(column: "Column", text: bool) -> str:
    meaning = f' title="{escape(column.meaning)}"' if column.meaning else ""
    label, _, unit = heading(column).partition(" (") if column.unit else (heading(column), "", "")
    return f"<th{' class=text' if text else ''}{meaning}>{escape(label)}{f'<small>{escape(unit[:-1])}</small>' if unit else ''}</th>"


def _line(row: "Row", columns: "dict[str, Column]") -> str:
    kinds = {key: ' class="text verdict"' if key == "verdict" else "" if row.is_quantity(key) else " class=text" for key in columns}
    cells = "".join(f"<td{kinds[key]}>{escape(cell(row, key, column))}</td>" for key, column in columns.items())
    return f"<tr{'' if row.verdict == 'ok' else ' class=wrong'}>{cells}</tr>"


def _meanings(columns: "dict[str, Column]") -> str:
    """What the columns mean, for those who cannot point at a heading."""
    told = "".join(f"<dt>{escape(column.heading)}</dt><dd>{prose(column.meaning)}</dd>" for column in columns.values() if column.meaning)
    return f"<details><summary>columns</summary><dl>{told}</dl></details>" if told else ""


def method(result: "Result") -> str:
    """How the numbers were computed."""
    return f"<h2>Method</h2>\n<p>{prose(result.method)}</p>" if result.method else ""


def _study(asked: dict[str, Any]) -> str:
    lines = "".join(f"<dt>{escape(key)}</dt><dd><code>{escape(value)}</code></dd>" for key, value in flat(asked))
    return f"<h2>Study</h2>\n<details><summary>{len(list(flat(asked)))} keys, defaults included</summary><dl>{lines}</dl></details>" if asked else ""


def flat(asked: dict[str, Any], prefix: str = ""):
    """Yield (dotted key, value as text) of the keys of a study that have a value."""
    for key, value in asked.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}.")
        elif value not in (None, "", [], ()):
            yield f"{prefix}{key}", ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def provenance(result: "Result", level: str = "h2") -> str:
    """Jobs, versions, hashes, and who analysed them when."""
    jobs = {job: record for job, record in result.provenance.get("jobs", {}).items() if isinstance(record, dict)}
    analysis = result.provenance.get("analysis", {})
    seconds = sum(part.get("seconds", 0.0) for record in jobs.values() for part in (record, *record.get("earlier", [])))
    with_ = {f"{tool} {version}" for record in jobs.values() for tool, version in record["inputs"].get("versions", {}).items()}
    lines = {
        "jobs": f"{len(result.provenance.get('jobs', {}))}, {len(jobs)} with a record, {seconds:.0f} s of computing",
        "computed with": "; ".join(sorted(with_)),
        "analysed": f"{analysis.get('written', '')} by <code>{escape(' '.join(analysis.get('command', [])))}</code>",
        "analysed with": ", ".join(f"{tool} {version}" for tool, version in analysis.get("versions", {}).items()),
    }
    told = "".join(f"<dt>{key}</dt><dd>{value if '<code>' in value else escape(value)}</dd>" for key, value in lines.items() if value)
    return f"<{level}>Where it comes from</{level}>\n<dl>{told}</dl>\n{_hashes(jobs)}{_times(jobs)}"


def _hashes(jobs: dict[str, dict]) -> str:
    files = {(role, digest) for record in jobs.values() for role, digest in record["inputs"].get("files", {}).items()}
    lines = "".join(f"<dt>{escape(role)}</dt><dd><code>{escape(digest)}</code></dd>" for role, digest in sorted(files))
    return f"<details><summary>SHA-256 of {len(files)} inputs</summary><dl>{lines}</dl></details>" if files else ""


def _times(jobs: dict[str, dict]) -> str:
    lines = "".join(
        f"<tr><td class=text>{escape(job)}</td><td>{record.get('seconds', '-')}</td><td class=text>{escape(record.get('finished', record.get('adopted', '-')))}</td></tr>"
        for job, record in jobs.items()
    )
    head = "<tr><th class=text>job</th><th>seconds</th><th class=text>finished</th></tr>"
    return f'<details><summary>{len(jobs)} jobs</summary><div class="wide"><table>{head}{lines}</table></div></details>' if jobs else ""


def _data(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
