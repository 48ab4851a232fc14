# Tasks for users and developers. Everything runs in .venv, which `make venv` makes.
PYTHON ?= python3
BIN := .venv/bin
SOURCES := pyproject.toml CMakeLists.txt $(shell find lammps-plugin pydriver inputs potentials -type f -not -path '*/__pycache__/*' -not -path '*/training/*')

PARTS := $(patsubst tests/validation/test_%.py,%,$(wildcard tests/validation/test_*.py))

.PHONY: help venv demo paper tutorial test docs validate validate-dft bench clean

help:
	@echo "make demo          formation energies in fields, a barrier, a conductivity: runs/demo.html"
	@echo "make paper         all figures of the paper, two hours of a core, resumable: runs/paper/paper.html; SHORT=1: minutes, tiny settings"
	@echo "make tutorial      a second material, Li2S, from its CIF to a checked ES-GAP; needs CP2K, ten minutes of a core: docs/howto/second-material.md"
	@echo "make test          the test suite"
	@echo "make validate      slow proofs, at most 90 minutes; parts with ONLY=\"slurm docs\":"
	@echo "                   $(PARTS)"
	@echo "make validate-dft  labels of the training data once more with CP2K"
	@echo "make docs          the documentation: build/docs/index.html"
	@echo "make bench         benchmarks"

venv: .venv/installed

.venv/installed: $(SOURCES)
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check '.[test]'
	@touch $@

# The packages of an extra of pyproject.toml, without compiling esgap again.
.venv/extra-%: pyproject.toml .venv/installed
	@$(BIN)/python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['optional-dependencies']['$*'], sep='\n')" \
	  | xargs -d '\n' $(BIN)/python -m pip install --quiet --disable-pip-version-check
	@touch $@

demo: venv
	$(BIN)/esgap run inputs/frenkel/study.toml -o runs/demo
	$(BIN)/esgap run inputs/migration/demo.toml -o runs/demo-migration
	$(BIN)/esgap run inputs/conductivity/demo.toml -o runs/demo-conductivity
	$(BIN)/esgap report runs/demo runs/demo-migration runs/demo-conductivity -o runs/demo.html

# The figures of the paper, its numbers beside ours; the same command goes on after an interruption.
paper: venv
	$(BIN)/esgap paper inputs/paper/paper.toml -o runs/paper$(if $(SHORT),-short --short)

# Li2S from its CIF: charges, labels and fits, labels at five volumes, then what tells whether the potentials are right; goes on after an interruption.
tutorial: venv
	$(BIN)/esgap run inputs/li2s/charges.toml -o runs/tutorial/charges
	$(BIN)/esgap run inputs/li2s/train.toml -o runs/tutorial/train
	$(BIN)/esgap run inputs/li2s/volumes.toml -o runs/tutorial/volumes
	$(BIN)/esgap fit inputs/li2s/fit.toml -o runs/tutorial/fit
	$(BIN)/esgap run inputs/li2s/far.toml -o runs/tutorial/far
	$(BIN)/esgap run inputs/li2s/evaluate.toml -o runs/tutorial/evaluate
	$(BIN)/esgap run inputs/li2s/eos.toml -o runs/tutorial/eos
	$(BIN)/python inputs/li2s/volumes.py runs/tutorial
	$(BIN)/esgap run inputs/li2s/md.toml -o runs/tutorial/md

# Two files of tests at a time, since most tests wait for one process; the long ones first, so that none is left alone at the end.
test: venv
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder tests/integration tests/plugin tests/unit

# Slow proofs: everything too long for the everyday suite; a part is a file tests/validation/test_PART.py.
ONLY ?= $(PARTS)
validate: venv .venv/extra-validate .venv/extra-docs
	$(BIN)/python -m pytest --durations=15 $(ONLY:%=tests/validation/test_%.py)

docs: venv .venv/extra-docs
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs build/docs
	@echo "build/docs/index.html"

validate-dft: venv
	$(BIN)/python -m pytest -rP tests/dft

bench: venv
	for file in tests/benchmarks/*.py; do $(BIN)/python $$file || exit 1; done

clean:
	rm -rf build .venv
