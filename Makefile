# What a newcomer needs: make demo, make watch, make test, make bench.
# ARCH=xtensa runs the demo on the emulated Xtensa board; MINUTES is for make fuzz.
ARCH ?= riscv
BUILD ?= build
MINUTES ?= 4
PYTHON ?= /usr/bin/python3

export BUILD
export PYTHON
export PYTHONPATH := $(CURDIR)/tools
# Compiled Python is kept, as it is for users, but not in the tree.
export PYTHONPYCACHEPREFIX := $(abspath $(BUILD))/pycache

.PHONY: help demo watch guards test torture bench fuzz format api clean

help:
	@echo 'make demo    the emulated board: build, boot, edit, reload, refuse what is broken'
	@echo 'make watch   the same board, left running for your own edits'
	@echo 'make guards  edits that must not simply be sent, and what is said to each'
	@echo 'make test    every test; says at its end what was skipped and why'
	@echo 'make torture the execution tests of GCC as modules, and edits as patches: about 45 minutes'
	@echo 'make bench   seconds from save to effect, sizes, costs'
	@echo 'make fuzz    hostile modules, flash contents and requests, for MINUTES=4 in all'
	@echo 'make format  clang-format on all C code'
	@echo 'make api     writes API.md from include/hotreload.h'
	@echo 'ARCH=xtensa  with demo, watch or guards: the Xtensa board'

demo:
	@scripts/install-packages.sh demo
	@$(PYTHON) scripts/demo.py --arch $(ARCH) --build $(BUILD)/demo-$(ARCH)

watch:
	@scripts/install-packages.sh demo
	@$(PYTHON) scripts/watch.py --arch $(ARCH) --build $(BUILD)/watch-$(ARCH)

guards:
	@scripts/install-packages.sh demo
	@$(PYTHON) scripts/guards.py --arch $(ARCH) --build $(BUILD)/guards-$(ARCH)

test:
	@scripts/install-packages.sh demo test torture
	@$(PYTHON) scripts/run_tests.py --build $(BUILD)/test

torture:
	@scripts/install-packages.sh demo torture
	@$(PYTHON) test/torture/run.py --build $(BUILD)/torture
	@$(PYTHON) test/patches/pairs.py --build $(BUILD)/torture/patches

bench:
	@scripts/install-packages.sh demo test
	@$(PYTHON) scripts/bench.py --build $(BUILD)/bench

fuzz:
	@scripts/install-packages.sh demo test
	@$(PYTHON) scripts/fuzz.py --build $(BUILD)/fuzz --minutes $(MINUTES)

format:
	git ls-files '*.c' '*.h' | xargs clang-format -i

api:
	$(PYTHON) scripts/make_api.py include/hotreload.h > API.md

clean:
	rm -rf $(BUILD)
