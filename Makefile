# Squeezing Brains into Silicon. `make help` lists what there is.

# The first Python on the path that is supported; name another with `make PYTHON=... course`.
SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(firstword $(foreach p,python3 python3.13 python3.12 python3.11,\
	$(shell $(p) -c '$(SUPPORTED)' >/dev/null 2>&1 && echo $(p))) python3)

# Jupyter and nbgrader call other programs of the environment by name.
RUN := PATH="$(CURDIR)/.venv/bin:$$PATH" .venv/bin/python
# On few cores, threads of NumPy's products wait for each other: one is faster.
export OPENBLAS_NUM_THREADS ?= 1
OUT ?= site
PORT ?= 8000
MUTATIONS ?= 1000000
SEED ?= 0

.PHONY: help setup course test attacks proof lint book again exercises serve leaderboard publish bench differential \
	fuzz experiments weights lock clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

setup: ## make .venv with the locked requirements (every target does this first)
	@command -v $(PYTHON) >/dev/null || { \
		echo "Python 3.11 to 3.13 is needed and was not found: install it, then run make again." >&2; exit 1; }
	@$(PYTHON) tools/setup_env.py

course: setup ## build the book, the exercises and a graded sample class
	@$(RUN) tools/course.py

test: setup lint exercises book ## everything that CI runs
	@$(RUN) -m pytest -n 2 --dist loadfile

attacks: setup ## try every attack on the grader, and that it succeeds without the defence
	@$(RUN) -m pytest -q tests/grading/test_attacks.py

proof: setup ## prove that hidden tests catch wrong answers; grade whole classes (over half an hour)
	@$(RUN) tools/prove_assignments.py
	@CLASS_SHARE=1 $(RUN) -m pytest -q tests/assignments/test_generated_class.py

lint: setup
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m mypy
	@.venv/bin/codespell

exercises: setup
	@$(RUN) tools/exercises.py --check

book: setup ## build the book into build/book/_build/html
	@$(RUN) tools/build_book.py

pdf: book ## print the book into build/book.pdf (needs Chromium)
	@$(RUN) tools/make_pdf.py

again: setup ## build the book a second time, from nothing, and compare the two
	@$(RUN) tools/compare_builds.py

links: setup ## follow the book's links to other sites (needs a network)
	@$(RUN) tools/build_book.py --links

serve: book ## serve the book on this machine (PORT=8000)
	@echo "The book is at http://127.0.0.1:$(PORT) until Ctrl-C."
	@$(RUN) -m http.server $(PORT) --bind 127.0.0.1 --directory build/book/_build/html

publish: setup ## write the public side, book and learner notebooks, to OUT=site
	@$(RUN) tools/publish.py --out "$(OUT)"

leaderboard: setup ## rank a graded class's capstone networks into build/reports
	@$(RUN) tools/leaderboard.py

bench: setup ## time emulator, quantizers and grader against those of others
	@unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE; $(RUN) benchmarks/bench_tflm.py
	@unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE; $(RUN) benchmarks/bench_calibration.py
	@$(RUN) benchmarks/bench_grading.py

differential: setup ## compare ten million output elements with the real interpreter
	@DIFFERENTIAL_ELEMENTS=11500000 $(RUN) -m pytest -q tests/tflm/test_differential.py

fuzz: setup ## feed the emulator a million broken models (MUTATIONS=1000000 SEED=0)
	@$(RUN) tests/tflm/fuzz_models.py --mutations $(MUTATIONS) --seed $(SEED)

experiments: setup ## record the quantization studies and times again (two to three hours)
	@$(RUN) tools/study.py
	@$(RUN) tools/ladder.py
	@$(RUN) tools/latency.py

weights: setup ## train the course's networks again
	@$(RUN) tools/train_nets.py

lock: setup ## write requirements.txt anew from the ranges in pyproject.toml
	@$(RUN) -m uv pip compile --quiet --universal --python-version 3.11 --all-extras \
		--no-annotate --no-emit-index-url --custom-compile-command "make lock" \
		pyproject.toml --output-file requirements.txt

clean: ## remove everything that was built, except the environment
	rm -rf build site .pytest_cache .mypy_cache .ruff_cache .hypothesis
