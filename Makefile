# Needs Python 3.11 to 3.13 and make; everything else is installed into .venv on first use.
#
#   make demo    synthesise the missing phases of a beating-heart phantom, into demo-output/
#   make test    all tests, in as many processes as there are cores (WORKERS=1 for one); COVERAGE=1 measures the core's;
#                TESTS="-m 'not slow' Testing/core" is passed on
#   make lint    style, types and layers: what continuous integration checks before the tests
#   make bench   our engines beside those of others: accuracy, time, memory; report in build/bench. PEERS=1 installs the
#                others, QUICK=1 takes few and small sets, BENCH_OPTIONS="--sets NAME --threads 4" is passed on
#   make fuzz    damage 11,000 inputs, interrupt commands 500 times, and more; EXAMPLES, SIGNALS, OPTIONS and STARTS
#                choose how often: for every kind of input, command, option and pair of commands at once
#   make weights train the shipped networks again, into build/weights; about two and a half hours on two cores
#   make clean   remove what these made
#
# PYTHON=/path/to/python chooses the interpreter, VENV=folder where packages go.

VENV ?= .venv
WORKERS ?= auto
BIN := $(VENV)/bin
CANDIDATES := $(or $(PYTHON),python3.11 python3.12 python3.13 python3 python)
SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))

# PyTorch's threads would spin while they wait for one another: beside any other work that is many times slower.
export OMP_WAIT_POLICY ?= passive

.PHONY: demo test lint bench fuzz weights clean
.DELETE_ON_ERROR:

demo: $(VENV)/.installed-cli
	$(BIN)/temporal-interp demo -o demo-output --force

test: $(VENV)/.installed-test
	@sh Testing/system_libraries.sh
	@# a thread each: the processes share the cores
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(if $(COVERAGE),--cov=temporal_interp) $(TESTS)

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.installed$(if $(PEERS), $(VENV)/.with-peers)
	@# alone on the machine, threads may wait as PyTorch lets them by default
	env -u OMP_WAIT_POLICY $(BIN)/python Testing/Benchmarks/bench.py $(if $(QUICK),--quick) $(BENCH_OPTIONS)

fuzz: $(VENV)/.installed-test
	FUZZ_EXAMPLES=$(or $(EXAMPLES),300) FUZZ_SIGNALS=$(or $(SIGNALS),24) FUZZ_OPTIONS=$(or $(OPTIONS),8) \
	  FUZZ_STARTS=$(or $(STARTS),20) OMP_NUM_THREADS=1 \
	  $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal --timeout 7200 Testing/fuzz

weights: $(VENV)/.installed
	$(BIN)/temporal-interp train teacher --config synthetic --data build/subjects -o build/weights
	$(BIN)/temporal-interp train student --config synthetic-context --no-distil --data build/subjects -o build/weights/context
	for factor in 2 3 4; do \
	  $(BIN)/temporal-interp slices train --synthetic 48 --factor $$factor -o build/weights/slices-$${factor}x.safetensors --force || exit 1; \
	done

clean:
	rm -rf $(VENV) demo-output build dist .coverage .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# `.installed` marks the package as installed with all that its commands need, `.installed-EXTRA` with that extra.
$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install -c constraints.txt --editable '.[cli,train,video]'
	@touch $@

$(VENV)/.installed-%: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install -c constraints.txt --editable '.[$*]'
	@touch $@

$(VENV)/.with-peers: Testing/Benchmarks/requirements.txt $(VENV)/.installed
	$(BIN)/python -m pip install -c constraints.txt -r Testing/Benchmarks/requirements.txt
	@touch $@

$(BIN)/python:
	@for python in $(CANDIDATES); do \
	  if $$python -c '$(SUPPORTED)' 2>/dev/null; then \
	    echo "Making $(VENV) with $$($$python --version); the first installation takes a few minutes."; \
	    $$python -m venv $(VENV) && exit 0; \
	    rm -rf $(VENV); echo "$$python could not make $(VENV), see above." >&2; exit 1; \
	  fi; \
	done; echo "Python 3.11, 3.12 or 3.13 is needed and none was found; set PYTHON=/path/to/python." >&2; exit 1
