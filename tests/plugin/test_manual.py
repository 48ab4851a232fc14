"""Every example of the manual pages runs as it stands, on the triclinic crystal."""

import re
import shutil
from pathlib import Path

import pytest
from harness import evaluate
from small_fits import write_committee

PAGES = Path(__file__).parents[2] / "lammps-plugin" / "doc"
HEAD = "units metal\natom_style charge\nread_data data.test\n"
BEFORE = {  # what a page takes for granted
    "coul_slater_long": "variable exponent equal 1.1\n",
    "efield_pbc": "pair_style zero 8.0\npair_coeff * *\ngroup mobile type 1\nwrite_dump all custom perfect.reference id xu yu zu\n",
}
AFTER = {"efield_pbc": "displace_atoms all random 0.1 0.1 0.1 11\n"}


def examples() -> list:
    """The blocks of the sections Examples, each with the name of its page."""
    found = []
    for page in sorted(PAGES.glob("*.md")):
        section = page.read_text().split("## Examples")[1].split("\n## ")[0]
        found += [pytest.param(page.stem, block, id=f"{page.stem}-{i}") for i, block in enumerate(re.findall(r"```\n(.*?)```", section, flags=re.S))]
    return found


@pytest.mark.parametrize("page, example", examples())
def test_example(page, example, li7p3s11, data_file, tiny_gap, tmp_path):
    data_file(li7p3s11)
    for file in tiny_gap.parent.glob("gap.xml*"):
        shutil.copy(file, tmp_path)
    shutil.copy(tmp_path / "gap.xml", tmp_path / "es-gap.xml")
    write_committee(tmp_path / "gap.xml", 2)
    label = re.search(r"<GAP_params label=\"(\S+?)\"", (tmp_path / "gap.xml").read_text())[1]
    example = re.sub(r"xml_label=\w+", f"xml_label={label}", example)
    assert abs(evaluate(HEAD + BEFORE.get(page, "") + example + AFTER.get(page, ""), tmp_path).energy) > 1e-6
