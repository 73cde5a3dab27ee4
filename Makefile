# Octet: every target runs on the host's .venv, made from the hash-locked requirements.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
RECIPE ?= quickstart
PORT ?= 6006

VENV := .venv
# An absolute path first, so that DVC's stages find this python and no other.
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort -t: -k1,1 | awk -F ':.*## ' '{ printf "  make %-12s %s\n", $$1, $$2 }'
	@echo
	@echo '  RECIPE=name      which section of params.yaml to run (now: $(RECIPE))'

.PHONY: quickstart
quickstart: ## Set up, then run the whole pipeline on a small rendered data set (minutes on two cores)
	@$(MAKE) --no-print-directory reproduce RECIPE=quickstart

.PHONY: reproduce
reproduce: $(VENV)/runtime ## Run what is stale of a recipe's pipeline, then show its scores
	@python src/summary.py --check $(RECIPE)
	@dvc repro report@$(RECIPE)
	@python src/summary.py $(RECIPE)

.PHONY: report
report: $(VENV)/runtime ## Show a recipe's scores and where its model and its page lie
	@python src/summary.py $(RECIPE)

.PHONY: push
push: $(VENV)/runtime ## Push what a recipe's stages made to the DVC remote (AGAIN=1: over damaged copies)
	@+$(remote-plugins)
	@python src/remote.py push $(RECIPE) $(if $(AGAIN),--again)

.PHONY: pull
pull: $(VENV)/runtime ## Pull a recipe's models and reports from the DVC remote, without its data
	@+$(remote-plugins)
	@python src/remote.py pull $(RECIPE)

# A folder needs none.
remote-plugins = if grep -qs 'url = .*://' .dvc/config .dvc/config.local; then \
	$(MAKE) --silent $(VENV)/remotes; fi

.PHONY: test
test: $(VENV)/dev $(VENV)/remotes ## Run all tests
	@pytest

.PHONY: lint
lint: $(VENV)/dev ## Check style, types and the order of the layers
	@ruff check .
	@ruff format --check .
	@mypy
	@PYTHONPATH=src lint-imports

.PHONY: tensorboard
tensorboard: $(VENV)/runtime ## Watch trainings at http://localhost:6006 (PORT=)
	@tensorboard --logdir runs --port $(PORT)

.PHONY: lock
lock: $(VENV)/dev ## Resolve requirements/*.in again, into the hash-locked requirements/*.txt
	@for set in runtime remotes dev; do \
		uv pip compile --quiet --universal --python-version 3.10 --generate-hashes --no-header \
			requirements/$$set.in -o requirements/$$set.txt || exit 1; \
	done

.PHONY: clean
clean: ## Remove what a recipe's stages made (not the DVC cache: a rerun restores it)
	@rm -rf data/$(RECIPE) models/$(RECIPE) reports/$(RECIPE) runs/$(RECIPE)

# The stamps are newer than the locks that were installed: a changed lock installs again.
$(VENV)/runtime: requirements/runtime.txt
	@echo 'Setting up $(VENV) (about 2 minutes, once) ...'
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' || \
		{ echo 'Python 3.10 to 3.13 is needed; name one with PYTHON=python3.11'; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(VENV)/dev: requirements/dev.txt $(VENV)/runtime
	@pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(VENV)/remotes: requirements/remotes.txt $(VENV)/runtime
	@echo 'Installing what DVC needs for ssh, s3, gs and azure (once) ...'
	@pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@
