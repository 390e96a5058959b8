/* SPDX-License-Identifier: Apache-2.0 */
/*
 * freezer - a v1 group that stands still while systemd changes its unit
 *
 * On cgroup v1 systemd denies all devices before it allows the list again, at any
 * change of a unit. Nobody inside is to see that moment.
 */
#ifndef VMCG_HOOK_FREEZER_H
#define VMCG_HOOK_FREEZER_H

#include "hook/cgroupfs.h"
#include "hook/record.h"
#include "hook/systemd.h"

/*
 * systemd_set, and its outcome, with the container's v1 freezer closed around it. On v2, without a
 * freezer, and in a group that is frozen already, just systemd_set. ERROR_FAILED: the group does
 * not come to rest; nothing was changed. It is thawed in any case.
 */
int freezer_set(struct cgroupfs *fs, struct systemd *s, const struct record *r, const char *unit,
		const struct unit_properties *p, struct error *e);

/* After a setup that may have died in there: let the container run. */
void freezer_thaw(struct cgroupfs *fs, const struct record *r);

#endif
