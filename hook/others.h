/* SPDX-License-Identifier: Apache-2.0 */
/*
 * others - does a process belong to another container on record?
 *
 * It does when it is that container's VM, its init or a helper of it, or sits in its
 * group or below. The records are looked through as text first: a host may have
 * thousands.
 */
#ifndef VMCG_HOOK_OTHERS_H
#define VMCG_HOOK_OTHERS_H

#include "hook/store.h"

/* Conditions */
enum { OTHERS_NONE = 1 };

/* Whose is it, but for the container of r? *ret_id is in the arena. OTHERS_NONE. Records that
 * cannot be read claim nothing. */
int others_find(const char **ret_id, const struct store *s, const struct record *r,
		const struct facts_process *p, struct arena *a, struct error *e);

#endif
