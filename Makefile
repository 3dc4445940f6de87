# Two commands: `make site` draws every scene and builds the pages, `make test` proves that they are right.
.PHONY: site test quick lint clean
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

clean:
	rm -rf .venv .cache site
