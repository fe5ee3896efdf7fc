# The front door. Thin targets: what is longer than a line is in scripts/ or xtask/.
.PHONY: help run build test test-busy crash lint fmt bench fuzz dist
.DEFAULT_GOAL := help

help: ## List the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

run: ## Build the gateway and start it (ARGS="--config FILE ..." is passed on)
	@scripts/run.sh $(ARGS)

build: ## Build the gateway for this machine
	@scripts/need.sh cc
	cargo build --release -p latticelm

test: ## Install what the tests need and run all of them
	@scripts/test.sh

test-busy: ## Run the workspace's tests ten times while the machine is busy (TIMES)
	@scripts/test-busy.sh $(or $(TIMES),10)

crash: ## Kill the gateway under load ROUNDS (200) times on each database, and look at what is left
	@scripts/crash.sh $(or $(ROUNDS),200)

lint: ## Formatting, clippy, documentation, licences and duplicates
	@scripts/lint.sh

fmt: ## Format the code
	cargo fmt --all

bench: ## Run the benchmarks (QUICK=1: the whole process alone, in two minutes)
	@scripts/bench.sh $(if $(QUICK),quick)

fuzz: ## Fuzz for SECONDS (600) per target
	@scripts/fuzz.sh $(or $(SECONDS_EACH),600)

dist: ## Build the binary to ship: smaller and faster, after a long link
	@scripts/need.sh cc
	cargo build --profile dist -p latticelm
