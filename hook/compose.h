/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compose - the whole plan for one container
 *
 * Config, policy and facts in, the ordered list of steps out:
 *   check    what must hold before anything is touched
 *   create   directories, parents first; v1 cpusets filled from the parent; v2
 *            controllers enabled top-down
 *   pretask  cpuset, v1 real-time, the device filter: a process is never inside
 *            without them
 *   place    the VM process, and its affinity reset to the new cpuset
 *   limits   after the process is in: a limit below current use, or a tight
 *            quota, must not stop or slow the entry
 *   unified  last, in the order of the document
 */
#ifndef VMCG_HOOK_COMPOSE_H
#define VMCG_HOOK_COMPOSE_H

#include "hook/hypervisor.h"
#include "hook/plan.h"
#include "hook/target.h"

struct compose_input {
	const struct oci_resources *resources;
	const struct policy *policy;
	const struct facts *facts;
	const struct target *target;
	const struct hypervisor_devices *devices;
	int64_t init;       /* state.pid; 0: unknown */
	int64_t vm;         /* 0: there is no process to place yet */
	const char *vm_why; /* where vm comes from: "state:/pid" */
	/* A container that is set up already: its device policy as it is to be, and what is denied.
	 * NULL: made from resources, policy and devices. */
	const struct device_policy *given, *given_denied;
	bool only_devices; /* nothing but the device filter, and the unit's part of it */
};

/* Add the steps to a plan whose arena is set. ERROR_INPUT, ERROR_HOST. */
int compose_plan(struct plan *plan, const struct compose_input *given, struct error *e);

/* The v2 controllers and v1 hierarchies that the resources mention, for the probe of the
 * host: names in the arena, NULL-terminated. */
const char **compose_controllers(const struct oci_resources *r, struct arena *a);

#endif
