# All commands of the project. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
UV := .local/uv/bin/uv
PY := .venv/bin/python
export UV_NO_PROGRESS = 1
# What is compiled is kept: each process of the tests would compile all of them again, for five seconds.
unexport PYTHONDONTWRITEBYTECODE
ENGINES := $(patsubst layers/engines/%/files.toml,%,$(wildcard layers/engines/*/files.toml))
STACK := .local/venv/.stamp .local/layers/shared/.stamp .local/runtime/.stamp

.PHONY: help run test test-fast coverage mutants lint cli doctor audit format bench bench-peers fuzz sam-validate sam-test deploy docs clean lock install

help: ## show this list
	@echo "audio-gateway: an OpenAI-compatible audio API on your own AWS account"; echo
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

run: $(STACK) ## start the whole system locally (PORT=8080), without Docker or an AWS account
	@$(PYTHON) -m scripts.install_engines $(UV)
	@exec .local/venv/bin/python -m local

install: $(STACK) ## install what make run needs, and try again what could not be had
	@$(PYTHON) -m scripts.install_engines $(UV) --retry

test: .venv/.stamp install ## run all tests (offline after installation)
	$(PY) -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

test-fast: .venv/.stamp install ## run the quick tests: units and the template, without the slow ones
	@echo "without the slow tests and those of the local stack, which 'make test' runs too"
	$(PY) -m pytest -n 2 -m "not slow" --hypothesis-profile=fast tests/unit tests/infrastructure $(ARGS)

coverage: .venv/.stamp install ## print what the tests of units and of the template cover; fails below the floor
	$(PY) -m pytest -n 2 --cov --cov-report=term:skip-covered tests/unit tests/infrastructure $(ARGS)

mutants: .venv/.stamp .local/venv/.stamp ## mutation testing of the code that handles money and transcripts
	$(PY) -m scripts.mutants $(ARGS)

lint: .venv/.stamp ## run ruff (rules and format) and mypy strict
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

cli: .venv/.stamp ## install the command line, .venv/bin/audio-gateway

doctor: .venv/.stamp ## check that a gateway works, and print remedies (local stack, or ARGS="--stack-name NAME")
	.venv/bin/audio-gateway doctor $(ARGS)

audit: .venv/.stamp ## recompute all sums from the ledger and print differences (local stack, or ARGS="--stack-name NAME")
	$(PY) scripts/audit.py $(ARGS)

format: .venv/.stamp ## format the code, and let ruff fix what it can
	.venv/bin/ruff check --fix-only .
	.venv/bin/ruff format .

docs: .venv/.stamp ## generate docs/openapi.json, docs/api.md and the tables of errors
	scripts/docs

bench: .venv/.stamp install ## run the benchmarks: handlers (warm, cold), metering, audio, long audio, jobs, and the embedded engines (saved in bench/results)
	PYTHONPATH=layers/shared:. $(PY) -m bench.handlers
	PYTHONPATH=layers/shared:. $(PY) -m bench.metering
	PYTHONPATH=layers/shared:. $(PY) -m bench.audio --json bench/results/audio.json
	PYTHONPATH=layers/shared:. $(PY) -m bench.voice_activity
	PYTHONPATH=layers/shared:. $(PY) -m bench.long
	PYTHONPATH=layers/shared:. $(PY) -m bench.jobs
	PYTHONPATH=layers/shared:. $(PY) -m bench.engines
	PYTHONPATH=layers/shared:. $(PY) -m bench.quality
	PYTHONPATH=layers/shared:. $(PY) -m bench.speakers $(SPEAKERS)
	PYTHONPATH=layers/shared:. $(PY) -m bench.languages
	PYTHONPATH=layers/shared:. $(PY) -m bench.voices

bench-peers: .venv/.stamp install ## compare with LiteLLM and Portkey before one fake provider (see docs/benchmarks.md; ARGS="--rounds 3")
	PYTHONPATH=layers/shared:. $(PY) -m bench.peers $(ARGS)

fuzz: .venv/.stamp install ## fuzz the native code with texts, damaged files and sounds (ARGS="--texts 2000 --media 2000 --sounds 100 --seed 7")
	PYTHONPATH=layers/shared:. $(PY) -m tests.fuzz $(ARGS)

clean: ## remove everything that these commands created
	rm -rf .venv .local .aws-sam .mypy_cache .pytest_cache .ruff_cache .hypothesis bench/.work
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

sam-validate: .local/sam/.stamp ## validate template.yaml with SAM and cfn-lint
	AWS_DEFAULT_REGION=$${AWS_DEFAULT_REGION:-us-east-1} scripts/sam validate --lint
	.local/sam/bin/cfn-lint template.yaml

sam-test: .local/sam/.stamp .local/venv/.stamp .venv/.stamp ## run sam build, then every function in a container (needs Docker)
	scripts/sam-test

deploy: .local/sam/.stamp .venv/.stamp ## build and deploy to your AWS account (CONFIG_ENV=dev|prod CONFIG_FILE=… ARCH=arm64 ARGS="--region eu-central-1")
	@$(PY) -m scripts.deploy $(if $(CONFIG_FILE),--config-file $(CONFIG_FILE)) $(if $(CONFIG_ENV),--config-env $(CONFIG_ENV)) $(if $(ARCH),--arch $(ARCH)) $(ARGS)

lock: $(UV) ## compile every lock file from its .in file
	scripts/lock

# ---------------------------------------------------------------- environments
$(UV): requirements/uv.txt
	@command -v $(PYTHON) >/dev/null || { echo "audio-gateway needs Python 3.11 or newer; '$(PYTHON)' was not found. Install it, or name another: make PYTHON=python3.13 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "audio-gateway needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) -V 2>&1). Name another: make PYTHON=python3.13 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "'$(PYTHON)' has no venv module; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@echo "installing the installer (uv) ..."
	@$(PYTHON) -m venv .local/uv
	@.local/uv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $@

.venv/.stamp: requirements/dev.txt clients/python/pyproject.toml $(UV)
	@echo "installing the development environment (.venv) ..."
	@$(UV) venv --quiet --clear --python $(PYTHON) .venv
	@VIRTUAL_ENV=.venv $(UV) pip sync --quiet --compile-bytecode --require-hashes requirements/dev.txt
	@printf '%s\n' ../../../../layers/shared ../../../../clients/python $(ENGINES:%=../../../../.local/layers/engines/%/python) > "$$($(PY) -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/audio-gateway.pth"
	@printf '#!/bin/sh\nexec "%s" -m audio_gateway "$$@"\n' "$(CURDIR)/$(PY)" > .venv/bin/audio-gateway
	@chmod +x .venv/bin/audio-gateway
	@touch $@

.local/venv/.stamp: requirements/local.txt $(UV)
	@echo "installing the local AWS (.local/venv) ..."
	@$(UV) venv --quiet --clear --python $(PYTHON) .local/venv
	@VIRTUAL_ENV=.local/venv $(UV) pip sync --quiet --compile-bytecode --require-hashes requirements/local.txt
	@touch $@

.local/sam/.stamp: requirements/sam.txt $(UV)
	@echo "installing AWS SAM (.local/sam) ..."
	@$(UV) venv --quiet --clear --python $(PYTHON) .local/sam
	@VIRTUAL_ENV=.local/sam $(UV) pip sync --quiet --compile-bytecode --require-hashes requirements/sam.txt
	@touch $@

# The layers are plain folders for this machine's Python, pruned like those that Lambda mounts under /opt/python. Our own
# package is not in this one: local/layers.py adds it. scripts/install_engines.py installs those of the engines.
.local/layers/shared/.stamp: layers/shared/requirements.txt scripts/prune_layer.py scripts/unlink_libraries.py $(UV)
	@echo "installing the shared layer (.local/layers/shared) ..."
	@rm -rf $(@D) && mkdir -p $(@D)
	@$(UV) pip install --quiet --python $(PYTHON) --target $(@D)/python --require-hashes -r $<
	@$(PYTHON) -m scripts.prune_layer $(@D)/python
	@$(PYTHON) -m compileall -q -j 0 --invalidation-mode unchecked-hash $(@D)/python
	@touch $@

.local/runtime/.stamp: requirements/runtime.txt $(UV)
	@echo "installing AWS's Lambda runtime client (.local/runtime) ..."
	@rm -rf $(@D) && mkdir -p $(@D)
	@$(UV) pip install --quiet --python $(PYTHON) --compile-bytecode --target $(@D)/python --require-hashes -r $<
	@touch $@
