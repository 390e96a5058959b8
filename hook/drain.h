/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drain - empty a group of processes, and remove it
 */
#ifndef VMCG_HOOK_DRAIN_H
#define VMCG_HOOK_DRAIN_H

#include "hook/cgroupfs.h"

/* Which processes: those of the group alone, or those below it as well. */
enum drain_depth { DRAIN_GROUP, DRAIN_TREE };

/* The group that a process came from. */
typedef const char *drain_origin(const void *ctx, const char *controller, int64_t pid);

/*
 * Move every process to the group it came from, or to the nearest ancestor of
 * that which takes it, or to our caller's. Loops until a reading is empty: a fork between reading
 * and moving leaves a child behind. An absent group is empty. ERROR_UNDO names what could not be
 * moved.
 */
int drain_move(struct cgroupfs *fs, const char *controller, const char *path,
	       enum drain_depth depth, drain_origin *origin, const void *ctx, struct error *e);

/* Kill every process (cgroup.kill for a tree, or one after the other by pidfd), and wait until
 * they are gone. ERROR_UNDO. */
int drain_kill(struct cgroupfs *fs, const char *controller, const char *path,
	       enum drain_depth depth, struct error *e);

/* Move one process out of the group, if it is still in it. ERROR_UNDO. */
int drain_one(struct cgroupfs *fs, const char *controller, int64_t pid, const char *to,
	      struct error *e);

/* Remove the group and what is below it, deepest first; EBUSY is waited for, about a second
 * in all. An absent group is removed. ERROR_UNDO. */
int drain_remove(struct cgroupfs *fs, const char *controller, const char *path, struct error *e);

#endif
