/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unit_change - a unit's properties changed while its VM runs
 *
 * On cgroup v1 any change makes systemd deny all devices and allow them again one
 * by one, so the container is frozen around it, and the record says so first: what
 * a kill -9 leaves frozen is thawed by the next command on it, or by gc.
 */
#ifndef VMCG_HOOK_UNIT_CHANGE_H
#define VMCG_HOOK_UNIT_CHANGE_H

#include "hook/cgroupfs.h"
#include "hook/store.h"
#include "hook/systemd.h"

struct unit_change {
	struct cgroupfs *fs;
	struct systemd *systemd;
	struct store *store;   /* NULL: nothing runs in the container yet */
	struct record *record; /* as it is in the store */
};

/* SYSTEMD_ABSENT: there is no such unit. ERROR_FAILED. */
int unit_change(struct unit_change *u, const char *unit, const struct unit_properties *p,
		struct error *e);

/* Thaw what a killed vmcg left frozen, and let the record say so. ERROR_FAILED. */
int unit_change_thaw(struct unit_change *u, struct error *e);

#endif
