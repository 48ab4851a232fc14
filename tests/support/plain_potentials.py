"""Shipped potentials, changed: without their committees, for studies of made-up energies, whose geometries are in no data; and with induced dipoles."""

import re
import shutil
from pathlib import Path

from places import ROOT

from esgap.potential import Dipoles, Potential, densities, write_toml


def without_committee(name: str, home: Path) -> Path:
    """A copy of the shipped potential `name`, such as li7p3s11/gap, below `home`."""
    folder = home / name
    shutil.copytree(ROOT / "potentials" / name, folder, ignore=shutil.ignore_patterns("gap.member-*"))
    toml = folder / "potential.toml"
    toml.write_text(re.sub(r'^(members = .*|"gap\.member-.*)\n', "", toml.read_text(), flags=re.M))
    return folder


def polarisable(name: str, home: Path) -> Path:
    """A copy of a shipped potential at `home` with polarisable sulfur added, which no fit has subtracted: good for comparing codes alone."""
    shipped = Potential.load(ROOT / "potentials" / name)
    shutil.copytree(shipped.folder, home)
    es = shipped.electrostatics.model_copy(update={"dipoles": Dipoles(polarisabilities={"S": 4.0}, eta=0.55)})
    write_toml(shipped.model_copy(update={"electrostatics": es, "fit": shipped.fit | {"baseline": densities(es)}}), home)
    return home
