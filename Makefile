# Every command of this repository; `make help` lists them. The same recipes run on a laptop and in CI.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.ONESHELL:
MAKEFLAGS += --no-print-directory

# Downloads of setup and build results are here, so that a new clone finds both.
export VRU_CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/vru
export CARGO_TARGET_DIR ?= $(VRU_CACHE)/target
# A clean machine has rustup's programs here and not yet in PATH; setup puts Go into the cache where the machine's is too old.
export PATH := $(HOME)/.cargo/bin:$(VRU_CACHE)/go/bin:$(PATH)

CARGO := cargo
PYTHON := $(VRU_CACHE)/venv/bin/python
# `make demo` and `make test` share the development profile, so the second command builds little. It optimises what runs for every
# frame; PROFILE=release optimises everything and takes three times as long to build.
PROFILE ?= dev
PROFILE_FOLDER := $(if $(filter dev,$(PROFILE)),debug,$(PROFILE))
DEMO_ARGS ?=
BENCHES := preprocess shown postprocess tracker analysis_threads infer_worker files ingest memory bus postgres alerts api upload live_feed glass_to_alert glass_to_client

.PHONY: help
help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	echo
	echo "  settings: VRU_CACHE=$(VRU_CACHE)"
	echo "            PROFILE=$(PROFILE) (make demo, make images)  DEMO_ARGS='--for 60s --json' (make demo)  ARGS='-p vru-vision' (make unit)"
	echo "            FUZZ='sdp rtp' FUZZ_RUNS=1000000 (make fuzz)  SOAK_MINUTES=30 (make soak)  VRU_TEST_SEED=1 (any test)"

.PHONY: rust
rust:
	@command -v $(CARGO) >/dev/null || {
	  echo "cargo is missing: install Rust with rustup, as https://rustup.rs says, and run make again." >&2
	  echo "The version is pinned in rust-toolchain.toml; rustup fetches it by itself." >&2
	  exit 1
	}

# --workspace: with the features that the tests build with, so that both share every dependency.
.PHONY: demo
demo: rust ## install what is missing, build, and show the whole pipeline on a sample clip
	@scripts/compile.sh demo $(CARGO) build --locked --profile $(PROFILE) --workspace --bin vru
	scripts/web.sh build
	exec "$(CARGO_TARGET_DIR)/$(PROFILE_FOLDER)/vru" demo $(DEMO_ARGS)

.PHONY: test
test: rust ## everything that must hold: format, lints, unit, integration and doc tests, licences, a short demo
	@$(MAKE) --no-print-directory fmt-check
	scripts/compile.sh test $(CARGO) build --locked --workspace --bins --tests
	for step in deny lint validate web-check unit fixtures-check demo-check watch-check; do
	  echo "--- $$step"
	  $(MAKE) --no-print-directory $$step BUILT=1
	done
	echo "--- all passed"

.PHONY: setup
setup: ## fetch and install what demo and tests need and this machine lacks
	@scripts/setup.sh all

# With a test: then the programs have the features that they have in `make test`, and no test builds half of the workspace once more.
.PHONY: build
build: rust ## build every program (debug)
	@scripts/setup.sh build
	$(CARGO) build --locked --workspace --bins --test bootstrap

# Integration tests start the programs from the target folder. Testing the workspace builds them all; ARGS='-p vru-vision nms'
# narrows it, so they are built first.
.PHONY: unit
unit: $(if $(BUILT),rust,$(if $(ARGS),build,rust)) ## unit, integration and doc tests only
	@$(CARGO) test --locked $(or $(ARGS),--workspace)

# Also part of `unit`. The suites of `vru` and of `vision` have the same name.
.PHONY: truth
truth: build ## synthetic pictures, videos and models with known answers, through the real programs
	@$(CARGO) test --locked --workspace --test truth

.PHONY: lint
lint: rust ## clippy, shellcheck, module cycles, names in documents; warnings are errors
	@python3 scripts/check_module_cycles_test.py -q && python3 scripts/check_module_cycles.py
	python3 scripts/check_docs.py
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	shellcheck -x -P SCRIPTDIR scripts/*.sh scripts/backup scripts/restore scripts/database/*.sh scripts/setup/*.sh scripts/fuzz/*.sh scripts/ci/*.sh images/*.sh k8s/components/redis/*.sh .ci/run

.PHONY: fmt
fmt: rust ## format the Rust code
	@$(CARGO) fmt --all

.PHONY: fmt-check
fmt-check: rust
	@$(CARGO) fmt --all --check

.PHONY: deny
deny: rust ## licences, bans and sources of every dependency
	@"$(VRU_CACHE)/bin/cargo-deny" --log-level error --locked check licenses bans sources

# The manifests against the programs of the last build, their linters, Terraform, and the pipeline. k8s/tests/README.md, terraform/tests/README.md
# and .gitlab/tests/README.md say what is checked.
VALIDATE := VRU_PROGRAMS="$(CARGO_TARGET_DIR)/debug" "$(VRU_CACHE)/venv-manifests/bin/python"
OBSERVE := env PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=observability/source "$(VRU_CACHE)/venv-manifests/bin/python"
.PHONY: validate
validate: $(if $(BUILT),,build) ## manifests, Terraform and the pipeline: render, schemas, lints, and whether the programs accept them
	@$(if $(BUILT),,scripts/setup.sh test)
	$(VALIDATE) k8s/tests/validate.py
	$(VALIDATE) terraform/tests/validate.py
	$(OBSERVE) observability/tests/validate.py "$(VRU_CACHE)/bin/vru-otelcol"
	$(VALIDATE) .gitlab/tests/validate.py

# Rules, dashboards and logs on a demo that runs, with a Prometheus that scrapes it.
.PHONY: watch-check
watch-check: $(if $(BUILT),,build)
	@$(if $(BUILT),,scripts/setup.sh test)
	timeout --kill-after=10 400 $(OBSERVE) observability/tests/live.py "$(CARGO_TARGET_DIR)/debug/vru"

.PHONY: observability
observability: ## write the rules and dashboards that observability/source describes
	@scripts/setup.sh test
	$(OBSERVE) observability/source/build.py

.PHONY: validate-full
validate-full: rust ## validate, and on a real Kubernetes control plane with KEDA, and the images, really built and run
	@$(if $(BUILT),,scripts/compile.sh test $(CARGO) build --locked --workspace --bins --test bootstrap --test rollout)
	for step in validate control-plane keda images; do
	  echo "--- $$step"
	  $(MAKE) --no-print-directory $$step BUILT=1
	done
	echo "--- all passed"

# As root: images are built in a chroot and mounted. PROFILE=release builds the programs as a pipeline does, whose images have smaller bounds.
.PHONY: images
images: $(if $(BUILT),,build) ## every image, really built and run: what is in it, its size, and the pipeline of images on real servers
	@scripts/setup.sh test
	scripts/setup.sh images
	scripts/web.sh build
	$(if $(BUILT),,$(if $(filter release,$(PROFILE)),$(CARGO) build --locked --release --workspace --bins))
	images/registry_test.sh
	PROFILE=$(PROFILE) images/test.sh

# Not part of `make test`: its programs take about ten minutes to build on a cold machine.
.PHONY: control-plane
control-plane: ## every overlay, applied to a real Kubernetes control plane; releases by the pipeline's script, and their ways back
	@scripts/setup.sh control-plane
	PYTHONPATH=k8s/tests "$(VRU_CACHE)/venv-manifests/bin/python" k8s/tests/control_plane/check.py
	"$(VRU_CACHE)/venv-manifests/bin/python" .gitlab/tests/control_plane.py

# Ten minutes more on a cold machine.
.PHONY: keda
keda: ## KEDA's operator with real Kafka: sinks scale with lag
	@scripts/setup.sh keda
	PYTHONPATH=k8s/tests "$(VRU_CACHE)/venv-manifests/bin/python" k8s/tests/control_plane/keda.py

# One at a time, in the order of the pipeline: two at once would measure each other. BENCH narrows it: BENCH='preprocess tracker'.
.PHONY: bench
bench: rust ## measure everything against its peer, print the table, write target/bench/summary.json
	@scripts/compile.sh bench $(CARGO) build --locked --release --workspace --bins
	$(if $(BENCH),,rm -rf target/bench)
	for bench in $(or $(BENCH),$(BENCHES)); do
	  echo "--- $$bench"
	  started=$$SECONDS
	  $(CARGO) bench --locked --workspace --bench "$$bench"
	  echo "--- $$bench took $$((SECONDS - started)) s"
	done
	"$(CARGO_TARGET_DIR)/release/bench-summary"

# Every program of fuzz/, instrumented by scripts/fuzz/rustc.sh on stable Rust; third-party crates are those of the other builds.
FUZZERS := $(patsubst fuzz/fuzz_targets/%.rs,%,$(wildcard fuzz/fuzz_targets/*.rs))
.PHONY: fuzz
fuzz: rust ## a million cases for each parser of untrusted bytes
	@scripts/setup.sh test
	RUSTC_WORKSPACE_WRAPPER="$(CURDIR)/scripts/fuzz/rustc.sh" $(CARGO) build --locked --workspace --features vru-fuzz/libfuzzer \
	  $(addprefix --bin ,$(FUZZERS))
	scripts/fuzz/run.sh "$(CARGO_TARGET_DIR)/debug" $(FUZZ)

.PHONY: soak
soak: rust ## half an hour of random faults: all counts balance, and memory stays flat
	@scripts/setup.sh test
	$(CARGO) build --locked --workspace --bins
	$(CARGO) test --locked --workspace --test soak -- --ignored --nocapture

.PHONY: fixtures
fixtures: ## regenerate the small test models and their expected results
	@scripts/setup.sh test
	"$(PYTHON)" models/fixtures/make_fixtures.py

.PHONY: fixtures-check
fixtures-check:
	@"$(PYTHON)" models/fixtures/make_fixtures.py --check

# The web app: format, lints, types, unit tests, size; then in a browser, on a demo of the debug program.
.PHONY: web-check
web-check: $(if $(BUILT),,build) ## the web app only: lints, types, tests, size, and in a browser
	@scripts/web.sh check
	scripts/web.sh e2e "$(CARGO_TARGET_DIR)/debug/vru"

.PHONY: web-gallery
web-gallery: $(if $(BUILT),,build) ## pictures of every page of the web app in every state, and what is wrong with their layout; 20 minutes
	scripts/web.sh gallery "$(CARGO_TARGET_DIR)/debug/vru"

.PHONY: web
web: ## build the web app, which `vru demo` and `vru up` serve
	@scripts/web.sh build

# The debug program: the tests have built it already.
.PHONY: demo-check
demo-check: $(if $(BUILT),,build)
	@account=$$(mktemp)
	trap 'rm -f "$$account"' EXIT
	timeout --kill-after=10 240 "$(CARGO_TARGET_DIR)/debug/vru" demo --for 20s --json >"$$account"
	python3 scripts/check_demo_account.py "$$account"
