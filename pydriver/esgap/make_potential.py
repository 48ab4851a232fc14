"""A potential folder from a GAP that somebody else fitted, and its `potential.lmp` made anew."""

import re
import shutil
from pathlib import Path

from ase.data import atomic_numbers, chemical_symbols
from pydantic import ValidationError

from esgap.calculators import GAP
from esgap.errors import EsgapError
from esgap.gap_file import check_xml
from esgap.potential import INCLUDE, TOML, Electrostatics, Gap, Potential, check_name, first_problem, read_toml, verify, write_toml
from esgap.record import sha256, write_text

ORIGIN = "Made by `esgap potential` from {xml}, whose author and licence were not given."


def make_potential(
    xml: Path,
    folder: Path,
    material: str | None = None,
    name: str | None = None,
    electrostatics: dict | None = None,
    origin: str = "",
) -> Potential:
    """Copy a gap_fit file with its files of sparse points into `folder`, and describe it there for LAMMPS and for esgap.

    Parameters
    ----------
    xml
        The file that gap_fit wrote; it must be one that `pair_style gap` evaluates.
    folder
        The potential folder to make; `material` and `name` are those of its path, MATERIAL/NAME, when not given.
    electrostatics
        charges (e), zeta (1/Angstrom), n by element, and cutoff (Angstrom), kspace, when the GAP was fitted to the energies
        less this baseline. Charges added to a GAP that was fitted to whole energies count twice.

    Raises EsgapError: no gap_fit file, a file of sparse points missing, a name that can be no label, charges that do not fit
    the elements, a folder that holds another potential already.
    """
    if not xml.is_file():
        raise EsgapError(f"no file {xml}: give the XML file that gap_fit wrote")
    if (folder / TOML).exists():
        raise EsgapError(f"{folder} holds a potential already: choose another folder with -o, or give that folder alone to make its {INCLUDE} anew")
    check_xml(xml)
    core = GAP(xml, alone=True)
    text = xml.read_text(encoding="utf-8-sig")
    names = [xml.name, *re.findall(r'sparseX_filename="([^"]+)"', text)]
    fields = {
        "material": _name(material or folder.resolve().parent.name, "material"),
        "name": _name(name or folder.resolve().name, "name"),
        "elements": tuple(chemical_symbols[z] for z in core.elements),
        "origin": origin or ORIGIN.format(xml=xml.name),
    }
    try:
        baseline = Electrostatics.model_validate(electrostatics) if electrostatics else None
        _refuse_other_baseline(xml, baseline)
        gap = Gap(file=xml.name, label=_label(text, xml), cutoff=core.cutoff, files={file: sha256(xml.parent / file) for file in names})
        potential = Potential(**fields, gap=gap, electrostatics=baseline)
    except ValidationError as error:
        raise EsgapError(f"{xml}: {first_problem(error)}") from error
    folder.mkdir(parents=True, exist_ok=True)
    for file in names:
        if (xml.parent / file).resolve() != (folder / file).resolve():
            shutil.copyfile(xml.parent / file, folder / file)
    write_toml(potential, folder)
    return Potential.load(folder)


def renew(folder: Path) -> Potential:
    """Write `potential.lmp` of a potential folder anew from its `potential.toml`. Raises EsgapError when the folder is damaged."""
    if not (folder / TOML).is_file():
        raise EsgapError(f"{folder} holds no {TOML}: give a potential folder, or an XML file of gap_fit with -o")
    potential = read_toml(folder / TOML)
    verify(folder, potential.gap.files)
    write_text(folder / INCLUDE, potential.lammps_include())
    return Potential.load(folder)


def by_element(text: str, option: str) -> dict[str, float]:
    """The value of an option such as "Li=0.5,S=-1.0". Raises EsgapError when it is none."""
    try:
        pairs = dict(pair.split("=") for pair in text.replace(" ", "").split(",") if pair)
        if unknown := sorted(set(pairs) - set(atomic_numbers)):
            raise EsgapError(f"{option} names {', '.join(unknown)}, no chemical symbol")
        return {symbol: float(value) for symbol, value in pairs.items()}
    except ValueError as error:
        raise EsgapError(f"{option} is {text!r}, expected ELEMENT=NUMBER,... such as Li=0.5,S=-1.0") from error


def baseline(charges: str, zeta: str, n: str, cutoff: float) -> dict | None:
    """The options of the command line as [electrostatics]; None without charges."""
    if not charges:
        if zeta or n:
            raise EsgapError("--zeta and --n are those of charges: give --charges too, or leave them out")
        return None
    values = by_element(charges, "--charges")
    widths = by_element(zeta, "--zeta") if zeta else {}
    if missing := sorted(set(values) - set(widths)):
        raise EsgapError(f"--zeta lacks {', '.join(missing)}: every charge needs the exponent of its Slater density (1/Angstrom), as it was used in the fit")
    numbers = dict.fromkeys(values, 1) | {symbol: int(value) for symbol, value in by_element(n, "--n").items()}
    return {"charges": values, "zeta": widths, "n": numbers, "cutoff": cutoff}


def _name(name: str, key: str) -> str:
    try:
        return check_name(name, key)
    except ValueError as error:
        raise EsgapError(f"{error} (--{key} gives one)") from error


def _refuse_other_baseline(xml: Path, baseline: Electrostatics | None) -> None:
    """Raise EsgapError when a description beside `xml` tells that it was fitted to energies less other electrostatics than `baseline`."""
    if not (xml.parent / TOML).is_file():
        return
    known = read_toml(xml.parent / TOML)
    if known.gap.file == xml.name and known.electrostatics and (baseline is None or baseline.charges != known.electrostatics.charges):
        given = f"the charges {_listed(baseline)}" if baseline else "none"
        raise EsgapError(
            f"{xml} is the short-range part of {known.material}/{known.name}, fitted to energies less the electrostatics of {_listed(known.electrostatics)}, and was given {given}: use {xml.parent}, or give these charges"
        )


def _listed(electrostatics: Electrostatics) -> str:
    return ", ".join(f"{element} {charge:+g} e" for element, charge in electrostatics.charges.items())


def _label(text: str, xml: Path) -> str:
    found = re.search(r"<GAP_params\b[^>]*\blabel=[\"']([^\"']+)", text)
    if not found:
        raise EsgapError(f"{xml} has no GAP_params with a label: give the XML file that gap_fit wrote")
    return found[1]
