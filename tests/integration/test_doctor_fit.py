"""The fit that `esgap doctor` makes: one potential to three engines, and a wrong one is found."""

from esgap import doctor
from esgap.jobs.resources import Resources
from esgap.lammps.static import Labels


def test_toy_is_fitted_and_a_wrong_energy_or_force_is_found(monkeypatch):
    ok, line = doctor.fit(Resources())
    assert ok and "through pair_style gap: energy within" in line
    right = doctor.evaluate

    def wrong(energy, force):
        def evaluate(configurations, elements, commands, **keywords):
            found = right(configurations, elements, commands, **keywords)[0]
            return [Labels(found.energy + energy, found.forces + force, found.virial)] if commands.startswith("pair_style gap") else [found]

        return evaluate

    for shift in ((1e-6, 0.0), (0.0, 1e-6)):
        monkeypatch.setattr(doctor, "evaluate", wrong(*shift))
        assert not doctor.fit(Resources())[0]
