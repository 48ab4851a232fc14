"""The results of the tutorial (inputs/li2s) beside the expected ones, with tolerances for other machines; used with fresh and with shipped labels."""

from pathlib import Path

import numpy as np
import pandas as pd
from places import ROOT

CASE = ROOT / "inputs" / "li2s"
# Table in the run folder -> its columns: relative and absolute tolerance. Labels of another CP2K differ by 1e-5 eV; a fit to few labels amplifies that.
TABLES = {
    "fit/errors.csv": {"energy_rmse": (0.1, 0.1), "force_rmse": (0.1, 0.002), "virial_rmse": (0.1, 0.5)},
    "far/errors.csv": {"energy_rmse": (0.1, 0.1), "force_rmse": (0.1, 0.002)},
    "evaluate/errors.csv": {"energy_rmse": (0.1, 0.1)},
    "volumes.csv": {"volume": (0.0, 0.01), "PBE": (0.0, 0.1), "li2s/es-gap": (0.0, 1.0), "li2s/gap": (0.0, 1.0)},
    "curves.csv": {"volume": (0.0, 0.5), "bulk_modulus": (0.02, 0.5)},
}


def check_results(folder: Path) -> None:
    """Compare each table of `folder` with inputs/li2s/expected."""
    for name, columns in TABLES.items():
        there, here = pd.read_csv(CASE / "expected" / expected(name)), pd.read_csv(folder / name)
        assert len(here) == len(there), name
        for column, (relative, absolute) in columns.items():
            np.testing.assert_allclose(here[column], there[column], rtol=relative, atol=absolute, equal_nan=True, err_msg=f"{name}: {column}")


def expected(name: str) -> str:
    """Name of the shipped table: fit/errors.csv is fit-errors.csv."""
    return name.replace("/", "-")
