/* SPDX-License-Identifier: Apache-2.0 */
/*
 * procfs - the texts of /proc, parsed
 *
 * Pure: the bytes come from whoever read them. where names the file, for
 * messages ("/proc/42/cgroup"). A text that the kernel would not write is
 * ERROR_HOST with the line's number; results live in the arena.
 */
#ifndef VMCG_HOOK_PROCFS_H
#define VMCG_HOOK_PROCFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "oci/arena.h"
#include "oci/error.h"

/* A line of /proc/PID/cgroup: the cgroup of a process in one hierarchy. */
struct procfs_cgroup {
	const char **names; /* "cpu", "cpuacct"; "name=systemd"; "unified" for the v2 line */
	size_t n_names;
	const char *path;
	bool deleted; /* the group is gone; path is without the kernel's " (deleted)" */
};

int procfs_parse_cgroup(struct procfs_cgroup **ret, size_t *ret_n, struct arena *a,
			const char *text, size_t len, const char *where, struct error *e);

/* The line of the hierarchy with this name; NULL when there is none. */
const struct procfs_cgroup *procfs_find_cgroup(const struct procfs_cgroup *lines, size_t n,
					       const char *name);

/* The start of /proc/PID/stat. */
struct procfs_stat {
	int64_t pid, ppid;
	const char *comm;
	char state;     /* 'Z' zombie, 'X' dead */
	uint64_t start; /* field 22: clock ticks since boot */
};

int procfs_parse_stat(struct procfs_stat *ret, struct arena *a, const char *text, size_t len,
		      const char *where, struct error *e);

/* Tgid of /proc/PID/status: the process a thread belongs to. */
int procfs_parse_tgid(int64_t *ret, const char *text, size_t len, const char *where,
		      struct error *e);

/* A cgroup mount of /proc/self/mountinfo. */
struct procfs_mount {
	const char *point, *root; /* escapes decoded */
	bool v2;
	bool noprefix;      /* v1: cpuset's files are called "cpus" and "mems" */
	const char **names; /* v1: what is neither a flag nor an option; v2: "unified" */
	size_t n_names;
};

/* The cgroup mounts in their order; other mounts are skipped. */
int procfs_parse_mountinfo(struct procfs_mount **ret, size_t *ret_n, struct arena *a,
			   const char *text, size_t len, const char *where, struct error *e);

/* Does the text of /proc/self/uid_map say that this is the initial user namespace?
 * (All 2^32 - 1 users, each as itself.) */
bool procfs_uid_map_is_initial(const char *text, size_t len);

/* The number that a user of this namespace has outside of it; -1: none, or the text is no map. */
int64_t procfs_uid_outside(const char *text, size_t len, int64_t uid);

#endif
