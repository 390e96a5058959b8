/* SPDX-License-Identifier: Apache-2.0 */
/*
 * network - linux.resources.network as steps
 *
 * v1 only: net_cls and net_prio have no equivalent on v2. The interface names of
 * net_prio are looked up in the network namespace of the process that writes.
 */
#include "hook/planner.h"

#include <string.h>

enum { NAME_MAX_LEN = 15 }; /* the kernel's IFNAMSIZ, without the NUL */

static int check(struct planner *p, struct error *e)
{
	const struct oci_network *n = &p->resources->network;

	if (n->class_id.set && n->class_id.v > UINT32_MAX)
		return planner_bad(planner_why(p, "network/classID"), e,
				   "value %llu: expected at most 4294967295",
				   (unsigned long long)n->class_id.v);
	for (size_t i = 0; i < n->n_priorities; i++) {
		const struct oci_priority *priority = &n->priorities[i];

		if (!*priority->name || strlen(priority->name) > NAME_MAX_LEN ||
		    strpbrk(priority->name, " \t\r\n\v\f/"))
			return planner_bad(planner_why(p, "network/priorities/%zu/name", i), e,
					   "value \"%s\": not the name of a network interface",
					   priority->name);
		if (priority->priority > UINT32_MAX)
			return planner_bad(planner_why(p, "network/priorities/%zu/priority", i), e,
					   "value %llu: expected at most 4294967295",
					   (unsigned long long)priority->priority);
	}
	return 0;
}

/* 1, or what to return: a unified host can never have these controllers. */
static int find_version(struct planner *p, const char *controller, const char *why, struct error *e)
{
	if (p->facts->layout == LAYOUT_UNIFIED)
		return planner_unfit(why, e, "cgroup v2 has no %s; remove the field", controller);
	return planner_version(p, controller, why, e);
}

static int plan_class(struct planner *p, struct error *e)
{
	const struct opt_uint *id = &p->resources->network.class_id;
	const char *why = planner_why(p, "network/classID");
	int version;

	if (!id->set || id->v == 0)
		return 0;
	version = find_version(p, "net_cls", why, e);
	if (version <= 0)
		return version;
	planner_write(p, PHASE_LIMITS, "net_cls", "net_cls.classid", why, "%llu",
		      (unsigned long long)id->v);
	return 0;
}

static int plan_priorities(struct planner *p, struct error *e)
{
	const struct oci_network *n = &p->resources->network;
	int version;

	if (n->n_priorities == 0)
		return 0;
	version = find_version(p, "net_prio", planner_why(p, "network/priorities"), e);
	if (version <= 0)
		return version;
	for (size_t i = 0; i < n->n_priorities; i++)
		planner_write(p, PHASE_LIMITS, "net_prio", "net_prio.ifpriomap",
			      planner_why(p, "network/priorities/%zu", i), "%s %llu",
			      n->priorities[i].name, (unsigned long long)n->priorities[i].priority);
	return 0;
}

int network_plan(struct planner *p, struct error *e)
{
	if (check(p, e) || plan_class(p, e))
		return -1;
	return plan_priorities(p, e);
}
