# The few commands of daily work. Each brings the machine to where it can run, and does nothing twice.
.DEFAULT_GOAL := help
.PHONY: help run test check bench lock mutants

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## the node and its signer on this machine, with a link to open
	@python3 scripts/setup.py run
	@exec .venv/bin/entente serve

test: ## every test: Rust, Python, TypeScript, and real browsers
	@python3 scripts/setup.py test
	@python3 scripts/suites.py

check: ## formatting, types, imports, lints, documents
	@python3 scripts/setup.py check
	@python3 scripts/check.py

bench: ## the figures, with the machine they were measured on, into bench/results
	@python3 scripts/setup.py test
	@.venv/bin/python -m bench.run

mutants: ## turns each named check of the encryption and the media plane off once and shows which test turns red
	@python3 scripts/mutants

lock: ## renews requirements.lock after a change of dependencies in pyproject.toml
	@.venv/bin/uv --version >/dev/null 2>&1 || .venv/bin/python -m pip install --quiet uv
	@.venv/bin/uv pip compile pyproject.toml --group dev --all-extras --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header --quiet --output-file requirements.lock
