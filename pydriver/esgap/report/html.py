"""One HTML page a run: verdicts first, tables, figures inside, method, provenance. No file beside it is needed."""

import base64
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from esgap.record import write_text
from esgap.report.table import cell, heading

if TYPE_CHECKING:
    from esgap.studies.contract import Result

PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 64rem; padding: 1rem; color: #1d2329; background: #fff; }}
h1 {{ font-size: 1.5rem; }} h2 {{ font-size: 1.15rem; margin-top: 2rem; }}
.wide {{ overflow-x: auto; }}
table {{ border-collapse: collapse; font-size: .9rem; }}
th, td {{ padding: .25rem .6rem; border-bottom: 1px solid #d9dee3; text-align: right; white-space: nowrap; }}
td.verdict {{ text-align: left; white-space: normal; min-width: 10rem; }}
tr.wrong td {{ background: #fff5d6; }}
img {{ max-width: 100%; height: auto; }}
.good {{ color: #1a6b32; }} .bad {{ color: #8a5a00; }}
code {{ overflow-wrap: anywhere; }}
</style>
</head>
<body>
<h1>{title}</h1>
{body}
</body>
</html>
"""


def write_page(result: "Result", figures: list[Path], file: Path) -> None:
    """Write the page of a result with its figures embedded."""
    parts = [_verdicts(result), *(_table(name, rows) for name, rows in result.tables.items() if rows)]
    parts += [f'<h2>{escape(path.stem.replace("_", " "))}</h2>\n<img alt="{escape(path.stem)}" src="{_embedded(path)}">' for path in figures]
    if result.method:
        parts.append(f"<h2>Method</h2>\n<p>{escape(result.method)}</p>")
    parts.append(_provenance(result))
    write_text(file, PAGE.format(title=escape(result.title or result.kind), body="\n".join(parts)))


def _verdicts(result: "Result") -> str:
    """How many rows are sound, and what is wrong with the others, each phrase once."""
    lines = []
    for name, rows in result.tables.items():
        wrong = [row.verdict for row in rows if row.verdict != "ok"]
        what = f"{escape(name.replace('_', ' '))}: {len(rows) - len(wrong)} of {len(rows)} ok"
        phrases = "; ".join(f"{escape(phrase)} ({wrong.count(phrase)})" for phrase in dict.fromkeys(wrong))
        lines.append(f'<li class="{"bad" if wrong else "good"}">{what}{": " + phrases if phrases else ""}</li>')
    lines += [f"<li>{escape(note)}</li>" for note in result.notes]
    return "<h2>Verdicts</h2>\n<ul>\n" + "\n".join(lines) + "\n</ul>"


def _table(name: str, rows: list) -> str:
    columns = type(rows[0]).columns()
    head = "".join(f'<th title="{escape(column.meaning)}">{escape(heading(column))}</th>' for column in columns.values())
    body = "\n".join(_line(row, columns) for row in rows)
    return f'<h2>{escape(name.replace("_", " "))}</h2>\n<div class="wide"><table>\n<tr>{head}</tr>\n{body}\n</table></div>'


def _line(row, columns: dict) -> str:
    cells = "".join(f"<td{' class=verdict' if name == 'verdict' else ''}>{escape(cell(row, name, column))}</td>" for name, column in columns.items())
    return f"<tr{'' if row.verdict == 'ok' else ' class=wrong'}>{cells}</tr>"


def _provenance(result: "Result") -> str:
    analysis = result.provenance.get("analysis", {})
    jobs = result.provenance.get("jobs", {})
    seconds = sum(record.get("seconds", 0.0) for record in jobs.values() if isinstance(record, dict))
    versions = ", ".join(f"{name} {version}" for name, version in analysis.get("versions", {}).items())
    return (
        f"<h2>Where it comes from</h2>\n<p>{len(jobs)} jobs, {seconds:.0f} s of computing; analysed {escape(analysis.get('written', ''))} by "
        f"<code>{escape(' '.join(analysis.get('command', [])))}</code> with {escape(versions)}. Hashes of every input stand in result.json.</p>"
    )


def _embedded(path: Path) -> str:
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()
