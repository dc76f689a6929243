# Five commands; each sets up all that it needs, from a bare clone:
#
#   make demo    a board, the server and a script, on this machine, without hardware
#   make test    everything that has to be green: lint, format, types, tests, the C library, the docs
#   make docs    the documentation site, in build/site
#   make bench   how fast it is, beside a bare loop and the peer; QUICK=1 for three minutes
#   make boards  the example firmware for microcontrollers, in firmware_example/build/boards
#
# Linux and macOS. On Windows, or without make:  pip install .   then   scrutiny demo

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# Tests that start processes mostly wait for them; what only computes runs beside, in the gaps.
# A file is run by one worker: tests share nothing with those of other files. Folders whose files take
# longest come first, so that none is left in the end, when the other worker has nothing to do.
OF_PROCESSES := tests/interop tests/firmware tests/docs tests/integration tests/e2e
COMPUTING := tests/fuzz tests/unit
PYTEST := $(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder
AGAIN := $(MAKE) --no-print-directory

# What is compiled once need not be compiled by each of a thousand processes that tests start.
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX := $(CURDIR)/build/bytecode

.PHONY: bench boards clean demo docs test test-computing test-of-processes

demo: $(VENV)/.installed
	@$(BIN)/scrutiny demo

test: $(VENV)/.installed-for-tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m tests.support.peer
	@$(BIN)/python tools/side_by_side.py "$(AGAIN) test-of-processes" "$(AGAIN) test-computing"

test-of-processes:
	$(PYTEST) $(OF_PROCESSES)

test-computing:
	$(BIN)/mypy
	$(BIN)/pyright --warnings
	$(PYTEST) $(COMPUTING)

# Warnings are errors: a link or an anchor that leads nowhere. With --quiet they would not count.
docs: $(VENV)/.installed-for-docs
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

# Two at a time, and what they say in one piece.
boards: $(VENV)/.installed
	@sh tools/install_system_packages.sh boards
	@$(MAKE) --no-print-directory -C firmware_example -j2 \
	    $(if $(filter output-sync,$(.FEATURES)),--output-sync) boards SCRUTINY="$(abspath $(BIN))/scrutiny"

# Linux. On a machine that does nothing else.
bench: $(VENV)/.installed-for-tests
	@mkdir -p build
	$(BIN)/python -m benchmarks.comparison $(if $(QUICK),--quick) --json build/bench.json --picture build/bench.svg

clean:
	rm -rf $(VENV) .venv-* build firmware_example/build .mypy_cache .pytest_cache .ruff_cache \
	    scrutiny-demo.csv

$(VENV)/.installed: pyproject.toml tools/install_system_packages.sh
	@sh tools/install_system_packages.sh demo
	@echo "setting up $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.installed-for-docs: $(VENV)/.installed
	@echo "installing what the documentation needs ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[docs]'
	@touch $@

$(VENV)/.installed-for-tests: $(VENV)/.installed
	@$(BIN)/python tools/side_by_side.py "sh tools/install_system_packages.sh test" \
	    "echo installing what the tests need ...; \
	    $(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --editable '.[dev]'"
	@touch $@
