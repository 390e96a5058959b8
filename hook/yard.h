/* SPDX-License-Identifier: Apache-2.0 */
/*
 * yard - plain directories in place of the cgroup mounts (test build only)
 *
 * A yard proves order, undo and idempotence without privilege; it knows nothing
 * of what a kernel refuses or clamps. It does what plain directories cannot:
 * control files appear when they are written, a process is in one group of a
 * hierarchy at a time, and rmdir takes a group's files along.
 */
#ifndef VMCG_HOOK_YARD_H
#define VMCG_HOOK_YARD_H

#include <stdbool.h>

#ifdef VMCG_TEST

/* Write a control file, making it if need be; cgroup.procs moves the process. */
bool yard_write(int dir, const char *yard, const char *file, const char *value);

/* Remove the files of a group, unless processes or child groups are in it. */
void yard_empty(int parent, const char *name);

#else

static inline bool yard_write(int dir, const char *yard, const char *file, const char *value)
{
	(void)dir;
	(void)yard;
	(void)file;
	(void)value;
	return false;
}

static inline void yard_empty(int parent, const char *name)
{
	(void)parent;
	(void)name;
}

#endif
#endif
