"""Whether a GAP file is one that esgap can add its electrostatics to."""

import re
from pathlib import Path

from esgap.errors import EsgapError


def check_xml(xml: Path, label: str | None = None) -> None:
    """Raise EsgapError for a GAP file that is not what esgap adds its electrostatics to.

    Refused: a Coulomb core, which would count beside the charges of `potential.toml`; a fit with a core that the file's own
    call leaves out; labels of <Potential>, <GAP_params> and `label` that differ.
    """
    text = xml.read_text(encoding="utf-8-sig")
    call = _attribute(text, "Potential", "init_args") or ""
    core = _attribute(text, "GAP_data", "core_ip_args") or ""
    if found := re.search(r"\bIP\s+(\w*Coulomb\w*)", f"{call} {core}") or re.search(r"<(Coulomb\w*)", text):
        raise EsgapError(f"{xml} has a Coulomb core ({found[1]}): its charges would count beside those of potential.toml; fit to energies less the baseline, without a core in the file")
    if (_attribute(text, "GAP_data", "do_core") or "F").upper().startswith("T") and not call.startswith("Sum"):
        raise EsgapError(f"{xml} was fitted with a core ({core or 'core_ip_args not given'}), which its call '{call}' leaves out: energies would lack it; use a fit without a core")
    labels = {"Potential": _attribute(text, "Potential", "label"), "GAP_params": _attribute(text, "GAP_params", "label"), "potential.toml": label}
    if inner := re.search(r"IP GAP label=(\S+)", call):
        labels["init_args"] = inner[1].rstrip("}")
    if len({name for name in labels.values() if name}) > 1:
        words = ", ".join(f"{where} has {name}" for where, name in labels.items() if name)
        raise EsgapError(f"the labels of {xml} differ ({words}): QUIP would find no potential, or another; give all the same")


def _attribute(text: str, element: str, name: str) -> str | None:
    """The attribute of the first such element of an XML text."""
    tag = re.search(rf"<{element}\b[^>]*>", text)
    found = tag and re.search(rf"\b{name}=(?:\"([^\"]*)\"|'([^']*)')", tag[0])
    return (found[1] if found[1] is not None else found[2]) if found else None
