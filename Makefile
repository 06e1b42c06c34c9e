# make demo   a trial run in a practice archive, nothing else needed
# make test   everything that has to pass before a change lands
# Both set up what they need first: system packages, a virtual environment, the locked Python packages.

.DEFAULT_GOAL := help
SHELL := /bin/sh
VENV := .venv
PY := $(VENV)/bin/python
READY := $(VENV)/.ready
# Tests wait now and then, so one more at a time than there are cores.
WORKERS := $(shell expr $$(nproc) + 1)
# The one tool of `make lock`; everything else is pinned in the lock itself.
UV := uv==0.13.9

# A shell that works inside another project must not leak into this one.
unexport VIRTUAL_ENV PYTHONPATH PYTHONHOME PIP_USER PIP_TARGET PIP_PREFIX PIP_REQUIRE_VIRTUALENV

.PHONY: help demo dashboard test setup lint bench bench-ocr bench-filing chaos points scenarios-full fuzz live screenshots lock clean env-example

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(READY) ## see it work: in a practice archive, or with PAPERLESS_URL=.. PAPERLESS_TOKEN=.. in your own
	@$(PY) -m sidecar demo

dashboard: $(READY) ## the same in the browser, at http://localhost:8400, until Ctrl-C
	@$(PY) -m sidecar demo --dashboard

test: lint $(VENV)/.ready-browser ## check everything: style, types, tests
	$(PY) -m pytest -m "not live" --ignore=tests/benchmarks -n $(WORKERS) --dist loadgroup

lint: $(READY) ## check style and types only
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy

bench: $(VENV)/.ready-bench ## measure speed and memory (make bench ONLY=throughput for one of them)
	$(PY) -m tests.benchmarks $(ONLY)

bench-ocr: $(VENV)/.ready-bench build/tessdata ## compare ways of reading a scan: speed, errors, what auto gains (ONLY=ocr_auto for one)
	$(PY) -m tests.benchmarks $(or $(ONLY),ocr_speed ocr_accuracy ocr_auto)

bench-filing: $(READY) ## compare ways of filing on known papers: BENCH_LLM_URL=.. BENCH_LLM_MODEL=.. (without: a tiny model)
	$(PY) -m tests.benchmarks filing_accuracy

chaos: $(READY) ## kill, freeze and cut off for half an hour, and count what was lost or doubled (ONLY=kills-sqlite for one)
	$(PY) -m tests.chaos $(ONLY)

points: $(READY) ## walk every point where dying matters, on both databases, and every mechanism (half an hour)
	CHAOS_FULL=1 $(PY) -m pytest tests/chaos/test_points.py tests/chaos/test_teeth.py -n auto
	CHAOS_FULL=1 CHAOS_BACKEND=postgres $(PY) -m pytest tests/chaos/test_points.py -n auto

scenarios-full: $(READY) ## the whole journeys at full size: thirty kills, every fault (minutes)
	SCENARIO_FULL=1 $(PY) -m pytest tests/scenarios

fuzz: $(READY) ## ask the API thousands of strange things by its own description (FUZZ_EXAMPLES=200 for each endpoint)
	FUZZ_EXAMPLES=$(or $(FUZZ_EXAMPLES),200) $(PY) -m pytest tests/web/test_openapi.py --timeout=1800

live: $(READY) ## run the tests that need a real Paperless: PAPERLESS_URL=.. PAPERLESS_TOKEN=.. make live
	@test -n "$$PAPERLESS_URL" && test -n "$$PAPERLESS_TOKEN" || { \
		echo "Name a Paperless that may be written to: make live PAPERLESS_URL=.. PAPERLESS_TOKEN=.."; exit 1; }
	@$(PY) -m pytest -m live

env-example: $(READY) ## write .env.example anew after a change of the settings
	@$(PY) scripts/env_example.py

screenshots: $(READY) $(VENV)/.ready-browser ## take the pictures in docs/screenshots anew after a change of the pages
	@$(PY) -m scripts.screenshots

setup: $(READY) $(VENV)/.ready-browser ## install what is missing, and stop there

# Done again only when the lock or the project's own metadata changes.
$(READY): requirements-dev.lock pyproject.toml scripts/install-system-packages.sh
	@set -e; python=$$(PYTHON='$(PYTHON)' sh scripts/install-system-packages.sh); \
	if ! $(PY) -m pip --version >/dev/null 2>&1; then \
		echo "Making $(VENV) with $$python"; "$$python" -m venv --clear $(VENV); \
	fi; \
	echo "Installing the locked Python packages"; \
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-dev.lock || { \
		echo "pip could not install them: its own words stand above. Is there a network?"; exit 1; }; \
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .; \
	touch $@

# The browser that tests and screenshots look with.
$(VENV)/.ready-browser: $(READY) scripts/install-system-packages.sh
	@if sh scripts/install-system-packages.sh browser; then touch $@; fi

# The queues and readers that ours are compared with, beside the rest.
$(VENV)/.ready-bench: $(READY) requirements-bench.lock
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-bench.lock && touch $@

# Language data to compare, by apt-get and npm; what cannot be had is left out.
build/tessdata: scripts/tessdata.sh
	@sh scripts/tessdata.sh $@ && touch $@

# Keeps the versions that are locked already; `make lock LOCK=--upgrade` takes the newest allowed ones.
lock: COMPILE = build/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" $(LOCK)
lock: ## pin the versions of all packages after a change in pyproject.toml
	@python=$$(PYTHON='$(PYTHON)' sh scripts/install-system-packages.sh) && "$$python" -m venv build/lock
	@build/lock/bin/pip install --quiet --disable-pip-version-check $(UV)
	$(COMPILE) --all-extras --group dev pyproject.toml -o requirements-dev.lock
	$(COMPILE) --all-extras pyproject.toml -c requirements-dev.lock -o requirements.lock
	$(COMPILE) --all-extras --group dev --group bench pyproject.toml -c requirements-dev.lock -o requirements-bench.lock
	build/lock/bin/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")' \
		| $(COMPILE) - -c requirements-dev.lock -o requirements-build.lock

clean: ## remove everything that make made
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
