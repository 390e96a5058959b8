/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devfilter - the device filter of one group, v1 list or v2 program, brought to a policy
 *
 * own:   the filter becomes exactly the policy.
 * adopt: a filter that others made is extended: a v1 list gets what it lacks, a v2
 *        program is replaced atomically by one that means the whole policy. Where
 *        there is no filter none is added.
 * A running VM never sees a moment without what both the old and the new filter allow.
 */
#ifndef VMCG_HOOK_DEVFILTER_H
#define VMCG_HOOK_DEVFILTER_H

#include "hook/cgroupfs.h"
#include "hook/devrules.h"

/* A program of another that ours took the place of, kept alive until the end of setup. */
struct devfilter {
	const char *path;
	int fd;
};

/* What the filter is now, as text for the record: v1 devices.list, v2 the number of programs. */
int devfilter_look(const char **ret, struct cgroupfs *fs, int version, const char *path,
		   struct error *e);

/* own. ERROR_FAILED. */
int devfilter_set(struct cgroupfs *fs, int version, const char *path,
		  const struct device_policy *policy, struct error *e);

/* adopt. *ret_replaced: the foreign program that was replaced (fd -1: none); the caller
 * closes it. ERROR_FAILED. */
int devfilter_extend(struct devfilter *ret_replaced, struct cgroupfs *fs, int version,
		     const char *path, const struct device_policy *policy,
		     const struct device_policy *denied, struct error *e);

/*
 * Back to what devfilter_look saw. replaced (may be NULL) is put back as it was; without it
 * a v2 program that we replaced becomes one made from before, what the config alone asked for.
 */
int devfilter_restore(struct cgroupfs *fs, int version, const char *path, const char *old,
		      const struct devfilter *replaced, const struct device_policy *before,
		      struct error *e);

#endif
