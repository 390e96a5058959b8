/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_work - the comparisons that `vmcg check` is made of
 *
 * Each looks at one side of the record, changes nothing, and adds rows to drift.
 * check_groups comes first: what lies in a group that is gone is not compared, for
 * that one row says it all.
 */
#ifndef VMCG_HOOK_CHECK_WORK_H
#define VMCG_HOOK_CHECK_WORK_H

#include "hook/cgroupfs.h"
#include "hook/drift.h"
#include "hook/record.h"
#include "hook/systemd.h"

/* The target, or another group that adopt changed, in one hierarchy. */
struct check_group {
	const char *controller, *path, *why;
	bool marked; /* vmcg made the directory itself */
	bool there;
};

struct check {
	struct arena *arena;
	struct cgroupfs *fs;
	const struct record *record;
	uint64_t page_size;
	struct drift drift;
	struct check_group *groups;
	size_t n_groups;
	const char *lost; /* v2 controllers that are not enabled any more, blank-separated */
	bool vm_gone;     /* the VM of the record has ended */
	bool made_anew;   /* a group of ours has gone, and another has made one in its place */
};

/* The directories: there, and still ours. ERROR_FAILED. */
int check_groups(struct check *c, struct error *e);

/* The group of exactly this path; NULL: it is none of those. */
struct check_group *check_find_group(const struct check *c, const char *controller,
				     const char *path);

/* The VM, and the processes that were added: alive, and where they were put. */
int check_processes(struct check *c, struct error *e);

/* What groups hand down, and then the values of control files. ERROR_FAILED. */
int check_values(struct check *c, struct error *e);

/* The device filters. ERROR_FAILED, ERROR_HOST. */
int check_devices(struct check *c, struct error *e);

/* The unit, as systemd has it. ERROR_FAILED, ERROR_HOST. */
int check_unit(struct check *c, struct systemd *s, struct error *e);

#endif
