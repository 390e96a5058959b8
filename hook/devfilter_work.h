/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devfilter_work - what devfilter.c leaves to the list (v1) and to the program (v2)
 *
 * The contracts are those of devfilter.h, for one version each.
 */
#ifndef VMCG_HOOK_DEVFILTER_WORK_H
#define VMCG_HOOK_DEVFILTER_WORK_H

#include "hook/devfilter.h"
#include "hook/devlist.h"

#define DEVFILTER_LIST     "devices.list"
#define DEVFILTER_SYSTEMDS "s" /* behind an id: systemd's own program */

/* Is the filter a list? A yard has no programs. */
static inline bool devfilter_is_list(const struct cgroupfs *fs, int version)
{
	return version == 1 || fs->yard;
}

/* --- v1: devfilter_list.c --- */

int devfilter_list_read(struct devlist_state *ret, struct cgroupfs *fs, const char *path,
			struct error *e);
int devfilter_list_set(struct cgroupfs *fs, const char *path, const struct device_policy *policy,
		       const struct device_policy *was, struct error *e);
int devfilter_list_extend(struct cgroupfs *fs, const char *path,
			  const struct devfilter_extension *x, struct error *e);
int devfilter_list_restore(struct cgroupfs *fs, const char *path, const struct devfilter_past *past,
			   struct error *e);

/* --- v2: devfilter_program.c --- */

int devfilter_program_set(struct cgroupfs *fs, const char *path, const struct device_policy *policy,
			  struct error *e);
int devfilter_program_extend(struct devfilter *ret_replaced, struct cgroupfs *fs, const char *path,
			     const struct devfilter_extension *x, struct error *e);
/* Is one that was there before the first setup (what devfilter_look saw then) gone, because ours
 * took its place, or put back beside ours? systemd makes its own again at each reload, and attaches
 * once more what a runtime gave it. */
bool devfilter_program_took_place(const char *first, const uint32_t *ids, size_t n);
int devfilter_program_restore(struct cgroupfs *fs, const char *path,
			      const struct devfilter_past *past, struct error *e);

#endif
