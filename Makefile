# Common Knowledge: `make help` lists what there is. Everything runs from .venv, made here from the lock files.

.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes

.PHONY: help
help: ## List these commands
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Set-up: an environment, and the static files built from the npm lock

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Common Knowledge needs Python 3.11 or newer: this is " + sys.version.split()[0] + ". Name another with PYTHON=python3.11.")'
	@echo "Making the environment in $(VENV) …"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.runtime: $(VENV)/.made requirements.txt
	@$(PIP) -r requirements.txt
	@touch $@

$(VENV)/.dev: $(VENV)/.made requirements-dev.txt
	@echo "Installing what development and tests need …"
	@$(PIP) -r requirements-dev.txt
	@touch $@ $(VENV)/.runtime

FRONTEND := $(shell find intranet/frontend -type f)
build/.static: $(VENV)/.made package.json package-lock.json $(FRONTEND)
	@echo "Building the static files …"
	@intranet/frontend/build.sh $(BIN)/python
	@touch $@

.PHONY: setup
setup: $(VENV)/.runtime build/.static ## Make the environment and build the static files

.PHONY: run
run: setup ## Serve the demonstration service on 127.0.0.1 (PORT=8000)
	@DEBUG=1 exec $(BIN)/python manage.py serve --port $(PORT)

.PHONY: serve
serve: setup ## Serve it as a department would: PostgreSQL, Redis, nginx (PORT=8000, WORKERS=…, DEBUG=0 without demonstration)
	@exec env DEBUG=$${DEBUG-1} $(BIN)/python manage.py serve_scaled --port $(PORT)

.PHONY: demo
demo: setup ## Load the demonstration service into the database, once
	@DEBUG=1 $(BIN)/python manage.py migrate --verbosity 0
	@DEBUG=1 $(BIN)/python manage.py load_demo

.PHONY: shell
shell: setup ## A Python shell with the models loaded
	@DEBUG=1 $(BIN)/python manage.py shell

.PHONY: test
test: $(VENV)/.dev build/.static ## Run every test, those in a real browser too (ARGS=… goes to pytest)
	@CHROMIUM="$$($(BIN)/python tests/chromium.py)" && export CHROMIUM && $(BIN)/python -m pytest -n auto --dist loadgroup $(ARGS)

.PHONY: check
check: $(VENV)/.dev build/.static ## Lint, types, import contracts, migrations, production settings
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@git ls-files -z -- 'templates/*.html' | xargs -0 $(BIN)/djade --target-version 5.2 --check
	@$(BIN)/lint-imports
	@$(BIN)/mypy .
	@$(BIN)/python manage.py makemigrations --check --dry-run
	@for mode in "" "DATABASE_URL=postgres://nobody@127.0.0.1/none REDIS_URL=redis://127.0.0.1/0 TRUSTED_PROXIES=1 LOG_FORMAT=json"; do \
	  env $$mode DATA_DIR="$$(mktemp -d)" SECRET_KEY="$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(64))')" HTTPS=1 ALLOWED_HOSTS=intranet.example $(BIN)/python manage.py check --deploy --fail-level WARNING || exit 1; done

.PHONY: fix
fix: $(VENV)/.dev ## Put right what a program can put right
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@git ls-files -z -- 'templates/*.html' | xargs -0 $(BIN)/djade --target-version 5.2

# Files of bench/ that measure; the others are what they share
BENCHES := $(filter-out results,$(patsubst bench/%.py,%,$(shell grep -l '^def main' bench/*.py)))
LINES := var/bench

.PHONY: bench
bench: $(VENV)/.dev build/.static ## Measure everything into bench/RESULTS.md: an hour, more where databases are to be loaded
	@mkdir -p $(LINES) && rm -f $(LINES)/*.jsonl
	@failed=; set -o pipefail; for name in $(BENCHES); do \
	  echo "$$name …" >&2; began=$$SECONDS; \
	  $(BIN)/python -m bench.$$name | tee $(LINES)/$$name.jsonl || failed="$$failed $$name"; \
	  echo "$$name took $$((SECONDS - began)) seconds." >&2; done; \
	$(BIN)/python -m bench.results $(LINES)/*.jsonl > $(LINES)/RESULTS.md && mv $(LINES)/RESULTS.md bench/RESULTS.md || failed="$$failed results"; \
	[ -z "$$failed" ] || { echo "Not measured to the end:$$failed." >&2; exit 1; }

.PHONY: bench-quick
bench-quick: $(VENV)/.dev build/.static ## Measure the pages of a small service: under five minutes
	@$(BIN)/python -m bench.pages --quick

.PHONY: lock
lock: $(VENV)/.dev ## Compile the lock files anew from pyproject.toml
	@$(BIN)/uv pip compile pyproject.toml -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url -o requirements.txt
	@$(BIN)/uv pip compile pyproject.toml -q --group dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url -c requirements.txt -o requirements-dev.txt
	@$(BIN)/uv pip compile -q --group node --universal --python-version 3.11 --generate-hashes --no-emit-index-url -o requirements-node.txt
