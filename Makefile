# make run     start the platform on http://127.0.0.1:8000 with demonstration data
# make test    run the tests
# make check   lint, types, and the order of the rooms
# make surface write what is generated from the routes
# make translations  bring the catalogues up to date with what pages say, and list what is left to translate
# make migration M="…"  write the migration to the tables as they are now
# make bench   measure, side by side with other stacks

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
DATA ?= data
DNS_PORT ?= 5300

BIN := .venv/bin
READY := .venv/.ready

.PHONY: run test check surface translations bench migration

run: export ALPAGE_SANDBOX ?= true
run: export ALPAGE_PRIVATE_CALLBACKS ?= true
run: export ALPAGE_TOKENS_WITHOUT_END ?= true
run: $(READY)
	@$(BIN)/alpage serve --demo --host $(HOST) --port $(PORT) --data $(DATA) --dns-port $(DNS_PORT)

test: $(READY)
	$(BIN)/python -m pytest -n auto

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

surface: $(READY)
	$(BIN)/python -m tests.surface.write

translations: $(READY)
	$(BIN)/python -m tests.web.write_translations

migration: $(READY)
	$(BIN)/python -m tests.storage.write_migration '$(M)'

bench: $(READY)
	$(BIN)/python -m bench

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[server,dev]'
	@touch $@
