/* SPDX-License-Identifier: Apache-2.0 */
/*
 * freezer - a container held still for a moment (cgroup v1)
 *
 * systemd writes a v1 device list anew by denying everything first. A process that
 * is frozen meanwhile does not see that moment.
 *
 * Source: Documentation/admin-guide/cgroup-v1/freezer-subsystem.rst.
 */
#ifndef VMCG_HOOK_FREEZER_H
#define VMCG_HOOK_FREEZER_H

#include "hook/cgroupfs.h"
#include "hook/record.h"

/* Conditions */
enum {
	FREEZER_NONE = 1, /* the container has no group of its own there, or we are in it */
	FREEZER_FROZEN,   /* somebody else has frozen it */
};

/* Can the container be frozen, and is it not already? FREEZER_NONE, FREEZER_FROZEN. */
int freezer_look(struct cgroupfs *fs, const struct record *r, struct error *e);

/* Freeze, and wait until all of it is; what cannot be frozen in time is thawed again:
 * ERROR_FAILED. After freezer_look only. */
int freezer_freeze(struct cgroupfs *fs, const struct record *r, struct error *e);

/* A group that is gone needs no thawing. ERROR_FAILED. */
int freezer_thaw(struct cgroupfs *fs, const struct record *r, struct error *e);

#endif
