/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drain - empty a group of processes, and remove it
 */
#ifndef VMCG_HOOK_DRAIN_H
#define VMCG_HOOK_DRAIN_H

#include "hook/cgroupfs.h"

/*
 * Move every process in the group and below it to the group `to`, or to the
 * nearest ancestor of it that takes the process. Loops until a reading is empty:
 * a fork between reading and moving leaves a child behind. An absent group is
 * empty. ERROR_UNDO names what could not be moved.
 */
int drain_move(struct cgroupfs *fs, const char *controller, const char *path, const char *to,
	       struct error *e);

/* Kill every process in the group and below it (cgroup.kill, or one after the other by
 * pidfd), and wait until they are gone. ERROR_UNDO. */
int drain_kill(struct cgroupfs *fs, const char *controller, const char *path, struct error *e);

/* Move one process out of the group, if it is still in it. ERROR_UNDO. */
int drain_one(struct cgroupfs *fs, const char *controller, int64_t pid, const char *to,
	      struct error *e);

/* Remove the group and what is below it, deepest first; EBUSY is waited for, about a second
 * in all. An absent group is removed. ERROR_UNDO. */
int drain_remove(struct cgroupfs *fs, const char *controller, const char *path, struct error *e);

#endif
