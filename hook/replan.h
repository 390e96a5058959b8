/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replan - the plan of a container again, from its record and the host as it is now
 *
 * The record says what was decided: manager, mode, target, devices. So nothing is
 * decided again; what stands already is found out by the plan, and by its steps,
 * which leave alone what is as it should be.
 */
#ifndef VMCG_HOOK_REPLAN_H
#define VMCG_HOOK_REPLAN_H

#include "hook/record.h"
#include "hook/setup.h"

/* A rootless caller had no group when the container was set up. */
#define REPLAN_NOTHING                                                                      \
	"rootless: no cgroup was delegated to this user when the container was set up, so " \
	"no limit applies"

struct replan {
	const struct record *record;
	const struct oci_resources *resources; /* as they are to be */
	struct setup setup;                    /* facts, target and plan; the VM is held in it */
};

/*
 * Look at the host: processes of the record that are gone count as absent. devices: nodes
 * whose numbers are wanted as well, or NULL. Ends with replan_release. ERROR_HOST.
 */
int replan_look(struct replan *p, struct context *c, const struct hypervisor_devices *devices,
		struct error *e);

/*
 * The plan, in p->setup.plan. given, denied: the device policy as it is to be.
 * only_devices: nothing but the device filter. ERROR_INPUT, ERROR_HOST.
 */
int replan_compose(struct replan *p, const struct device_policy *given,
		   const struct device_policy *denied, bool only_devices, struct error *e);

void replan_release(struct replan *p);

#endif
