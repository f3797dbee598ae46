# Sonik. `make demo` shows it, `make test` proves it; a second run does no work twice.

PYTHON ?= python3
VENV   ?= .venv
EXTRAS ?= embedded
comma  := ,
DEV    := dev$(if $(filter all transformers,$(EXTRAS)),$(comma)dev-models)
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed-$(EXTRAS)

.PHONY: install demo browser test check bench eval clean

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; ok = (3, 11) <= sys.version_info[:2] < (3, 14); sys.exit(None if ok else "Sonik needs Python 3.11, 3.12 or 3.13; this is " + sys.version.split()[0] + ". Name another one: make PYTHON=python3.12")'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Python's venv module is missing: install it (Debian, Ubuntu: apt-get install python3-venv)."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[$(EXTRAS),$(DEV)]'
	@$(BIN)/sonik doctor > $(VENV)/doctor.txt || { cat $(VENV)/doctor.txt; echo "Mend what is marked 'no', then run make again."; exit 1; }
	@touch $@

demo: install
	@$(BIN)/sonik demo

# Pages are tested in Debian's Chromium. CI installs it; elsewhere those tests say that it is missing.
browser:
ifdef CI
	@command -v chromium > /dev/null || { apt-get update -qq && apt-get install -qq --yes --no-install-recommends chromium > /dev/null; } || echo "Chromium could not be installed: tests in a browser are skipped."
endif

# In the order of their folders: what takes long begins first, and the short tests fill up what is left.
test: install browser
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m docs._generate --check

bench: install
	$(BIN)/python -m tests.bench

# Needs the public sets beside the checkout, see docs/how-to/evaluate.md.
eval: install
	$(BIN)/python -m eval baselines --out build/eval/baselines

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
