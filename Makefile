# Everything lives in .venv and tests/node/node_modules; delete both to start afresh.
.DEFAULT_GOAL := help
.PHONY: help demo test check bench mutants latest lint types unit clean

PYTHON ?= python3
BIN := .venv/bin
ARGS ?=
# Tests wait for others half of their time, so that twice as many as there are cores run at once.
TESTERS ?= $(shell expr 2 \* $$(nproc 2>/dev/null || echo 2))
# Compiled modules are kept even where the environment says no: each start takes half the time.
export PYTHONDONTWRITEBYTECODE :=
PIP := $(BIN)/pip --disable-pip-version-check --no-input
# A browser for the browser tests; any of these names will do.
BROWSER := $(firstword $(foreach b,chromium chromium-browser google-chrome,$(shell command -v $(b) 2>/dev/null)))
NODE := $(shell command -v npm 2>/dev/null)

# Installs a lock file and counts the packages on one line; pip's own errors are shown whole.
define install
rm -f .venv/failed; \
( $(PIP) install --no-compile --progress-bar off --require-hashes -r $(1) 2>.venv/errors || touch .venv/failed ) \
	| awk '/^(Collecting|Requirement already)/ {n++; printf "\r  %d packages looked up", n; fflush()} /^Installing collected/ {printf "\n  installing them\n"; fflush()}'; \
if [ -e .venv/failed ]; then cat .venv/errors; exit 1; fi
endef

help:
	@echo 'make demo            see Hotlead at work, without any account (options: ARGS="--crm hubspot")'
	@echo 'make test            lint, types, import direction and all tests'
	@echo 'make check           lint, types and import direction only'
	@echo 'make bench           measures, each beside its yardstick'
	@echo 'make mutants         whether the tests of docs/pitfalls.md fail without their cures'
	@echo 'make latest          the connectors against the newest libraries that we allow'

.venv/ready: requirements.lock pyproject.toml
	@echo "Installing Hotlead into .venv (half a minute with a warm pip cache) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(call install,requirements.lock)
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.venv/ready-dev: requirements-dev.lock .venv/ready
	@echo "Installing what the tests need into .venv ..."
	@$(call install,requirements-dev.lock)
	@touch $@

tests/node/node_modules/ready: tests/node/package-lock.json
ifneq ($(NODE),)
	@echo "Installing the independent clients that judge the sandbox ..."
	@cd tests/node && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@
else
	@echo "Node is not here: the tests that drive the sandbox with Node clients will be skipped."
endif

.PHONY: browser
browser:
ifeq ($(BROWSER),)
	@echo "Installing Chromium for the browser tests ..."
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium fonts-noto-color-emoji >/dev/null; \
	elif command -v sudo >/dev/null && sudo -n true 2>/dev/null && command -v apt-get >/dev/null; then \
		sudo apt-get update -qq && sudo DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium fonts-noto-color-emoji >/dev/null; \
	else echo "Cannot install Chromium here: the browser tests will be skipped."; fi
endif

demo: .venv/ready
	@$(BIN)/hotlead demo $(ARGS)

lint: .venv/ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: .venv/ready-dev
	$(BIN)/mypy

check: lint types

test: check tests/node/node_modules/ready browser
	$(BIN)/pytest -n $(TESTERS) --dist loadgroup $(ARGS)

# Singer taps, to measure beside: each in an environment of its own, for the bench alone.
.venv-taps/%/ready: tests/bench/taps/%.txt
	@echo "Installing tap-$* to measure beside ..."
	@test -x $(@D)/bin/python || $(PYTHON) -m venv $(@D)
	@$(@D)/bin/pip --disable-pip-version-check --no-input install --quiet --no-deps -r $< && touch $@ \
		|| echo "tap-$* cannot be installed here: it is not measured."

bench: .venv/ready-dev .venv-taps/salesforce/ready .venv-taps/hubspot/ready
	$(BIN)/python -m tests.bench $(ARGS)

# Not part of make test, for it takes a quarter of an hour: ARGS="--only R5 R7" for some.
mutants: .venv/ready-dev
	@$(BIN)/python -m tests.mutants $(ARGS)

# What breaks when a library is renewed, seen before the locks are made anew: .venv stays as it is.
LATEST := .venv-latest
latest:
	@echo "Installing the newest libraries that pyproject.toml allows into $(LATEST) ..."
	@rm -rf $(LATEST) && $(PYTHON) -m venv $(LATEST)
	@$(LATEST)/bin/pip --disable-pip-version-check --no-input install --quiet --upgrade 'pip>=25.1'
	@$(LATEST)/bin/pip --disable-pip-version-check --no-input install --quiet --upgrade \
		--progress-bar off '.[events,postgres]' --group build --group dev
	@echo "Newer than what is locked:"
	@$(LATEST)/bin/pip --disable-pip-version-check freeze --exclude hotlead | awk -F '[= ;]+' \
		'{n = tolower($$1); gsub(/[._]/, "-", n)} NR == FNR {if (/==/) locked[n] = $$2; next} \
		n in locked && locked[n] != $$2 {print "  " n " " locked[n] " -> " $$2}' requirements-dev.lock -
	$(LATEST)/bin/python -m pytest -m "not node and not browser" $(if $(ARGS),$(ARGS),tests/contract)

clean:
	rm -rf .venv .venv-taps $(LATEST) tests/node/node_modules build dist
