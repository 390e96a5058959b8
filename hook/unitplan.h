/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unitplan - the part of a plan that systemd carries out
 *
 * A composed plan in, the same plan for the systemd manager out: every limit that
 * systemd has a property for becomes one, so that daemon-reload and
 * SetUnitProperties write the same value again; the device policy becomes
 * DevicePolicy and DeviceAllow. What systemd would round is rounded here, in the
 * property and in the file. What has no property, or none in this systemd's
 * version, stays a write to the scope's files.
 *   own    a transient scope is started around the VM process ("start"): systemd
 *          makes the directories and enables the controllers that it manages;
 *          what it was given is read back from the kernel ("verify").
 *   adopt  the runtime's unit gets the properties that it lacks ("set"); the
 *          writes stay, because the runtime may have written files behind
 *          systemd's back, which any change of the unit resets.
 *
 * Sources: org.freedesktop.systemd1(5), systemd.resource-control(5),
 * systemd.scope(5); the versions are those of systemd's NEWS.
 */
#ifndef VMCG_HOOK_UNITPLAN_H
#define VMCG_HOOK_UNITPLAN_H

#include "hook/plan.h"
#include "hook/target.h"

struct unitplan_input {
	const struct facts *facts;
	const struct target *target;
	const char *id; /* the container's */
	int64_t vm;     /* own: the process that the scope is made around; never 0 */
	const char *vm_why;
};

/* Rewrite a composed, unsorted plan whose manager is systemd. ERROR_INPUT, ERROR_HOST. */
int unitplan(struct plan *p, const struct unitplan_input *in, struct error *e);

/* Is the unit's group there, in the hierarchy where systemd keeps its units? What was made by hand
 * in others outlives the unit. */
bool unitplan_is_standing(const struct facts *f, const char *path);

/* The Description by which a unit that vmcg started for a container is known again. */
const char *unitplan_description(const char *id, struct arena *a);

#endif
