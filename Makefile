# `make demo` finds damage in a rendered street and maps it; `make test` runs every fast test.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --disable-pip-version-check --progress-bar on --constraint constraints.txt
DEMO := out/demo
WEB := api/web

.PHONY: help demo test check test-all web web-check clean

help:  ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/base: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) --editable .
	touch $@

# albumentations and ultralytics ask for two builds of OpenCV that overwrite each other. The headless one goes last:
# it needs no graphics libraries.
$(VENV)/dev: $(VENV)/base
	$(PIP) --editable '.[server,train,dev]'
	$(PIP) --no-deps --force-reinstall opencv-python-headless
	touch $@

demo: $(VENV)/base  ## Render a street with known damage, survey it, and say where the map is
	$(BIN)/schouw render --out out/sample
	$(BIN)/schouw survey out/sample/drive.mp4 --track out/sample/drive.gpx --camera out/sample/camera.yaml \
		--roads out/sample/network.gpkg --out $(DEMO)

test: $(VENV)/dev  ## Run the fast tests (those on real data need SCHOUW_DATA or ../shared)
	$(BIN)/python -m pytest

test-all: $(VENV)/dev  ## Run the slow tests too
	$(BIN)/python -m pytest -m 'not gpu and not soak'

check: $(VENV)/dev  ## Lint, format and type checks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

$(WEB)/node_modules: $(WEB)/package.json $(WEB)/package-lock.json
	@command -v npm >/dev/null || { echo "the web app needs Node.js 20.19 or newer with npm (https://nodejs.org)"; exit 1; }
	cd $(WEB) && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci
	touch $@

web: $(WEB)/node_modules  ## Build the web app, for `schouw serve` from this checkout
	cd $(WEB) && npm run build

web-check: $(WEB)/node_modules  ## Lint, types and unit tests of the web app
	cd $(WEB) && npm run check && npm test

clean:  ## Remove what the commands above made
	rm -rf $(VENV) out dist $(WEB)/node_modules $(WEB)/dist
