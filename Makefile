# SPDX-License-Identifier: Apache-2.0
#
# vmcg - plain GNU make and pkg-config. Objects live under build/:
#   build/vmcg        the program
#   build/vmcg-test   the same sources with sanitizers, --yard and VMCG_FAULT
#   build/unit/*      cmocka programs, one for each tests/unit/test-*.c
# `make help` lists the targets.

ifeq ($(origin CC),default)
CC        := gcc
endif
PREFIX    ?= /usr/local
prefix    ?= $(PREFIX)
sbindir   ?= $(prefix)/sbin
mandir    ?= $(prefix)/share/man
docdir    ?= $(prefix)/share/doc/vmcg
bashdir   ?= $(prefix)/share/bash-completion/completions
unitdir   ?= $(prefix)/lib/systemd/system
DESTDIR   ?=
B         ?= build

VERSION   := 0.1.0
PKG       := yajl
CSTD      := -std=gnu11
WARN      := -Wall -Wextra -Wshadow -Wconversion -Wmissing-prototypes -Wstrict-prototypes \
             -Wundef -Wvla -Wformat=2 -Wwrite-strings
CFLAGS    ?= -O2 -g
HARDEN    := -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE
CPPFLAGS  += -I. -D_GNU_SOURCE -DVMCG_VERSION='"$(VERSION)"'
LDFLAGS   += -pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noseparate-code -Wl,--as-needed
SAN       := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
# V=1 shows the commands.
ifeq ($(V),)
Q         := @
say        = @printf '  %-4s %s\n' $(1) $(2)
endif
ifdef WERROR
WARN      += -Werror
endif

PKG_CFLAGS = $(shell pkg-config --cflags $(PKG) 2>/dev/null)
# The hook stands in the start path of every VM: a library less to load is worth having, so
# yajl's static archive is taken where there is one. YAJL=shared does not.
YAJL      ?= $(if $(wildcard $(addsuffix /libyajl_s.a,$(shell pkg-config --variable=libdir yajl 2>/dev/null))),static,shared)
PKG_LIBS   = $(if $(filter static,$(YAJL)),-l:libyajl_s.a,$(shell pkg-config --libs $(PKG) 2>/dev/null || echo -lyajl))
# libsystemd is never linked: loaded when a scope is wanted (glibc before 2.34: with -ldl).
PKG_LIBS  += -ldl
SYSTEMD    = $(shell pkg-config --libs libsystemd 2>/dev/null || echo -lsystemd)
SECCOMP    = $(shell pkg-config --libs libseccomp 2>/dev/null || echo -lseccomp)

# Part of the build, not of the program: the seccomp programs are made from these.
GEN_SRC   := hook/sandbox_rules.c hook/sandbox_gen.c
SRC       := $(filter-out $(GEN_SRC),$(sort $(wildcard oci/*.c) $(wildcard hook/*.c)))
OBJ       := $(SRC:%.c=$(B)/obj/%.o)
TOBJ      := $(SRC:%.c=$(B)/test-obj/%.o)
UNIT_SRC  := $(sort $(wildcard tests/unit/test-*.c))
UNIT      := $(UNIT_SRC:tests/unit/%.c=$(B)/unit/%)
UNIT_LIB  := $(patsubst tests/unit/%.c,$(B)/test-obj/tests/unit/%.o,\
               $(filter-out $(UNIT_SRC),$(sort $(wildcard tests/unit/*.c))))

.DEFAULT_GOAL := all
.SECONDARY:
.DELETE_ON_ERROR:

all: $(B)/vmcg $(B)/vmcg.bash ## the program, and the completion script it prints

$(B)/vmcg: $(OBJ)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(B)/vmcg.bash: $(B)/vmcg
	$(call say,GEN,$@)
	$(Q)$(B)/vmcg --completion >$@

$(B)/sandbox-gen: $(GEN_SRC:%.c=$(B)/obj/%.o) $(B)/obj/oci/error.o
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(SECCOMP)

$(B)/gen/sandbox_filters.h: $(B)/sandbox-gen
	@mkdir -p $(@D)
	$(call say,GEN,$@)
	$(Q)$(B)/sandbox-gen >$@

$(B)/obj/hook/sandbox.o $(B)/test-obj/hook/sandbox.o: $(B)/gen/sandbox_filters.h
$(B)/obj/hook/sandbox.o $(B)/test-obj/hook/sandbox.o: CPPFLAGS += -I$(B)/gen

$(B)/vmcg-test: $(TOBJ)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(SAN) -o $@ $^ $(PKG_LIBS)

$(B)/obj/%.o: %.c | $(B)/.deps-build
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(CSTD) $(WARN) $(CPPFLAGS) $(PKG_CFLAGS) $(CFLAGS) $(HARDEN) -MMD -MP -c -o $@ $<

$(B)/test-obj/%.o: %.c | $(B)/.deps-test
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(CSTD) $(WARN) $(CPPFLAGS) -DVMCG_TEST $(PKG_CFLAGS) -O1 -g $(SAN) -MMD -MP -c -o $@ $<

$(B)/unit/lib.a: $(filter-out $(B)/test-obj/hook/main.o,$(TOBJ)) $(UNIT_LIB) \
                 $(B)/test-obj/hook/sandbox_rules.o
	@mkdir -p $(@D)
	@rm -f $@
	$(call say,AR,$@)
	$(Q)$(AR) rcs $@ $^

$(B)/unit/test-%: $(B)/test-obj/tests/unit/test-%.o $(B)/unit/lib.a
	$(call say,LD,$@)
	$(Q)$(CC) $(SAN) -Wl,--as-needed -o $@ $^ $(PKG_LIBS) $(SECCOMP) $(SYSTEMD) -lcmocka -lm

# Programs for the root tests, linked with whatever part of the tree they use.
ROOT_HELP := tests/root/devices-probe.c tests/unit/devrows.c
ROOT_SRC  := $(filter-out $(ROOT_HELP),$(sort $(wildcard tests/root/*.c)))
ROOT      := $(ROOT_SRC:tests/root/%.c=$(B)/root/%)
LIB_OBJ   := $(filter-out $(B)/obj/hook/main.o,$(OBJ))

$(B)/lib.a: $(LIB_OBJ)
	@rm -f $@
	$(call say,AR,$@)
	$(Q)$(AR) rcs $@ $^

$(B)/root/%: $(B)/obj/tests/root/%.o $(ROOT_HELP:%.c=$(B)/obj/%.o) $(B)/lib.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(PKG_LIBS) -lpthread

# What a group of targets needs from the system; a stamp, so that it is looked at once.
$(B)/.deps-%:
	@mkdir -p $(@D)
	@tests/deps $*
	@touch $@

deps: ## install what building and testing need (or print the packages' names)
	tests/deps all

demo: $(B)/vmcg $(B)/root/vmprocess ## the main job on a real VM process, shown step by step
	@VMCG=$(B)/vmcg VMPROCESS=$(B)/root/vmprocess tests/demo

check: $(UNIT) $(B)/vmcg $(B)/vmcg-test | $(B)/.deps-test ## unit, golden and yard tests; no root
	@rm -rf $(B)/tap
	@for t in $(notdir $(UNIT)); do tests/run $$t $(B)/unit/$$t; done
	@VMCG=$(B)/vmcg tests/run golden tests/golden/run
	@VMCG=$(B)/vmcg-test tests/run yard bats --tap tests/yard
	@VMCG=$(B)/vmcg tests/run docs bats --tap tests/docs.bats
	@VMCG=$(B)/vmcg tests/run precreate bats --tap tests/precreate.bats
	@VMCG=$(B)/vmcg tests/run features bats --tap tests/features.bats
	@tests/run --sum

check-root: $(B)/vmcg $(B)/vmcg-test $(ROOT) | $(B)/.deps-root ## the machine's real cgroups and runc
	@VMCG=$(abspath $(B))/vmcg VMCG_TEST=$(abspath $(B))/vmcg-test BUILD=$(abspath $(B)) \
		tests/run root bats --tap tests/root
	@tests/run --sum root

check-faults: $(B)/vmcg $(ROOT) | $(B)/.deps-root ## every system call made to fail, kill -9 at each
	@VMCG=$(abspath $(B))/vmcg BUILD=$(abspath $(B)) tests/run faults tests/faults/run
	@tests/run --sum faults

check-vm: $(B)/vmcg $(B)/vmcg-test $(ROOT) | $(B)/.deps-rig ## Debian guests under QEMU, each layout
	tests/rig/run

check-vm-all: $(B)/vmcg $(B)/vmcg-test $(ROOT) | $(B)/.deps-rig ## the same with every root test: over an hour
	tests/rig/run --seconds 3600 -- tests/rig/guest-suite all

bench: $(B)/vmcg $(addprefix $(B)/bench/,floor floor-systemd bench-json bench-hook) ## the ratios of README
	@VMCG=$(abspath $(B))/vmcg B=$(abspath $(B)) tests/bench/run

$(B)/bench/floor-systemd: tests/bench/floor-systemd.c | $(B)/.deps-build
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(CSTD) $(WARN) $(CPPFLAGS) -O2 -o $@ $< $(shell pkg-config --libs libsystemd 2>/dev/null || echo -lsystemd)

$(B)/bench/floor: tests/bench/floor.c | $(B)/.deps-build
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(CSTD) $(WARN) $(CPPFLAGS) -O2 -static -o $@ $<

$(B)/bench/%: $(B)/obj/tests/bench/%.o $(B)/lib.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

FUZZ_SECONDS ?= 60
fuzz: | $(B)/.deps-fuzz ## libFuzzer on what is parsed, FUZZ_SECONDS for each
	@FUZZ_SECONDS=$(FUZZ_SECONDS) B=$(B) tests/run fuzz tests/fuzz/run
	@tests/run --sum fuzz

lint: | $(B)/.deps-lint ## clang-format, clang-tidy, cppcheck, layering, shell, man pages
	@tests/lint

install: $(B)/vmcg $(B)/vmcg.bash ## DESTDIR and prefix are honoured
	install -D -m 0755 $(B)/vmcg $(DESTDIR)$(sbindir)/vmcg
	install -D -m 0644 docs/vmcg.8 $(DESTDIR)$(mandir)/man8/vmcg.8
	install -D -m 0644 docs/vmcg-json.7 $(DESTDIR)$(mandir)/man7/vmcg-json.7
	install -D -m 0644 $(B)/vmcg.bash $(DESTDIR)$(bashdir)/vmcg
	install -D -m 0644 -t $(DESTDIR)$(unitdir) docs/examples/systemd/vmcg-gc.service
	install -d -m 0755 $(DESTDIR)$(docdir)/examples
	install -m 0644 $(wildcard docs/examples/*.json docs/examples/*.conf docs/examples/*.toml docs/examples/README) $(DESTDIR)$(docdir)/examples
	for dir in hooks.d hooks.d/podman hooks.d-by-command; do \
		install -D -m 0644 -t $(DESTDIR)$(docdir)/examples/$$dir docs/examples/$$dir/*.json || exit; \
	done
	sed -i 's|/usr/local/sbin/vmcg|$(sbindir)/vmcg|; s|/usr/local/share/doc/vmcg|$(docdir)|' \
		$(DESTDIR)$(mandir)/man8/vmcg.8 $(DESTDIR)$(unitdir)/vmcg-gc.service \
		$(DESTDIR)$(docdir)/examples/*.json \
		$(DESTDIR)$(docdir)/examples/hooks.d*/*.json \
		$(DESTDIR)$(docdir)/examples/hooks.d/podman/*.json

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' Makefile

clean: ## remove build/
	rm -rf $(B)

.PHONY: all deps demo check check-root check-faults check-vm check-vm-all bench fuzz lint install help clean

-include $(OBJ:.o=.d) $(TOBJ:.o=.d) $(UNIT_LIB:.o=.d) $(ROOT_HELP:%.c=$(B)/obj/%.d) $(UNIT_SRC:%.c=$(B)/test-obj/%.d) $(ROOT_SRC:%.c=$(B)/obj/%.d)
