/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host - host facts from /proc, /sys and /dev
 *
 * Reads and looks, nothing else: openat, read, close, fstat and its kin, statfs,
 * readlink, getdents. Nothing is written and nothing is executed, so it runs
 * under a filter that forbids both.
 */
#ifndef VMCG_HOOK_HOST_H
#define VMCG_HOOK_HOST_H

#include "hook/facts.h"

/* What a directory is: the part of statfs and stat that matters here. */
struct host_look {
	uint64_t magic;    /* type of the file system it is on */
	uint64_t dev, ino; /* cgroupfs: ino is 1 at the root of a hierarchy */
	uint64_t children; /* child directories */
};

/* What the caller wants to know. Everything but the layout costs time, so a
 * stage asks for what its plan needs; `vmcg host` asks for all. */
struct host_wishes {
	const char *prefix; /* before /proc, /sys, /dev and /run; NULL or "": none. For tests */
	/* Looks at a directory: 0, or an errno. NULL: statfs and stat. Tests lay out
	 * plain directories, which no statfs would call a cgroup. */
	int (*look)(const char *path, struct host_look *ret);

	const char *const *cgroups; /* clean paths; each and its ancestors are looked up */
	size_t n_cgroups;
	bool init_cgroups; /* also the cgroups that the init process is in */

	const char *const *devices; /* "/dev/kvm" */
	size_t n_devices;

	const int64_t *pids; /* processes to describe; a thread's id means its process */
	size_t n_pids;
	int64_t init; /* the one of them that is state.pid; 0: none */
	bool kvm;     /* also, which of them holds a KVM VM: their descriptors are looked at */

	/* Controllers whose sometimes-existing control files are looked for; ignored
	 * with all_files. */
	const char *const *controllers;
	size_t n_controllers;
	bool all_files;
};

/*
 * Fill in the facts. Strings live in the arena. systemd is 1 when it runs: its
 * version is known only over D-Bus. ERROR_HOST: no cgroup mount can be used, a
 * process is gone, a file of /proc cannot be read.
 */
int host_probe(struct facts *ret, struct arena *a, const struct host_wishes *w, struct error *e);

/*
 * More of the same into facts that host_probe filled: the wished cgroups, devices
 * and files, for a caller who can name them only after it has seen the processes.
 * w->pids is not looked at again.
 */
int host_extend(struct facts *f, struct arena *a, const struct host_wishes *w, struct error *e);

#endif
