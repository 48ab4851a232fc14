"""Shipped potentials without their committees, for studies of made-up energies: a committee judges geometries, and those of such studies are in no data."""

import re
import shutil
from pathlib import Path

from places import ROOT


def without_committee(name: str, home: Path) -> Path:
    """A copy of the shipped potential `name`, such as li7p3s11/gap, below `home`."""
    folder = home / name
    shutil.copytree(ROOT / "potentials" / name, folder, ignore=shutil.ignore_patterns("gap.member-*"))
    toml = folder / "potential.toml"
    toml.write_text(re.sub(r'^(members = .*|"gap\.member-.*)\n', "", toml.read_text(), flags=re.M))
    return folder
