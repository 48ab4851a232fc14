"""Every `sh` block of the README, of the documentation and of the worked cases runs; the site builds without a warning and shows in a browser.

A comment before a block says what runs it where this file does not: `<!-- run by: PART -->` is tests/validation/test_PART.py, `dft/PART` is tests/dft/test_PART.py,
`<!-- run alone -->` a clone of its own, since the block changes what others use. LAMMPS examples of the manual are run by the style tests.
"""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from browser import WIDTHS, check, install, look
from places import BIN, ENV, ROOT

from esgap.studies.kinds import kinds

README = ROOT / "README.md"
PAGES = sorted(file for pattern in ("docs/*.md", "docs/[!g]*/*.md", "inputs/*/README.md") for file in ROOT.glob(pattern))
LIMIT = 1200  # seconds a block; what takes longer is run by a part of its own


class Block(NamedTuple):
    """Commands of a page, and who runs them: "", "alone" or the name of a part."""

    page: Path
    text: str
    by: str


def blocks(page: Path) -> list[Block]:
    found = re.findall(r"(?:<!-- run (?:by: )?(\S+) -->\n)?```sh\n(.*?)```", page.read_text(), flags=re.S)
    return [Block(page, text, by) for by, text in found]


def names(found: list[Block]) -> list[str]:
    return [f"{block.page.relative_to(ROOT)}-{number}" for number, block in enumerate(found)]


HERE = [block for page in PAGES for block in blocks(page) if block.by in ("", "alone")]
ELSEWHERE = [block for page in PAGES for block in blocks(page) if block.by not in ("", "alone")]


def clone(folder: Path) -> Path:
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    return folder


def shell(text: str, folder: Path, env: dict, limit: float | None = LIMIT) -> None:
    try:
        done = subprocess.run(["bash", "-ec", text], cwd=folder, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=limit)
    except subprocess.TimeoutExpired:
        pytest.fail(f"longer than {limit} s: let a part of its own run it, and say so before the block with <!-- run by: PART -->")
    assert done.returncode == 0, done.stdout[-3000:]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """A clone in which the pages work one after the other, with the esgap that is tested."""
    return clone(tmp_path_factory.mktemp("workspace") / "esgap")


def test_readme_commands(tmp_path):
    """In a clean clone, which makes its own environment; the test suite itself, which runs this file's neighbours, is left out."""
    home = clone(tmp_path / "esgap")
    found = [re.sub(r"(?m)^make test.*$", "", block.text) for block in blocks(README) if not block.by]
    assert len(found) >= 2
    env = {key: value for key, value in os.environ.items() if key not in ("VIRTUAL_ENV", "PYTHONPATH")}
    shell("\n".join(f"cd {home}\n{block}" for block in found), home, env, limit=None)
    assert (home / "runs/demo/result.json").is_file()


@pytest.mark.parametrize("block", HERE, ids=names(HERE))
def test_block(block, workspace, tmp_path):
    shell(block.text, clone(tmp_path / "alone") if block.by == "alone" else workspace, ENV)


@pytest.mark.parametrize("block", ELSEWHERE, ids=names(ELSEWHERE))
def test_block_is_run_by_another_part(block):
    """The part exists and speaks of every word of the block; paths by their last names."""
    part, _, test = block.by.partition("::")
    folder, _, name = part.rpartition("/")
    text = (ROOT / "tests" / (folder or "validation") / f"test_{name}.py").read_text()
    assert not test or f"def {test}(" in text
    if test == "test_readme_commands":
        text = "\n".join(one.text for one in blocks(README))
    words = [word for line in block.text.splitlines() for word in shlex.split(line, comments=True) if word not in ("cd", "&&")]
    lost = [word for word in words if Path(word).name not in text]
    assert not lost, f"{part} does not run {lost}"


def test_every_kind_and_every_case_has_its_page():
    assert [kind for kind in kinds() if not (ROOT / "docs/kinds" / f"{kind}.md").is_file()] == []
    told = "\n".join(file.read_text() for file in ROOT.glob("docs/kinds/*.md"))
    cases = [study.parent.name for study in ROOT.glob("inputs/*/study.toml")]
    assert [case for case in cases if f"inputs/{case}/study.toml" not in told] == []


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    shell(f"{shlex.quote(sys.executable)} -m sphinx -W --keep-going -q -b html docs {folder}", ROOT, ENV)
    install()
    return folder


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("page", ["index", "theory", "kinds/eos", "generated/kinds/md", "generated/errors"])
def test_pages_show_in_a_browser(site, tmp_path, page, width):
    address = site / f"{page}.html"
    seen = look(address, width, tmp_path / "shot.png")
    check(seen, site)
    assert len(seen.text) > 500


def test_formulas_are_drawn(site):
    """No command of TeX is left over."""
    for page in ("theory", "kinds/eos", "kinds/frenkel", "kinds/locality"):
        text = re.sub(r"<annotation.*?</annotation>|<code.*?</code>|<pre.*?</pre>|<script.*?</script>", "", (site / f"{page}.html").read_text(), flags=re.S)
        assert text.count("<math") >= 1 and not re.findall(r"\\[a-zA-Z]+", text)


def test_a_warning_fails_the_build(tmp_path):
    """A link that leads nowhere."""
    home = clone(tmp_path / "esgap")
    (home / "docs/limits.md").write_text("# Limits\n\n[nothing](nowhere.md)\n")
    done = subprocess.run([BIN / "python", "-m", "sphinx", "-W", "-q", "-b", "html", "docs", "build/docs"], cwd=home, env=ENV, text=True, capture_output=True)
    assert done.returncode != 0 and "nowhere" in done.stderr
