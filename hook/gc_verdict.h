/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gc_verdict - is a recorded container dead?
 *
 * Pure: from what was seen of it to a verdict with its reason. Whatever leaves a
 * doubt lives: a record that stays costs a file, a group that is taken from under
 * a VM costs its limits.
 */
#ifndef VMCG_HOOK_GC_VERDICT_H
#define VMCG_HOOK_GC_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

#include "hook/record.h"

/* What was seen of a container, under the lock of its record. */
struct gc_sight {
	bool this_boot; /* without it nothing else was looked at */
	bool vm_lives, init_lives;
	bool group;        /* own: the target is there in some hierarchy */
	uint64_t inside;   /* own: processes in it and below, in the hierarchy that has most */
	const char *where; /* own: the group that they are in, for people */
};

struct gc_verdict {
	bool dead;
	const char *why; /* for people: one line, in the arena or constant */
};

void gc_verdict(struct gc_verdict *ret, const struct record *r, const struct gc_sight *s,
		struct arena *a);

#endif
