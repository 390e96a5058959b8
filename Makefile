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
DESTDIR   ?=
B         ?= build

VERSION   := 0.1.0
PKG       := yajl libseccomp
CSTD      := -std=gnu11
WARN      := -Wall -Wextra -Wshadow -Wconversion -Wmissing-prototypes -Wstrict-prototypes \
             -Wundef -Wvla -Wformat=2 -Wwrite-strings
CFLAGS    ?= -O2 -g
HARDEN    := -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE
CPPFLAGS  += -I. -D_GNU_SOURCE -DVMCG_VERSION='"$(VERSION)"'
LDFLAGS   += -pie -Wl,-z,relro -Wl,-z,now -Wl,--as-needed
SAN       := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
ifdef WERROR
WARN      += -Werror
endif

PKG_CFLAGS = $(shell pkg-config --cflags $(PKG) 2>/dev/null)
PKG_LIBS   = $(shell pkg-config --libs $(PKG) 2>/dev/null || echo -lyajl -lseccomp)

SRC       := $(sort $(wildcard oci/*.c) $(wildcard hook/*.c))
OBJ       := $(SRC:%.c=$(B)/obj/%.o)
TOBJ      := $(SRC:%.c=$(B)/test-obj/%.o)
UNIT_SRC  := $(sort $(wildcard tests/unit/test-*.c))
UNIT      := $(UNIT_SRC:tests/unit/%.c=$(B)/unit/%)
UNIT_LIB  := $(patsubst tests/unit/%.c,$(B)/test-obj/tests/unit/%.o,\
               $(filter-out $(UNIT_SRC),$(sort $(wildcard tests/unit/*.c))))

.DEFAULT_GOAL := all
.SECONDARY:
.DELETE_ON_ERROR:

all: $(B)/vmcg

$(B)/vmcg: $(OBJ)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(B)/vmcg-test: $(TOBJ)
	$(CC) $(CFLAGS) $(SAN) -o $@ $^ $(PKG_LIBS)

$(B)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CSTD) $(WARN) $(CPPFLAGS) $(PKG_CFLAGS) $(CFLAGS) $(HARDEN) -MMD -MP -c -o $@ $<

$(B)/test-obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CSTD) $(WARN) $(CPPFLAGS) -DVMCG_TEST $(PKG_CFLAGS) -O1 -g $(SAN) -MMD -MP -c -o $@ $<

$(B)/unit/lib.a: $(filter-out $(B)/test-obj/hook/main.o,$(TOBJ)) $(UNIT_LIB)
	@mkdir -p $(@D)
	@rm -f $@
	$(AR) rcs $@ $^

$(B)/unit/test-%: $(B)/test-obj/tests/unit/test-%.o $(B)/unit/lib.a
	$(CC) $(SAN) -o $@ $^ $(PKG_LIBS) -lcmocka -lm

unit: $(UNIT)

clean:
	rm -rf $(B)

.PHONY: all clean unit

-include $(OBJ:.o=.d) $(TOBJ:.o=.d) $(UNIT_SRC:%.c=$(B)/test-obj/%.d)
