# Two commands set everything up on a fresh machine: `make demo` and `make test`.
# The verbs below are the same as .venv/bin/homeport VERB; ENV names a file in inventories/.

ENV ?= local
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# -qq: pip warns about every setting of the machine that does not matter here.
PIP := $(BIN)/python -m pip -qq --disable-pip-version-check
AS_ROOT := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

.PHONY: demo demo-down test test-fast format accuracy oracle judge-tls vllm-parser bench-plan bench-deploy \
	bench-affinity bench-gateway bench-client bench-verify bench cost survey plan render apply verify drift releases rollback chat traffic lock clean

demo: $(READY)
	@$(BIN)/homeport demo

demo-down: $(READY)
	@$(BIN)/homeport demo --down

test: $(READY)
	@tests/run

test-fast: $(READY)
	@tests/run fast

format: $(READY)
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

survey plan render apply verify drift releases rollback chat traffic bench cost: $(READY)
	@$(BIN)/homeport $@ $(ENV)

# The memory estimator held against published measurements, class by class.
accuracy: $(READY)
	@$(BIN)/python -m tests.plan.accuracy

# The memory estimator held against what the pinned llama.cpp would reserve on GPUs that are not
# there; a new seed each time: make oracle SEED=7 CASES=1000
oracle: $(READY)
	@$(BIN)/python -m tests.plan.oracle $(if $(SEED),--seed $(SEED)) $(if $(CASES),--cases $(CASES))

# What sslyze says of the gateway's TLS, against Mozilla's intermediate profile.
judge-tls: $(READY)
	@$(BIN)/python -m tests.e2e.tls_judge

# What the parser of the pinned vLLM itself says of every command line that is rendered, and whether
# its facts are still what it tells; 3 GB below .homeport/ the first time.
vllm-parser: $(READY)
	@$(BIN)/python -m tests.engine_facts.parser.wheel
	@$(BIN)/pytest tests/engine_facts/parser -q -rs

# How long planning takes as a fleet grows to 1,000 hosts.
bench-plan: $(READY)
	@$(BIN)/python -m tests.plan.benchmark

# Speed beside ansible-core and the cost of large fleets; a lab of five hosts, half an hour.
bench-deploy: $(READY)
	@$(BIN)/python -m tests.benchmarks

# What sessions that keep their replica are worth, against the least busy one; three minutes.
bench-affinity: $(READY)
	@$(BIN)/python -m tests.benchmarks.affinity

# The gateway beside a bare nginx, LiteLLM (installed for this alone) and a direct connection; ten
# minutes, or three: make bench-gateway OPTIONS=--quick
bench-gateway: $(READY)
	@$(BIN)/python -m tests.benchmarks.gateway $(OPTIONS)

# What `homeport bench` and other clients say of a server whose timings are known; five minutes.
# Beside aiperf (installed for this alone, 1.2 GB): make bench-client OPTIONS="--beside aiperf"; and
# beside guidellm (6 GB) and vllm, which must be on the PATH.
bench-client: $(READY)
	@$(BIN)/python -m tests.benchmarks.client $(OPTIONS)

# How long every check takes on fleets of 1 to 100 hosts that answer by rote; four minutes.
bench-verify: $(READY)
	@$(BIN)/python -m tests.benchmarks.verify $(OPTIONS)

# New versions of all dependencies, on purpose and reviewable.
lock: $(READY)
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --upgrade --all-extras --no-header \
		--no-emit-index-url --no-emit-find-links --output-file requirements.lock pyproject.toml

# The virtual environment, from the lock file alone. Debian ships python3 without venv.
$(READY): requirements.lock pyproject.toml
	@echo "== setting up: the virtual environment in $(VENV), from requirements.lock (a minute)"
	@python3 -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo "   python3-venv is missing: installing it"; \
		     $(AS_ROOT) apt-get -qq update && $(AS_ROOT) apt-get -qq install -y python3-venv >/dev/null; } \
		|| { echo "error: python3 has no venv module"; \
		     echo "hint: install the package python3-venv, then call make again"; exit 1; }
	@python3 -m venv --clear $(VENV)
	@$(PIP) install --require-hashes --requirement requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

clean:
	@rm -rf $(VENV) .homeport build *.egg-info .mypy_cache .pytest_cache .ruff_cache
