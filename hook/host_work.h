/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host_work - what the parts of the host probe hand to each other
 *
 * Internal to host*.c. The order is fixed: own cgroup lines, mounts, processes,
 * cgroups, files; each part relies on the facts of those before it.
 */
#ifndef VMCG_HOOK_HOST_WORK_H
#define VMCG_HOOK_HOST_WORK_H

#include "hook/host.h"
#include "hook/procfs.h"

struct host_work {
	struct facts *facts;
	struct arena *arena;
	const struct host_wishes *wishes;
	const char *prefix; /* never NULL */
	int (*look)(const char *path, struct host_look *ret);
	struct procfs_cgroup *own; /* /proc/self/cgroup */
	size_t n_own;
	int64_t uid; /* the caller's, outside of his user namespace; -1: unknown */
};

enum { HOST_MAGIC_CGROUP = 0x27e0eb, HOST_MAGIC_CGROUP2 = 0x63677270 };

/* The prefix and a formatted path, in the arena. */
const char *host_path(const struct host_work *w, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The directory of a cgroup, with the prefix; NULL when the mount does not show it. */
const char *host_cgroup_dir(const struct host_work *w, const struct facts_mount *m,
			    const char *path);

/* Does a path of /proc lead out of our cgroup namespace ("/../x")? */
bool host_is_outside(const char *path);

/* host_mounts.c: /proc/self/cgroup into w->own; then layout, mounts, controllers. */
int host_read_own(struct host_work *w, struct error *e);
int host_find_mounts(struct host_work *w, struct error *e);

/* host_cgroups.c: the wished cgroups and those on the way to them; and what of the
 * v2 tree a rootless caller may manage. */
void host_find_cgroups(struct host_work *w);
void host_find_delegated(struct host_work *w);

/* host_files.c: control files that exist only sometimes. */
void host_find_files(struct host_work *w);

#endif
