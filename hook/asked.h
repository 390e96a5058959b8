/* SPDX-License-Identifier: Apache-2.0 */
/*
 * asked - what the file of an update asks for, and what in it means nothing
 *
 * Pure. A config's reader ignores names that it does not know, since they may be
 * a later specification's. Who types a change by hand means something by each of
 * them: a misspelt one must not look like a change that was made.
 */
#ifndef VMCG_HOOK_ASKED_H
#define VMCG_HOOK_ASKED_H

#include "oci/json.h"

/* A member that no reader knows, and the names that are known in its place. */
struct asked_unknown {
	const struct json *member;
	const char *known;
};

struct asked {
	struct asked_unknown *unknown;
	size_t n_unknown;
	bool anything; /* a known member has a value that asks for something */
};

/* Look through a linux.resources object. */
void asked_look(struct asked *ret, const struct json *root, struct arena *a);

#endif
