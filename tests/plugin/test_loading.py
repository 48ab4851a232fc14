"""What the plugin and its electrostatics refuse before they would compute nonsense, each in one sentence."""

import pytest
from harness import launch

BOX = "region box block 0 20 0 20 0 20\ncreate_box 1 box\ncreate_atoms 1 single 1 1 1\ncreate_atoms 1 single 3 1 1\nmass 1 1.0\n"
SLATER = "pair_style coul/slater/long slater 8.0\npair_coeff 1 1 1.5\n"


@pytest.mark.parametrize(
    "script, message",
    [
        ("units metal\natom_style atomic\n" + BOX + SLATER, "needs charges: use atom_style charge or full"),
        ("units metal\natom_style charge\n" + BOX + SLATER, "needs a kspace_style (ewald or pppm) for the long-range part"),
        ("units metal\natom_style charge\n" + BOX + SLATER + "kspace_style msm 1e-4\n", "KSpace style is incompatible with Pair style"),
    ],
    ids=["no charges", "no kspace", "msm"],
)
def test_refused_in_a_sentence(tmp_path, script, message):
    done = launch(script + "run 0\n", tmp_path)
    assert done.returncode != 0 and "ERROR" in done.stdout and message in done.stdout, done.stdout


def test_styles_are_known_without_plugin_load(tmp_path):
    done = launch("plugin list\n", tmp_path)
    assert done.returncode == 0 and "coul/slater/long" in done.stdout and "efield/pbc" in done.stdout
