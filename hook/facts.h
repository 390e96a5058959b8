/* SPDX-License-Identifier: Apache-2.0 */
/*
 * facts - what is known about the host, as one printable value
 *
 * Filled by host.c from /proc and /sys, or from the JSON that `vmcg host`
 * prints, so that a plan for any machine can be made on any other. Pure: this
 * file and its value know no descriptor. The JSON shape is documented in
 * vmcg-json(7) and stable.
 *
 * A hierarchy is named by its v1 controllers ("memory", "cpu", "name=systemd")
 * or "unified" for the v2 tree. A controller belongs to v1 when it has a mount
 * of its name, else to v2 when the unified tree lists it.
 */
#ifndef VMCG_HOOK_FACTS_H
#define VMCG_HOOK_FACTS_H

#include "oci/arena.h"
#include "oci/error.h"
#include "oci/json.h"
#include "oci/text.h"

enum layout { LAYOUT_LEGACY, LAYOUT_HYBRID, LAYOUT_UNIFIED };

extern const char *const layout_name[];

/* One name and where its hierarchy is mounted. Co-mounted controllers are
 * several entries with the same path. */
struct facts_mount {
	const char *name; /* "memory", "name=systemd", "unified" */
	const char *path; /* mount point */
	const char *root; /* what of the hierarchy the mount shows; "/" nearly always */
};

/* An existing cgroup on the way to the target. */
struct facts_cgroup {
	const char *path;         /* within the hierarchy, "/kubepods/pod1" */
	uint64_t procs, children; /* the largest number found in any hierarchy */
	const char **in;          /* names of the hierarchies (first mount name) that have it; */
	size_t n_in;              /* 0: all of them */
	/* v2 only, NULL elsewhere: */
	const char *type;            /* cgroup.type; NULL for the root */
	const char *controllers;     /* cgroup.controllers */
	const char *subtree_control; /* cgroup.subtree_control */
};

struct facts_device {
	const char *path; /* "/dev/kvm" */
	bool present;
	char type; /* 'b' or 'c' */
	int64_t major, minor;
	/* Of the node, when this host was looked at; not part of the JSON: */
	unsigned mode; /* permission bits */
	uint64_t uid, gid;
};

/* A process that the plan may talk about: the container's init, the VM. */
struct facts_process {
	int64_t pid;    /* thread group id */
	uint64_t start; /* field 22 of /proc/PID/stat, clock ticks since boot */
	const char *comm;
	bool kvm;  /* holds a descriptor of a KVM virtual machine */
	bool init; /* it is state.pid */
	struct facts_member {
		const char *hierarchy; /* "memory", "name=systemd", "unified" */
		const char *path;
	} * cgroups;
	size_t n_cgroups;
};

struct facts {
	enum layout layout;
	const char *kernel; /* uname -r */
	uint64_t page_size;
	const char *cpus, *mems; /* online, as lists: "0-3" */
	uint64_t systemd;        /* version, 0 when systemd does not run */
	struct facts_mount *mounts;
	size_t n_mounts;
	const char **controllers; /* of v1 mounts and of the unified root's cgroup.controllers */
	size_t n_controllers;
	const char **files; /* control files that exist here only sometimes */
	size_t n_files;
	struct facts_device *devices;
	size_t n_devices;
	struct facts_cgroup *cgroups;
	size_t n_cgroups;
	struct facts_process *processes;
	size_t n_processes;
	uint64_t euid;
	bool rootless;
	const char *delegated; /* rootless: the highest v2 cgroup the caller may manage, or NULL */
};

/* 1 or 2: the cgroup version that has this controller here; 0: none. "devices"
 * and "freezer" are always there on a v2 tree. */
int facts_version(const struct facts *f, const char *controller);

/* The mount of a hierarchy by the name of a controller (or "unified", "name=systemd",
 * "": the unified tree); NULL when it is not here. */
const struct facts_mount *facts_mount(const struct facts *f, const char *controller);

/* Is mount i the first with its path? Co-mounted controllers are one directory. */
bool facts_first_of_mount(const struct facts_mount *mounts, size_t i);

/* Does a blank-separated list (NULL: empty), as in cgroup.controllers, hold the n bytes of word? */
bool facts_lists(const char *list, const char *word, size_t n);

bool facts_has_file(const struct facts *f, const char *file);
const struct facts_device *facts_device(const struct facts *f, const char *path);
const struct facts_cgroup *facts_cgroup(const struct facts *f, const char *path);
const struct facts_process *facts_process(const struct facts *f, int64_t pid);

/* The path of a process in a hierarchy (facts_mount's names, "" too); NULL when unknown. */
const char *facts_process_path(const struct facts_process *p, const char *hierarchy);

/* JSON in (ERROR_INPUT; unknown names are refused) and out (pretty, newline at the end). */
int facts_parse(struct facts *ret, struct arena *a, const char *bytes, size_t len, struct error *e);
void facts_json(const struct facts *f, struct text *out);

/* The same for people. */
void facts_text(const struct facts *f, struct text *out);

#endif
