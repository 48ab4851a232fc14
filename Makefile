# Tasks for users and developers. Everything runs in .venv, which `make venv` makes.
PYTHON ?= python3
BIN := .venv/bin
SOURCES := pyproject.toml CMakeLists.txt $(shell find lammps-plugin pydriver inputs potentials -type f -not -path '*/__pycache__/*' -not -path '*/training/*')

.PHONY: venv demo test validate bench clean

venv: .venv/installed

.venv/installed: $(SOURCES)
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check '.[test]'
	@touch $@

demo: venv
	$(BIN)/esgap run inputs/frenkel/study.toml -o runs/demo

test: venv
	$(BIN)/python -m pytest

# Slow proofs: everything too long for the everyday suite.
validate: venv
	$(BIN)/python -m pytest tests/validation

bench: venv
	for file in tests/benchmarks/*.py; do $(BIN)/python $$file || exit 1; done

clean:
	rm -rf build .venv
