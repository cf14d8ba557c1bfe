# PELBIOT: `make help` lists what there is.
.DEFAULT_GOAL := help
.PHONY: help demo setup check test test-faults messages lock clean

PYTHON ?= python3
VENV := .venv
# All tests run in so many processes, for much of their time is waiting; some tests (ARGS) in one.
WORKERS ?= $(if $(ARGS),0,3)
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

help: ## List these commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 18

demo: $(VENV)/.run-installed ## Run everything at http://127.0.0.1:8000/ with simulated panels (PORT=, MQTT_PORT=)
	@exec $(BIN)/python manage.py demo $(if $(PORT),--port $(PORT)) $(if $(MQTT_PORT),--mqtt-port $(MQTT_PORT))

setup: $(VENV)/.all-installed ## Make .venv with all that running and testing need

check: $(VENV)/.all-installed ## Format, lint, types, templates, Django's checks, migrations, API description
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .
	$(BIN)/djlint --quiet --lint templates meters/templates
	ENV_FILE=/dev/null $(BIN)/python manage.py check --fail-level WARNING
	ENV_FILE=/dev/null $(BIN)/python manage.py makemigrations --check --dry-run
	ENV_FILE=/dev/null $(BIN)/python manage.py spectacular --validate --fail-on-warn --file /dev/null

test: $(VENV)/.all-installed ## Run every test, with real servers (installs Debian packages where it may)
	bash tests/services/install.sh
	$(BIN)/python -m pytest --numprocesses $(WORKERS) $(ARGS)

test-faults: $(VENV)/.all-installed ## Break real servers for a quarter of an hour, count every reading
	bash tests/services/install.sh
	FAULTS=long $(BIN)/python -m pytest tests/faults $(ARGS)

messages: $(VENV)/.all-installed ## Collect the sentences to translate, and compile the translations
	ENV_FILE=/dev/null $(BIN)/python manage.py makemessages --locale id --no-obsolete --add-location file $(foreach folder,$(VENV) tests var staticfiles,--ignore $(folder))
	ENV_FILE=/dev/null $(BIN)/python manage.py compilemessages --locale id --ignore $(VENV)

lock: $(VENV)/.all-installed ## Write the pinned requirements anew from requirements/*.in
	bash requirements/lock.sh

clean: ## Remove the virtual environment and caches (not the data in var/)
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache test-results

# The demo needs wheels only; nothing is compiled for it.
$(VENV)/.run-installed: requirements/base.txt | $(BIN)/python
	@echo "Installing the Python packages (once)..."
	@$(BIN)/python -m pip install --quiet --requirement requirements/base.txt
	@touch $@

$(VENV)/.all-installed: requirements/dev.txt requirements/base.txt | $(BIN)/python
	bash tests/services/install.sh
	$(BIN)/python -m pip install --quiet --requirement requirements/dev.txt
	@touch $@ $(VENV)/.run-installed

$(BIN)/python:
	@bash requirements/make-venv.sh $(PYTHON) $(VENV)
