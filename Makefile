# Octet. Targets run in the container where a Docker engine answers, else in .venv; both come from requirements/*.txt.
.DEFAULT_GOAL := help
SHELL := /bin/bash
MAKEFLAGS += --no-print-directory

# What users name is text. make expands nothing in what comes from the command line or the environment, and the shell
# gets it in quotes: `quoted` is one word, `quoted_words` are those of the text, which is how flags are given.
given_by = $(filter $(1),$(firstword $(origin $(name))))
$(foreach name,$(filter-out MAKE% MFLAGS,$(.VARIABLES)),$(if $(call given_by,command environment),\
	$(if $(call given_by,command),$(eval export $$(name)))\
	$(eval $(if $(filter-out environment,$(origin $(name))),override) $$(name) := $$(value $$(name)))))
define newline


endef
quoted = '$(subst $(newline),'$$'\n'',$(subst ','\'',$(1)))'
quoted_words = $(foreach word,$(1),$(call quoted,$(word)))
# abspath takes a path with a space for two
absolute = $(if $(filter /%,$(firstword $(1))),$(1),$(CURDIR)/$(1))

# empty where nobody named one: most commands then take the only recipe with results
GIVEN_RECIPE := $(if $(RECIPE),$(call quoted,$(RECIPE)))
RECIPE ?= voc0712
$(foreach name,RECIPE IMAGE REV,$(if $(filter -%,$(firstword $($(name)))),$(error $(name)=$($(name)): expected a name)))
PORT ?= 6006
DEMO_PORT ?= 8000
PYTHON ?= python3
EXAMPLES ?= 20000
python = $(call quoted_words,$(PYTHON))

# --- where things run -------------------------------------------------------------------------------------------------

$(if $(filter-out docker local,$(RUNNER)),$(error RUNNER=$(RUNNER): expected docker or local))
# quickstart and test choose .venv, test-image the small image; what the user says goes for all.
LOCAL_RUNNER := $(or $(RUNNER),local)
SHELL_RUNNER := $(or $(RUNNER),docker)
SMALL_VARIANT := $(or $(VARIANT),cpu)
NO_ENGINE := $(if $(RUNNER),, (no Docker engine answers))
RUNNER ?= $(eval RUNNER := $$(if $$(shell $$(docker) version --format '{{.Server.Version}}' 2>/dev/null),docker,local))$(RUNNER)

# In the container, its own environment is the one.
VENV := $(if $(OCTET_IMAGE),/venv,.venv)
# An absolute path first, so that DVC's stages find this python and no other.
export PATH := $(abspath $(VENV))/bin:$(PATH)

DOCKER ?= docker
docker = $(call quoted_words,$(DOCKER))
DOCKER_BUILD_FLAGS ?=
DOCKER_RUN_FLAGS ?=
export DOCKER_BUILDKIT := 1
# cuda runs without a GPU too; cpu is less than half the size
VARIANT ?= cuda
# empty: the one that the Dockerfile names by digest
BASE_IMAGE ?=
IMAGE ?= octet:$(VARIANT)
# downloads and DVC's notes, shared by every clone on this machine
OCTET_CACHE ?= $(HOME)/.cache/octet

sha256 = $(shell cat $(1) | { sha256sum 2>/dev/null || shasum -a 256; } | cut -c1-64)
LOCK = $(call sha256,requirements/runtime.txt requirements/cuda.txt)
INPUTS = $(call sha256,Dockerfile requirements/runtime.txt requirements/cuda.txt tools/environment/octet)-$(or $(BASE_IMAGE),pinned)

# ready | no-toolkit (the engine cannot hand out the GPU) | no-driver
HOST_GPU = $(eval HOST_GPU := $$(shell \
	[ -e /proc/driver/nvidia/version ] || [ -e /dev/dxg ] || { echo no-driver; exit; }; \
	{ $$(docker) info --format '{{json .}}' 2>/dev/null | grep -q nvidia || command -v nvidia-container-runtime-hook >/dev/null; } \
		&& echo ready || echo no-toolkit))$(HOST_GPU)
GPU_FLAGS ?= $(if $(filter cuda-ready,$(VARIANT)-$(HOST_GPU)),--gpus all)
# Files belong to the caller, who under a rootless engine is root inside.
USER_FLAGS ?= $(if $(shell $(docker) info --format '{{.SecurityOptions}}' 2>/dev/null | grep rootless),--user 0:0,--user $(shell id -u):$(shell id -g))
# A DVC cache that lies elsewhere has to be seen from inside.
DVC_CACHE = $(shell sed -n 's|^ *dir = /|/|p' .dvc/config.local 2>/dev/null)

# So has the repository that a git worktree belongs to, for reading.
REPOSITORY = $(shell folder=$$(git rev-parse --path-format=absolute --git-common-dir 2>/dev/null); \
	case $$folder in ($(call quoted,$(CURDIR))/*) ;; (/*) echo "$$folder" ;; esac)

# $(1): the variable that names a file. Where there is none, Docker would make a folder there, as root.
mounted_file = $(if $(shell [ -e $(call quoted,$(call absolute,$($(1)))) ] && echo there),,$(error $(1)=$($(1)): no such file)) \
	--volume $(call quoted,$(call absolute,$($(1))):$(call absolute,$($(1))):ro)
# Downloads go the way that the host's do.
NETWORK = $(foreach name,http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY,--env $(name)) \
	$(if $(SSL_CERT_FILE),$(call mounted_file,SSL_CERT_FILE) --env SSL_CERT_FILE)

# $(1): the image; TARGET_FLAGS: what one target alone asks for, ready for the shell
TARGET_FLAGS :=
run_in = mkdir -p $(call quoted,$(OCTET_CACHE)) $(if $(DVC_CACHE),$(call quoted,$(DVC_CACHE))) && \
	$(docker) run --rm --init $$([ -t 0 ] && [ -t 1 ] && echo --interactive --tty) \
	$(call quoted_words,$(USER_FLAGS) $(GPU_FLAGS)) --env OCTET_GPU=$(HOST_GPU) --env ALLOW_CPU --env NO_COLOR $(NETWORK) \
	--volume $(call quoted,$(CURDIR):$(CURDIR)) --workdir $(call quoted,$(CURDIR)) \
	--volume $(call quoted,$(call absolute,$(OCTET_CACHE)):/cache) --env OCTET_CACHE=/cache --env DVC_SITE_CACHE_DIR=/cache/dvc \
	$(if $(DVC_CACHE),--volume $(call quoted,$(DVC_CACHE):$(DVC_CACHE))) \
	$(if $(REPOSITORY),--volume $(call quoted,$(REPOSITORY):$(REPOSITORY):ro)) \
	$(TARGET_FLAGS) $(call quoted_words,$(DOCKER_RUN_FLAGS)) $(call quoted,$(1))
RUN = $(if $(filter docker,$(RUNNER)),$(call run_in,$(IMAGE)))

.PHONY: ready
ready: ## develop: Set up what targets run in: the image, or .venv
	@$(NEEDED)$(if $(OCTET_IMAGE),:,$(ready_$(RUNNER)))
NEEDED = # of a target: stops where it lacks what it is about, before anything is set up
ready_local = echo 'Running in $(VENV)$(NO_ENGINE)'; $(MAKE) --silent $(VENV)/runtime
ready_docker = echo Running in the container $(call quoted,$(IMAGE)); \
	built=$$($(docker) image inspect --format '{{index .Config.Labels "octet.inputs"}}' $(call quoted,$(IMAGE)) 2>/dev/null); \
	[ "$$built" = $(call quoted,$(INPUTS)) ] || $(MAKE) image

# --- what users run ---------------------------------------------------------------------------------------------------

.PHONY: help
help: ## develop: List the targets
	@for group in 'use' 'own data' 'share' 'develop'; do \
		echo "$$group"; \
		sed -nE "s/^([a-z-]+):.*## $$group: (.*)/  make \1             \2/p" $(call quoted_words,$(MAKEFILE_LIST)) | sed -E 's/(.{20}) */\1/'; \
		[ "$$group" != 'own data' ] || echo '  .venv/bin/octet new NAME --from quickstart --pictures FOLDER'; \
		echo; \
	done
	@echo '  RECIPE=name    a section of params.yaml (default: '$(call quoted,$(RECIPE))'; for report, gate, push, detect,'
	@echo '                 classify, demo, bench and devices the only recipe with results; for stale,'
	@echo '                 tensorboard all)'
	@echo '  RUNNER=docker  run in the container; local: in .venv (default: docker where an engine answers,'
	@echo '                 but local for quickstart, detect, classify, demo, devices and test)'
	@echo '  VARIANT=cpu    the container without CUDA, less than half the size'

.PHONY: quickstart
quickstart: ## use: Set up, then run the whole pipeline on a small rendered data set: minutes
	@$(MAKE) reproduce RECIPE=quickstart RUNNER=$(LOCAL_RUNNER)

.PHONY: reproduce
reproduce: ready ## own data: Run what is stale of a recipe's pipeline, then say how it ended
	@$(RUN) bash -c 'octet preflight "$$0" "$$@" && octet reproduce "$$0" "$$@"' $(call quoted,$(RECIPE)) $(call quoted_words,$(REPRO_FLAGS))

.PHONY: report
report: ready ## use: Say how a run ended, and where its page is
	@$(RUN) octet summary $(GIVEN_RECIPE)

.PHONY: gate
gate: ready ## own data: Fail where a recipe's uint8 model lost more than it may
	@$(RUN) octet gate $(GIVEN_RECIPE)

.PHONY: push
push: $(VENV)/runtime ## share: Push what a recipe's stages made to the DVC remote (AGAIN=1: over damage)
	@+$(remote-plugins)
	@octet push $(GIVEN_RECIPE) $(if $(AGAIN),--again)

.PHONY: pull
pull: $(VENV)/runtime ## share: Pull a recipe's models and reports, without its data (VERIFY=1: if signed)
	@+$(remote-plugins)
	@octet pull $(call quoted,$(RECIPE)) $(if $(VERIFY),--verify-commit)

.PHONY: get
get: ## share: Get MODEL=quickstart/detector of the repository REPO= (REV=v1.0.0), verified
	@$(if $(and $(REPO),$(MODEL)),,$(error name a repository with REPO= and its model with MODEL=))$(MAKE) --silent $(VENV)/remotes
	@octet get $(if $(REV),--rev $(call quoted,$(REV))) $(call quoted_words,$(GET_FLAGS)) -- $(call quoted,$(REPO)) $(call quoted,$(MODEL))

.PHONY: restore
restore: $(VENV)/runtime ## share: Pull what is there and run the rest, as CI does (VERIFY=1: if signed)
	@+$(remote-plugins)
	@flags=$$(octet restore $(call quoted,$(RECIPE)) $(if $(VERIFY),--verify-commit)) && \
		$(MAKE) reproduce REPRO_FLAGS=$(call quoted,$(REPRO_FLAGS))" $$flags"

# A folder needs none.
remote-plugins = if grep -qs 'url = .*://' .dvc/config .dvc/config.local; then \
	$(MAKE) --silent $(VENV)/remotes; fi

.PHONY: changes
changes: $(VENV)/runtime ## own data: Show what changed in parameters and scores since REV=HEAD, as Markdown
	@echo '### Parameters'; dvc params diff --md $(if $(REV),$(call quoted,$(REV)))
	@echo '### Scores'; shopt -s nullglob; dvc metrics diff --md $(if $(REV),$(call quoted,$(REV))) --targets reports/*/metrics.json

.PHONY: doctor
doctor: ready ## own data: Say what will work on this machine, what will not, and what to do
	@$(RUN) octet doctor $(call quoted,$(RECIPE))

.PHONY: detect
detect: RUNNER := $(LOCAL_RUNNER)
detect: NEEDED = $(if $(SOURCE),,$(error name pictures with SOURCE=))
detect: TARGET_FLAGS = $(if $(filter -,$(SOURCE)),--interactive)
detect: ready ## use: Draw what is found in SOURCE=: a picture, folder, pattern, video, address
	@$(RUN) octet detect \
		$(if $(MODEL),--model=$(call quoted,$(MODEL)),$(if $(GIVEN_RECIPE),--recipe $(GIVEN_RECIPE))) \
		$(call quoted_words,$(DETECT_FLAGS)) -- $(call quoted,$(SOURCE))

.PHONY: classify
classify: RUNNER := $(LOCAL_RUNNER)
classify: NEEDED = $(if $(SOURCE),,$(error name pictures with SOURCE=))
classify: TARGET_FLAGS = $(if $(filter -,$(SOURCE)),--interactive)
classify: ready ## use: Tell what SOURCE= shows: a picture, folder, pattern, video, address
	@$(RUN) octet classify \
		$(if $(MODEL),--model=$(call quoted,$(MODEL)),$(if $(GIVEN_RECIPE),--recipe $(GIVEN_RECIPE))) \
		$(call quoted_words,$(CLASSIFY_FLAGS)) -- $(call quoted,$(SOURCE))

.PHONY: demo
demo: ready ## use: Run a model in the browser, at http://localhost:8000 (DEMO_PORT=)
demo: RUNNER := $(LOCAL_RUNNER)
demo: TARGET_FLAGS = --publish $(call quoted,127.0.0.1:$(DEMO_PORT):$(DEMO_PORT))
demo:
	@$(RUN) octet demo $(GIVEN_RECIPE) --port=$(call quoted,$(DEMO_PORT)) $(if $(filter docker,$(RUNNER)),--host 0.0.0.0)

.PHONY: bench
bench: TARGET_FLAGS = $(if $(PEER),--env $(call quoted,PEER=$(call absolute,$(PEER))) $(call mounted_file,PEER))
bench: ready ## use: Measure how fast the parts of a recipe are here (PEER=other.tflite)
	@$(RUN) octet bench $(GIVEN_RECIPE) $(call quoted_words,$(BENCH_FLAGS))

.PHONY: devices
devices: RUNNER := $(LOCAL_RUNNER)
devices: ready ## use: Try a recipe's files on every runtime that can be had here
	@$(if $(filter local,$(RUNNER)),$(if $(OCTET_IMAGE),,$(MAKE) --silent $(VENV)/devices $(VENV)/mediapipe))
	@$(RUN) octet devices $(GIVEN_RECIPE) $(call quoted_words,$(DEVICES_FLAGS))

.PHONY: verify
verify: ready ## share: Run a recipe from nothing in a clone, and compare all with dvc.lock
	@$(RUN) octet verify $(call quoted,$(RECIPE))

.PHONY: stale
stale: $(VENV)/runtime ## share: See whether dvc.lock fits code and parameters; needs no data
	@octet stale $(GIVEN_RECIPE)

.PHONY: tensorboard
tensorboard: ready ## use: Watch trainings side by side at http://localhost:6006 (PORT=)
tensorboard: TARGET_FLAGS = --publish $(call quoted,127.0.0.1:$(PORT):$(PORT))
tensorboard:
	@$(RUN) octet tensorboard $(GIVEN_RECIPE) --port=$(call quoted,$(PORT)) $(if $(filter docker,$(RUNNER)),--host 0.0.0.0)

.PHONY: shell
shell: RUNNER := $(SHELL_RUNNER)
shell: ready ## own data: Open a shell in the container
	@$(RUN) bash

.PHONY: clean
clean: ## own data: Remove all of a recipe; a rerun restores what stages completed
	@recipe=$(call quoted,$(RECIPE)); made=(); \
	[[ $$recipe =~ ^[a-z]([a-z0-9_-]*[a-z0-9])?$$ ]] || { echo "RECIPE='$$recipe': expected the name of a recipe" >&2; exit 1; }; \
	for folder in {data,models,reports,runs}/"$$recipe"; do [ ! -e "$$folder" ] || made+=("$$folder"); done; \
	if [ $${#made[@]} = 0 ]; then echo "Nothing of $$recipe is here"; else rm -rf "$${made[@]}"; fi

# --- the images -------------------------------------------------------------------------------------------------------

# $(1): the Dockerfile's target, $(2): the tag
build = $(docker) build $(call quoted_words,$(DOCKER_BUILD_FLAGS)) $(if $(BASE_IMAGE),--build-arg $(call quoted,BASE_IMAGE=$(BASE_IMAGE))) \
	--build-arg $(call quoted,VARIANT=$(VARIANT)) --build-arg $(call quoted,INPUTS=$(INPUTS)) --build-arg LOCK=$(LOCK) \
	--build-arg REVISION=$$(git describe --always --dirty --abbrev=40 --exclude='*') --target $(1) --tag $(call quoted,$(2)) .

.PHONY: image
image: ## share: Build the training image (VARIANT=cpu: without CUDA)
	@$(call build,train,$(IMAGE))

.PHONY: release
release: ## share: Build an image that holds the source as well: octet:VARIANT-release
	@$(call build,release,$(IMAGE)-release)

.PHONY: test-image
test-image: VARIANT := $(SMALL_VARIANT)
test-image: quickstart $(VENV)/dev ## develop: Build the image and test it without a network (VARIANT=cuda)
	@$(call build,train,$(IMAGE))
	@$(call build,test,$(IMAGE)-test)
	@$(call build,release,$(IMAGE)-release)
	@DOCKER=$(call quoted,$(DOCKER)) IMAGE=$(call quoted,$(IMAGE)) VARIANT=$(call quoted,$(VARIANT)) pytest --numprocesses 0 tests/image

# The second task's shapes, for the tests that look at what was made
quickstart-classifier = $(MAKE) reproduce RECIPE=quickstart_classifier RUNNER=$(LOCAL_RUNNER)

.PHONY: test-others
test-others: quickstart $(VENV)/dev $(VENV)/mediapipe $(VENV)/devices ## develop: See whether other runtimes answer what ours answers
	@$(quickstart-classifier)
	@pytest --numprocesses 0 tests/others

.PHONY: test-browser
test-browser: quickstart $(VENV)/dev ## develop: See the page and the demo in Chromium, which has to be installed
	@$(quickstart-classifier)
	@pytest --numprocesses 0 tests/browser

.PHONY: test-gpu
test-gpu: ready ## develop: See how trainings compute on this machine's GPUs, and how fast: 10 minutes
	@$(RUN) octet gpu $(GIVEN_RECIPE)

.PHONY: sbom
sbom: $(VENV)/dev ## develop: Write an image's bill of materials to runs/sbom.cdx.json (IMAGE=)
	@PYTHONPATH=src DOCKER=$(call quoted,$(DOCKER)) python tools/sbom.py $(call quoted,$(IMAGE))

# --- what the project's own work needs --------------------------------------------------------------------------------

.PHONY: test
test: ## develop: Run the tests but the slow ones, or those in TESTS=
ifeq ($(LOCAL_RUNNER),docker)
	@$(call build,test,$(IMAGE)-test)
	@$(call run_in,$(IMAGE)-test) pytest $(test_words)
else
	@$(MAKE) --silent $(VENV)/dev $(VENV)/remotes
	@env -u MAKEFLAGS -u MAKELEVEL -u TESTS -u TEST_FLAGS pytest $(test_words)  # some tests run make, as users do
endif
test_words = $(if $(filter undefined,$(origin TEST_FLAGS)),$(if $(TESTS),,-m 'not slow'),$(call quoted_words,$(TEST_FLAGS))) \
	$(call quoted_words,$(TESTS))

.PHONY: test-all
test-all: ## develop: Run all tests, the slow ones too
	@$(MAKE) test TEST_FLAGS=

.PHONY: fuzz
fuzz: $(VENV)/dev ## develop: Try many more damaged files on every reader (EXAMPLES=20000 on each)
	@FUZZ_EXAMPLES=$(call quoted,$(EXAMPLES)) pytest tests/fuzz

.PHONY: lint
lint: $(VENV)/dev ## develop: Check style, types, the order of the layers and the Dockerfile
	@ruff check .
	@ruff format --check .
	@mypy
	@PYTHONPATH=src:. lint-imports
	@hadolint Dockerfile

.PHONY: lock
lock: $(VENV)/dev ## develop: Resolve requirements/*.in again, into the hash-locked *.txt
	@for set in runtime cuda remotes dev mediapipe devices unaudited/rknn; do $(call compile,$$set,--universal --python-version 3.10) || exit 1; done
	@$(call compile,arm64,--python-version 3.11 --python-platform aarch64-manylinux_2_28)
	@PYTHONPATH=src python tools/lock_debian.py
# $(1): the set, $(2): what it is for
compile = uv pip compile --quiet $(2) --generate-hashes --no-header $(call quoted_words,$(LOCK_FLAGS)) requirements/$(1).in -o requirements/$(1).txt

.PHONY: audit
audit: $(VENV)/dev ## develop: See whether a locked package has a known vulnerability
	@PYTHONPATH=src python tools/audit.py

.PHONY: outdated
outdated: $(VENV)/dev $(VENV)/remotes ## develop: Tell which installed packages have newer releases
	@uv pip list --outdated --python $(VENV)

# The stamps are newer than the locks that were installed: a changed lock installs again.
ifndef OCTET_IMAGE
$(VENV)/runtime: requirements/runtime.txt tools/environment/octet tools/environment/octet.pth
$(VENV)/dev: requirements/dev.txt $(VENV)/runtime
$(VENV)/mediapipe: requirements/mediapipe.txt $(VENV)/runtime
$(VENV)/devices: requirements/devices.txt $(VENV)/runtime
$(VENV)/rknn: requirements/unaudited/rknn.txt $(VENV)/runtime
$(VENV)/remotes: requirements/remotes.txt $(VENV)/runtime

# Of several makes at once, one sets up; the others wait for it and then see what is left to do.
ifndef SETTING_UP
$(VENV)/runtime $(VENV)/dev $(VENV)/mediapipe $(VENV)/devices $(VENV)/rknn $(VENV)/remotes:
	@$(python) tools/environment/one_at_a_time.py $(VENV)/lock $(MAKE) --silent SETTING_UP=1 $@
else
$(VENV)/runtime:
	@echo 'Setting up $(VENV) (about 2 minutes, once) ...'
	@$(python) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
		{ echo 'Python 3.11 to 3.13 is needed; name one with PYTHON=python3.11'; exit 1; }
	@$(python) -m venv $(VENV)
	@pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@install -m 755 tools/environment/octet $(VENV)/bin
	@install -m 644 tools/environment/octet.pth "$$(python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
	@touch $@

$(VENV)/dev:
	@pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

# Apart from the rest: they bring another OpenCV, another numpy, another torch.
$(VENV)/mediapipe $(VENV)/devices $(VENV)/rknn:
	@echo 'Installing $(@F) (once) ...'
	@$(python) -m venv $@-env
	@$@-env/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(VENV)/remotes:
	@echo 'Installing what DVC needs for ssh, s3, gs and azure (once) ...'
	@pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@
endif
else
$(VENV)/dev $(VENV)/mediapipe $(VENV)/devices $(VENV)/rknn $(VENV)/remotes:
	@echo 'the image has no $@: run the target on the host, where it is set up in .venv' >&2; exit 1
endif
