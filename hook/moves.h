/* SPDX-License-Identifier: Apache-2.0 */
/*
 * moves - the steps that bring one more process to where a container's VM is
 *
 * Pure. For the VM that setup could not find, and for the daemons that serve it.
 */
#ifndef VMCG_HOOK_MOVES_H
#define VMCG_HOOK_MOVES_H

#include "hook/record.h"

/*
 * Append a "place" step for each hierarchy where the process is not in its place yet: in the
 * target or below it; in adopt mode in init's own group. Then one that resets its affinity, where
 * setup has set the cpuset it joins. why is that of the steps.
 */
void moves_add(struct plan_step **steps, size_t *n, const struct record *r,
	       const struct facts_process *process, const char *why, struct arena *a);

#endif
