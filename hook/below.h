/* SPDX-License-Identifier: Apache-2.0 */
/*
 * below - the groups that a runtime makes below its scope, with the container's limits again
 *
 * Pure. crun keeps init in such a group. When the target alone changes, a limit can be
 * lowered and not raised; on cgroup v1, where a group must have room for those below it,
 * some cannot even be lowered.
 */
#ifndef VMCG_HOOK_BELOW_H
#define VMCG_HOOK_BELOW_H

#include "hook/record.h"

/* What is known of one file, in the target and in a group below it. */
struct below_sight {
	const char *above; /* what the target holds */
	const char *live;  /* what the group below holds; NULL: it has no such file */
};

/* Does the group below go along with a step that writes the target's file? Only if the runtime gave
 * both the same limit, or vmcg has set it there before. */
bool below_follows(const struct record *r, const struct plan_step *s, const char *below,
		   const struct below_sight *sight);

/* Before the target, because that becomes narrower; else after it. */
bool below_goes_first(const struct plan_step *s, const struct below_sight *sight, struct arena *a);

#endif
