# Two commands do the main job: `make demo` and `make test`. Both set up what they need; `make help` lists the rest.
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: env help install demo test lint types contracts check lock ui serve clean
.DEFAULT_GOAL := help

help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

install: $(READY) ## Make the virtual environment from requirements.lock

$(READY): requirements.lock pyproject.toml scripts/install.sh
	@bash scripts/install.sh $(VENV)
	@touch $@

demo: $(READY) ## Build the demo museum, run the whole chain through Dagster and print what came out
	@$(BIN)/heritage demo

test: $(READY) ## Run the tests; what a machine can't have is skipped by name
	@bash scripts/test.sh

lint: $(READY) ## Check style and formatting
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: $(READY) ## Check types
	@$(BIN)/mypy

contracts: $(READY) ## Check which package may import which
	@$(BIN)/lint-imports

check: lint types contracts test ## Everything that continuous integration checks

ui: $(READY) ## Open Dagster's web interface on the home
	@$(BIN)/heritage ui

serve: $(READY) ## Open the search page on the home
	@$(BIN)/heritage serve

lock: $(READY) ## Resolve the dependencies anew into requirements.lock
	@$(BIN)/uv pip compile pyproject.toml --extra dev --extra cluster --extra ocr --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-annotate --custom-compile-command "make lock" --quiet -o requirements.lock

env: ## Draw the secrets of docker-compose.yml into .env (GPU=1: with the code location on GPUs)
	@python3 scripts/make_env.py $(if $(GPU),--gpu)

clean: ## Remove the virtual environment and caches (never the home)
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
