"""The files that gap_fit leaves, an XML and one text file of sparse points a term: names, digits, hashes."""

import hashlib
import re
from pathlib import Path

import numpy as np

XML = "gap.xml"


def relabel(work: Path, label: str) -> str:
    """Replace gap_fit's label, made of date and time, so that equal fits give equal files."""
    text = (work / XML).read_text()
    old = re.search(r'<Potential label="([^"]+)"', text)[1]
    (work / XML).write_text(text.replace(old, label))
    for file in work.glob(f"{XML}.sparseX.{old}*"):
        file.rename(file.with_name(file.name.replace(old, label)))
    return label


def shorten(work: Path, decimals: int) -> None:
    """Round the sparse points of SOAP to `decimals` and correct their checksums: about half the bytes of gap_fit's 21 digits.

    They are unit vectors, so this is an absolute error; what it does to energies and forces is measured by the fit
    and stated in `potential.toml`. Distances stay as they are: few numbers, and large weights that cancel.
    """
    text = (work / XML).read_text()
    for dimensions, name, md5 in re.findall(r'dimensions="(\d+)"[^>]* sparseX_filename="([^"]+)" sparseX_md5sum="([^"]+)"', text):
        if dimensions != "1":
            file = work / name
            file.write_text("".join(_short(x, decimals) + "\n" for x in np.loadtxt(file, ndmin=1)))
            text = text.replace(md5, hashlib.md5(file.read_bytes()).hexdigest())
    (work / XML).write_text(text)


def _short(x: float, decimals: int) -> str:
    """Fixed-point text without the digits that carry nothing: .25 for 0.2500, 0. for 0.0000."""
    digits = f"{x:.{decimals}f}".rstrip("0")
    if digits in ("0.", "-0."):
        return "0."
    return digits.replace("0.", ".", 1) if digits.startswith(("0.", "-0.")) else digits
