# Two commands: `make site` draws every scene and builds the pages, `make test` proves that they are right.
.PHONY: site test quick lint inspect clean
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export NO_MKDOCS_2_WARNING := 1

site:
	@.ci/setup site
	click render all && mkdocs build

test: lint
	click render all --quality same
	pytest

quick:
	@.ci/setup test
	ruff check && pytest -n 2 -m "not slow and not browser"

lint:
	@.ci/setup test
	ruff check
	ruff format --check
	mypy
	lint-imports
	codespell

# Inspect cannot be installed beside the rest (decision 0021).
inspect: .venv-inspect/.stamp
	PYTHONPATH=.package .venv-inspect/bin/python -m pytest --noconftest tests/village/adapters/test_inspect_village.py

.venv-inspect/.stamp: constraints-inspect.txt
	$(or $(PYTHON),python3) -m venv .venv-inspect
	.venv-inspect/bin/python -m pip install -q --disable-pip-version-check -r constraints-inspect.txt
	touch $@

clean:
	rm -rf .venv .venv-inspect .cache site
