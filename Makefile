# Everything a person does with this checkout. `make demo` and `make test` do all their set-up themselves.
# Nothing is written outside this folder and the package managers' caches.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PACKAGES := libs/contracts libs/common libs/cli deploy/local demo \
	services/membership services/resident_registry services/taxation services/national_id_linkage
MODULES := kumiai_contracts kumiai_common kumiai_cli kumiai_local kumiai_demo \
	kumiai_membership kumiai_resident_registry kumiai_taxation kumiai_national_id_linkage

PY := .venv/bin/python
READY := .venv/.ready
WORKERS ?= 1
# The sessions of the tests on the real stack, each on a federation of its own, the longest first: what leaves and is
# erased; what the packages have themselves; the rest; what kills services; what plants bugs; bundles; what needs the
# vault or looks everywhere; what needs the inquiry network. A session waits half of its time (for leases, for readers,
# for processes to start), so three of them keep two cores busy. Each takes about 1.5 GB: LANES=2 where memory is short.
LANES ?= 3
# Processes that share the pure tests.
PURE ?= 2
SESSIONS := leaving packages rest faults planted bundle vault network
TESTS_faults := tests/faults
TESTS_planted := tests/planted
TESTS_leaving := tests/leaving
TESTS_packages := demo deploy libs services
TESTS_bundle := tests/bundle
TESTS_network := tests/test_inquiry.py tests/test_recall.py
TESTS_vault := tests/test_vault.py tests/test_vault_rotation.py tests/test_addressees.py tests/test_my_number_is_nowhere.py \
	tests/test_protected_addresses_are_nowhere.py
TESTS_rest := $(addprefix --ignore=,$(foreach session,$(filter-out rest,$(SESSIONS)),$(TESTS_$(session))))

empty :=
space := $(empty) $(empty)
export TMPDIR := $(CURDIR)/.local/tmp
export DEMO_BEGAN := $(shell date +%s.%N)
export PATH := $(PATH):$(CURDIR)/.local/tools/prometheus/usr/bin
export MYPYPATH := $(subst $(space),:,$(addsuffix /src,$(PACKAGES)))

# The first Python that is new enough and can make virtual environments. A distribution's own before others: it is built
# with profile-guided optimisation, which one that was built from source rarely is, and ours then takes a quarter longer.
PYTHON ?= $(shell for python in /usr/bin/python3 python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
NEED_PYTHON = $(if $(PYTHON),,$(error install Python 3.11 or later, with its venv module))
JAVA_VERSION = $(shell java -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p')
HAS_STACK = $(shell [ "$(KUMIAI_STACK)" = external ] || docker info 2>/dev/null | grep -q "Server Version" \
	|| { command -v mvn && [ "$(JAVA_VERSION)" -ge 17 ]; } >/dev/null 2>&1 && echo yes)
NEED_STACK = $(if $(HAS_STACK),,$(error install Java 17 with Maven, or Docker))

.PHONY: help demo test test-pure test-stack kafka-classes check bench chaos kills planted second-opinion up down status clean distclean lock format need-stack need-prometheus

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: need-stack $(READY) ## Run the federation with three municipalities and a working day (KEEP=1: keeps running)
	@$(PY) -m kumiai_demo

test: need-stack need-prometheus ## Run all tests: the fast pure ones, then those on the real Kafka and PostgreSQL
	@$(MAKE) test-pure
	@$(MAKE) test-stack

test-pure: $(READY)
	@$(PY) -m pytest -q -m "not stack" -n $(PURE)

test-stack: need-stack need-prometheus kafka-classes
	@$(MAKE) -j$(LANES) --output-sync=target $(addprefix test-session-,$(SESSIONS))

kafka-classes: need-stack $(READY)
	@$(PY) -m kumiai_local.first_broker

test-session-%:
	@KUMIAI_TEST_SESSION=$* $(PY) -m pytest -q -m stack $(TESTS_$*)

check: $(READY) ## Lint, types, directions between packages, generated files fresh
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy --strict $(foreach module,$(MODULES),-p $(module))
	@.venv/bin/lint-imports --no-logo --cache-dir .local/import-linter
	@$(PY) -m kumiai_contracts.generate --check
	@$(PY) -m kumiai_taxation.case_schema services/taxation/schemas --check
	@$(PY) deploy/grafana/generate.py --check
	@$(PY) -m kumiai_cli.importing.document --check

bench: need-stack $(READY) ## Measure speed into build/bench.json (medians of three runs)
	@$(PY) -m benchmarks

chaos: need-stack $(READY) ## Provoke faults for 30 minutes; prints its seed
	@$(PY) -m tests.chaos

kills: need-stack $(READY) ## kill -9 at 20 random moments while a municipality leaves (15 minutes); prints its seed
	@$(PY) -m tests.leaving.kills

planted: need-stack $(READY) ## Plant eight bugs into copies of the code: the checker must see each of them
	@$(PY) -m pytest -v tests/planted

second-opinion: need-stack $(READY) ## Compare the tax with its second calculation in SQL on 100,000 random cases
	@SECOND_OPINION_CASES=$${SECOND_OPINION_CASES:-100000} $(PY) -m pytest -q services/taxation/tests/second_opinion

up: need-stack $(READY) ## Start stack and services and leave them running (WORKERS=2: processes for each service)
	@$(PY) -m kumiai_local up --detach --workers $(WORKERS)

down: ## Stop what `make up`, a demo or a test left running here
	@[ ! -x $(PY) ] || $(PY) -m kumiai_local down

status: $(READY) ## Show what runs here
	@$(PY) -m kumiai_local status

format: $(READY) ## Format the code
	@.venv/bin/ruff check --fix --quiet . ; .venv/bin/ruff format .

lock: $(READY) ## Pin the dependencies with hashes (and without addresses of registries)
	@cd requirements && for name in runtime dev; do \
		../.venv/bin/uv pip compile -q --upgrade --generate-hashes --no-header --no-annotate --python-version 3.11 \
		$$([ $$name = dev ] && echo "-c runtime.txt") $$name.in -o $$name.txt || exit; done

clean: ## Stop everything and remove data, builds and caches
	@[ ! -x $(PY) ] || $(PY) -m kumiai_local down || true
	@rm -rf .local build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

distclean: clean ## The same, and the virtual environment
	@rm -rf .venv

need-stack:
	@: $(NEED_STACK)

# The dashboard's queries are asked of a real Prometheus: Debian's package, unpacked here if it is not installed.
need-prometheus: | .local/tmp
	@command -v prometheus >/dev/null || { mkdir -p .local/tools && cd .local/tools \
		&& { apt-get download -qq prometheus 2>/dev/null || { apt-get update -qq && apt-get download -qq prometheus; }; } \
		&& dpkg -x prometheus_*.deb prometheus; } >/dev/null 2>&1 \
		|| { echo "install Debian's package prometheus" >&2; exit 1; }

# Made again whenever a pin or a package's definition changes.
$(READY): requirements/runtime.txt requirements/dev.txt $(addsuffix /pyproject.toml,$(PACKAGES)) | .local/tmp
	@: $(NEED_PYTHON)
	@[ -x $(PY) ] || { echo "Making the virtual environment …" && $(PYTHON) -m venv .venv; }
	@echo "Installing the pinned dependencies …"
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps $(foreach package,$(PACKAGES),-e ./$(package))
	@touch $@

.local/tmp:
	@mkdir -p $@
