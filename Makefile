# Crossdock. Each target does its own set-up; all it needs is Python 3.11+ (with venv) and a package index.

PYTHON ?= $(firstword $(foreach name,python3 python3.14 python3.13 python3.12 python3.11,$(shell \
	$(name) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(name))) python3)

# A program of the environment, after set-up where it is due; in place of the shell, so that what ends `make` ends it too.
run = set -e; bin=$$($(PYTHON) .ci/prepare.py requirements.lock); exec "$$bin"/
dev = set -e; bin=$$($(PYTHON) .ci/prepare.py requirements-dev.lock); exec "$$bin"/

# What to test: make test T=tests/store
T ?=

.DEFAULT_GOAL := help
.PHONY: help demo test check bench bench-orders bench-oversell bench-settlements bench-stock simulate golden fmt lock clean
.SILENT:

help: ## this list
	sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 22

demo: ## the whole product against its twin, in your browser
	$(run)crossdock demo $(ARGS)

test: ## every test
	$(dev)python -m pytest $(T) $(ARGS)

check: ## what must hold before a change is shown: format, lint, types, import contracts, tests
	$(dev)ruff format --check .
	$(dev)ruff check .
	$(dev)mypy
	$(dev)lint-imports --no-cache
	$(dev)python -m pytest $(T) $(ARGS)

bench: bench-orders bench-stock bench-oversell bench-settlements ## every measurement

bench-orders: ## orders a second, beside a script on the public clients
	$(dev)python -m bench.orders $(ARGS)

bench-oversell: ## units oversold and lost at a peak, beside schedules and a push for every change
	$(dev)python -m bench.oversell $(ARGS)

bench-stock: ## a million SKUs decided, how soon a change is accepted, how much of the rate is used, what idleness costs
	$(dev)python -m bench.stock $(ARGS)

bench-settlements: ## a settlement of a million rows: parsed, booked, stored, verified, beside a scan and a script on pandas
	$(dev)python -m bench.settlements $(ARGS)

simulate: ## a merchant's month with faults and kills, then 200 peaks: the worst seed, and proof never oversells
	$(dev)python -m pytest tests/simulation $(ARGS)
	$(dev)python -m bench.oversell --held-out

golden: ## write the expected results of the samples anew; read the difference before you keep it
	$(dev)python -m pytest $(or $(T),tests) --golden $(ARGS)

fmt: ## format, and mend what can be mended by itself
	$(dev)ruff format .
	$(dev)ruff check --fix .

lock: ## resolve the dependencies anew (needs uv)
	set -e; compile='uv --no-config pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes --upgrade --group build --extra sqs'; \
	compile="$$compile --no-header --no-annotate --no-emit-index-url --no-emit-find-links"; \
	$$compile --output-file requirements.lock; \
	$$compile --group dev --constraint requirements.lock --output-file requirements-dev.lock

clean: ## remove what set-up and the tools made here, as far as it is yours
	find . -maxdepth 1 -user "$$(id -u)" \( -name .venv -o -name '.venv-*' -o -name .mypy_cache -o -name .ruff_cache -o -name .pytest_cache \
		-o -name .hypothesis -o -name .import_linter_cache -o -name build -o -name dist \) -exec rm -rf {} +
	find src tests -name __pycache__ -type d -user "$$(id -u)" -prune -exec rm -rf {} +
