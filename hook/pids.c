/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pids - linux.resources.pids as a step
 *
 * 0 is a real value: the VM process enters (joining is not forking), and its
 * first fork fails. systemd takes no 0; with 1 the first fork fails as well.
 */
#include "hook/planner.h"

enum { PIDS_MAX = 4194304 }; /* the kernel's own bound */

int pids_plan(struct planner *p, struct error *e)
{
	const struct opt_int *limit = &p->resources->pids_limit;
	const char *why = planner_why(p, "pids/limit");
	const struct planner_wish wish = {"pids/limit", !limit->set      ? WISH_ABSENT
							: limit->v == -1 ? WISH_NOTHING
									 : WISH_REAL};
	int version;

	if (limit->set && (limit->v < -1 || limit->v > PIDS_MAX))
		return planner_bad(why, e, "value %lld: expected 0..%d, or -1 for unlimited",
				   (long long)limit->v, PIDS_MAX);
	version = planner_version_of(p, "pids", &wish, 1, e);
	if (version <= 0)
		return version;
	if (limit->v == -1) {
		planner_write(p, PHASE_LIMITS, "pids", "pids.max", why, "max");
	} else if (limit->v == 0 && p->plan->manager == MANAGER_SYSTEMD) {
		plan_warn(p->plan, "%s: 0 becomes 1, systemd takes no 0 (no fork works either way)",
			  why);
		planner_write(p, PHASE_LIMITS, "pids", "pids.max", why, "1");
	} else {
		planner_write(p, PHASE_LIMITS, "pids", "pids.max", why, "%lld",
			      (long long)limit->v);
	}
	return 0;
}
