# Every target sets up what it needs; `make demo` and `make test` work in a fresh clone.
PYTHON ?= python3
BIN := .venv/bin
export HF_HUB_OFFLINE ?= 1
# Pages that cog writes: help pages from the commands, definitions from the metrics.
GENERATED := docs/commands.md docs/figures.md

.PHONY: demo test test-fast test-all check format docs site bench bench-full bench-compare experiments clean

demo: .venv/.installed
	$(BIN)/artvec demo

# A process a core: threads of several processes would only wait for each other.
test: export OPENBLAS_NUM_THREADS = 1
test: export OMP_NUM_THREADS = 1
test: .venv/.installed-dev
	$(BIN)/python -m pytest -q -m "not long" -n auto --dist loadfile --no-loadscope-reorder

# The inner loop: what computes and reads, without training, browsers, pages or processes.
FAST := $(addprefix tests/,annotations clustering collection core images metrics vector_search \
	commands/search docs/test_pages.py)
test-fast: export OPENBLAS_NUM_THREADS = 1
test-fast: export OMP_NUM_THREADS = 1
test-fast: .venv/.installed-dev
	$(BIN)/python -m pytest -q -m "not long" -n auto --dist loadfile $(FAST)

test-all: .venv/.installed-dev
	$(BIN)/python -m pytest -q

check: .venv/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	PYTHONPATH=cli $(BIN)/lint-imports --no-cache
	$(BIN)/cog --check $(GENERATED)
	rm -rf docs/generated
	$(BIN)/sphinx-build -W --keep-going -q docs site

format: .venv/.installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: .venv/.installed-dev
	$(BIN)/cog -r $(GENERATED)

# Without a network, into site/; a broken link is an error.
site: .venv/.installed-dev
	rm -rf docs/generated
	$(BIN)/sphinx-build -W --keep-going -q docs site
	@echo "site/index.html"

# The short form, under 40 minutes; one or some by name: make bench WHAT="embed search_start"
bench: .venv/.installed-dev
	$(BIN)/python -m pip install --quiet --editable '.[bench]'
	$(BIN)/python -m benchmarks.run $(WHAT)

bench-full: .venv/.installed-dev
	$(BIN)/python -m pip install --quiet --editable '.[bench]'
	$(BIN)/python -m benchmarks.run --full $(WHAT)

# Against the last committed results of this machine; fails if a row with a bar got worse by > 10 %.
bench-compare: .venv/.installed-dev
	$(BIN)/python -m benchmarks.compare $(WHAT)

# The experiments of the source reports on stand-ins; drawn ones need npm.
experiments: .venv/.installed-dev
	$(BIN)/python -m pip install --quiet --editable '.[experiments]'
	for name in s0 s1 s2 s3 s4; do $(BIN)/python -m benchmarks.experiments.$$name --stand-in || exit 1; done
	$(BIN)/python -m benchmarks.experiments.tables

.venv/.installed: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

.venv/.installed-dev: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@ .venv/.installed

clean:
	rm -rf .venv artvec-demo docs/generated site .mypy_cache .ruff_cache .pytest_cache
