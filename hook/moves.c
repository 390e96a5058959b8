/* SPDX-License-Identifier: Apache-2.0 */
/*
 * moves - the steps that bring one more process to where a container's VM is
 */
#include "hook/moves.h"

#include <string.h>

#include "hook/cgpath.h"
#include "hook/target.h"

/* Where it belongs in a hierarchy: the target, or in adopt mode init's own group in it, the base of
 * which its runtime may have chosen for each hierarchy. NULL: the container is not in it. */
static const char *place_for(const struct record *r, const char *hierarchy, struct arena *a)
{
	struct facts_process init = r->init;
	const struct facts f = {.processes = &init, .n_processes = 1};
	const struct target t = {.mode = r->mode, .path = r->path, .tail = r->tail};

	if (r->mode == MODE_OWN)
		return r->path;
	return target_path_in(&t, &f, init.pid, hierarchy, a) ? facts_process_path(&init, hierarchy)
							      : NULL;
}

/* systemd joins a scope to blkio only when a limit there was asked for. */
static bool is_joined(const struct record *r, const char *hierarchy)
{
	if (r->manager != MANAGER_SYSTEMD || strcmp(hierarchy, "blkio") != 0)
		return true;
	for (size_t i = 0; i < r->n_steps; i++)
		if (strcmp(r->steps[i].step.controller, hierarchy) == 0)
			return true;
	return false;
}

/* The affinity of before would outlive the move into a cpuset that setup has set. */
static bool sets_cpus(const struct record *r)
{
	for (size_t i = 0; i < r->n_steps; i++) {
		const struct plan_step *s = &r->steps[i].step;

		if ((s->op == PLAN_WRITE || s->op == PLAN_VERIFY) &&
		    strcmp(s->file, "cpuset.cpus") == 0)
			return true;
	}
	return false;
}

void moves_add(struct plan_step **steps, size_t *n, const struct record *r,
	       const struct facts_process *process, const char *why, struct arena *a)
{
	const char *pid = arena_printf(a, "%lld", (long long)process->pid);
	bool new_cpuset = false;

	for (size_t i = 0; i < r->n_mounts; i++) {
		const char *name = r->mounts[i].name;
		const char *to = facts_first_of_mount(r->mounts, i) && is_joined(r, name)
				     ? place_for(r, name, a)
				     : NULL;
		const char *is = facts_process_path(process, name);

		if (!to || (is && cgpath_within(is, r->mode == MODE_OWN ? r->path : to)))
			continue;
		*ARENA_APPEND(a, *steps, *n) =
		    (struct plan_step){.phase = PHASE_PLACE,
				       .op = PLAN_PLACE,
				       .controller = strcmp(name, "unified") == 0 ? "" : name,
				       .path = to,
				       .file = "cgroup.procs",
				       .value = pid,
				       .why = why};
		new_cpuset |= strcmp(name, "cpuset") == 0 || r->layout == LAYOUT_UNIFIED;
	}
	if (new_cpuset && sets_cpus(r))
		*ARENA_APPEND(a, *steps, *n) = (struct plan_step){.phase = PHASE_PLACE,
								  .op = PLAN_AFFINITY,
								  .controller = "cpuset",
								  .path = r->path,
								  .value = pid,
								  .why = why};
}
