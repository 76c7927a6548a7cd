# RTB AI Hub. `make` alone lists what there is. Needs Python 3.11 or later, Git and make; the rest comes pinned.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCK := uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --no-emit-index-url --no-header --no-annotate
RUN_READY := $(VENV)/.run-ready
DEV_READY := $(VENV)/.dev-ready
MUTANTS_READY := $(VENV)/.mutants-ready
SERVICES_READY := $(VENV)/.services-ready
NODE_READY := $(VENV)/.node-ready
SITE_READY := $(VENV)/.site-ready
CHECKOV_READY := $(VENV)/checkov/.ready
# Says that this folder may be removed for the next demonstration.
DEMO_MARK := demo-state/made-by-make-demo

# Python keeps what it compiled, whatever the caller's environment says: tests start hundreds of processes.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo serve dashboard browser test hostile checkov images wheel site sdist docker-images e2e playground playground-stop lint format bench mutants lock pictures golden clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(RUN_READY) ## Show previews of two issues on a local Git repository (no server, no account)
	@[ ! -e demo-state ] || [ -e $(DEMO_MARK) ] \
	  || { echo "demo-state was not made by 'make demo': move or remove it first" >&2; exit 1; }
	@rm -rf demo-state
	@$(BIN)/rtb-hub demo demo-state; code=$$?; [ ! -d demo-state ] || touch $(DEMO_MARK); exit $$code
	@echo; echo "rtb-hub is $(BIN)/rtb-hub here: export PATH=\"\$$PWD/$(BIN):\$$PATH\""

serve: $(SERVICES_READY) dashboard ## Serve the demonstration's repository on this machine: dashboard, API, worker, reconcilers (no other server)
	@[ -e $(DEMO_MARK) ] || $(MAKE) --no-print-directory demo
	@RTB_HUB_DATA=demo-state/data $(BIN)/rtb-hub serve --repo demo-state $(ARGS)

dashboard: $(NODE_READY) ## Build what browsers load, when its sources changed; serving needs no Node
	@$(BIN)/python tools/dashboard.py

browser: $(DEV_READY) ## Try the dashboard in Chromium (Debian's, fetched once where there is none; no root): journeys, keyboard, axe
	$(BIN)/python tests/browser/chromium.py
	$(BIN)/python tools/dashboard.py
	$(BIN)/python tools/dashboard.py test
	$(BIN)/pytest tests/browser -n 2 --dist loadfile $(ARGS)

test: $(DEV_READY) ## Run all tests
	$(BIN)/pytest -n auto --maxprocesses 8

hostile: $(DEV_READY) ## Judge 2,000 random histories by real Git, read 10,000 hostile inputs of each kind, price 5,000 random blueprints
	$(BIN)/pytest -n 2 tests/hub/approval/test_random_histories.py tests/hub/test_hostile_inputs.py \
	  tests/generator/render/test_price_of_own_blueprints.py \
	  --histories 2000 --inputs 10000 --timeout 1200

checkov: $(DEV_READY) $(CHECKOV_READY) ## Check what 'account render' gives by checkov, which has an environment of its own
	$(BIN)/pytest tests/checkov $(ARGS)

wheel: $(NODE_READY) ## Build the wheel that the images are made of, into dist/
	@rm -f dist/rtb_ai_hub-*.whl
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist .

sdist: $(NODE_READY) ## Build the archive of the sources, into dist/
	@rm -f dist/rtb_ai_hub-*.tar.gz
	$(BIN)/python -m hatchling build --target sdist --directory dist

docker-images: $(DEV_READY) wheel ## Build both images from their published base, into dist/, and list what is in them (Docker and skopeo)
	@rm -f dist/rtb-hub.tar dist/rtb-auth.tar
	for name in hub auth; do \
	  docker build --platform linux/amd64 --file Dockerfile.$$name --tag localhost/rtb-$$name:release . \
	  && docker run --rm --read-only --entrypoint rtb-hub localhost/rtb-$$name:release --version \
	  && skopeo copy docker-daemon:localhost/rtb-$$name:release oci-archive:dist/rtb-$$name.tar || exit 1; \
	done
	$(BIN)/python tools/sbom.py dist/rtb-hub.tar dist/rtb-auth.tar

site: $(SITE_READY) ## Build the documentation as a site into site/, in English and Korean, strictly, and look at it in Chromium
	$(BIN)/python tools/site.py
	$(BIN)/python tests/browser/chromium.py
	$(BIN)/pytest tests/site $(ARGS)

images: $(DEV_READY) wheel ## Build both images of the hub without a daemon, list what is in them, and run all of it (root)
	$(BIN)/hadolint Dockerfile.hub Dockerfile.auth
	$(BIN)/python tests/images/builder.py
	$(BIN)/python tools/sbom.py dist/rtb-hub.tar dist/rtb-auth.tar
	$(BIN)/pytest tests/images --timeout 900 $(ARGS)

e2e: $(DEV_READY) ## Prove the whole loop on a real Kubernetes API, Argo CD, KEDA and Gitea, built once from source (20 minutes)
	$(BIN)/python tests/e2e/toolchain.py
	$(BIN)/pytest tests/e2e -n 2 --dist loadfile --timeout 1200 $(ARGS)

playground: $(DEV_READY) ## The same, left running for you to try (no Docker, no account, no root)
	@$(BIN)/python tests/e2e/playground.py up playground

playground-stop: ## End the playground
	@$(BIN)/python tests/e2e/playground.py down playground

lint: $(DEV_READY) ## Check style, types, import contracts and the workflows of GitHub
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/dashboard.py lint
	$(BIN)/pytest -q tests/project/test_workflows.py

format: $(DEV_READY) ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(DEV_READY) ## Measure rendering and Git next to their peers; ARGS=cold, render, git, together, drift, list, validate, webhook, services or kills picks one
	$(BIN)/python tests/bench/run.py $(ARGS)

mutants: $(MUTANTS_READY) ## List what no test of reconcilers/ notices; ARGS="capacity guard/leases" picks, MINUTES=15 bounds each
	$(BIN)/python tools/mutants.py $(ARGS)

golden: $(DEV_READY) ## Rewrite the golden trees, schemas, bundles and tables; review the difference like code
	$(BIN)/pytest tests/generator/test_golden.py tests/generator/test_golden_blueprints.py tests/generator/bootstrap --update-golden
	$(BIN)/pytest tests/hub/cli/test_help_pictures.py --update-golden
	$(BIN)/rtb-hub schema --to docs/schema
	$(BIN)/rtb-hub argocd render --to .
	$(BIN)/python tools/bundle_schemas.py
	$(BIN)/python tools/reference_tables.py
	$(BIN)/python tools/figures_dashboard.py
	$(BIN)/python tools/dashboard.py types
	$(BIN)/python tools/record_demo.py

pictures: $(DEV_READY) ## Draw the documents' pictures of messages anew (Chromium)
	$(BIN)/python tests/browser/message_pictures.py

lock: $(DEV_READY) ## Resolve the dependencies anew
	$(BIN)/$(LOCK) --upgrade pyproject.toml -o requirements/runtime.txt
	$(BIN)/$(LOCK) --upgrade -c requirements/runtime.txt pyproject.toml --group build -o requirements/run.txt
	$(BIN)/$(LOCK) --upgrade -c requirements/runtime.txt pyproject.toml --extra services --extra aws --group build -o requirements/services.txt
	$(BIN)/$(LOCK) --upgrade -c requirements/services.txt pyproject.toml --extra services --extra aws -o requirements/image-hub.txt
	$(BIN)/$(LOCK) --upgrade -c requirements/services.txt pyproject.toml --extra services -o requirements/image-auth.txt
	$(BIN)/$(LOCK) --upgrade -c requirements/services.txt pyproject.toml --extra services --extra aws --group dev -o requirements/dev.txt
	$(BIN)/$(LOCK) --upgrade -c requirements/dev.txt --group dashboard -o requirements/dashboard.txt
	$(BIN)/$(LOCK) --upgrade -c requirements/dev.txt --group mutants -o requirements/mutants.txt
	$(BIN)/$(LOCK) --upgrade -c requirements/dev.txt --group site -o requirements/site.txt
	$(BIN)/$(LOCK) --upgrade --group checkov -o requirements/checkov.txt

clean: ## Remove what the targets made
	[ ! -e $(DEMO_MARK) ] || rm -rf demo-state
	rm -rf hub/assets dashboard/node_modules site .site
	rm -rf $(VENV) dist .mutants .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or later is needed; name one: make PYTHON=python3.12 …" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' \
	  || { echo "Python's venv module is missing; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(RUN_READY): requirements/run.txt pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(DEV_READY): requirements/dev.txt $(RUN_READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

$(SERVICES_READY): requirements/services.txt $(RUN_READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/services.txt
	@touch $@

$(NODE_READY): requirements/dashboard.txt $(RUN_READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dashboard.txt
	@touch $@

$(MUTANTS_READY): requirements/mutants.txt $(DEV_READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/mutants.txt
	@touch $@

$(SITE_READY): requirements/site.txt $(DEV_READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/site.txt
	@touch $@

$(CHECKOV_READY): requirements/checkov.txt | $(VENV)/bin/python
	$(BIN)/python -m venv --clear $(VENV)/checkov
	$(VENV)/checkov/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/checkov.txt
	@touch $@
