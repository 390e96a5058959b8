/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record - what was done for one container, enough to undo it without the bundle
 *
 * Pure: the value and its JSON. store.c keeps it on disk. A record is written
 * twice: "intent" before the first step, "applied" after the last. The undo is
 * decided by the live state, not by a flag per step, so a kill -9 in between
 * needs no further writing: what was not done yet is simply not there.
 */
#ifndef VMCG_HOOK_RECORD_H
#define VMCG_HOOK_RECORD_H

#include "hook/plan.h"

/* What is written, and the oldest that is read: version 1 had no resources, properties, added
 * processes or plugged devices. Such a record can be shown and taken down, not updated. */
enum { RECORD_VERSION = 2, RECORD_OLDEST = 1 };

/* "leaving": a teardown has begun to put values back; no setup may take it for finished. */
enum record_status { RECORD_INTENT, RECORD_APPLIED, RECORD_LEAVING };

extern const char *const record_status_name[];

struct record_step {
	struct plan_step step;
	bool fresh;        /* the group was not there before: it goes, with what is in it */
	const char *old;   /* what the file held before; NULL: nothing to put back */
	const char *set;   /* "set": the properties that were changed, and old is what they were */
	const char *prior; /* a value that another one took the place of, if that was not killed */
};

/* A device that was plugged into the running VM, with the numbers that its node had. */
struct record_plug {
	const char *path;
	char type; /* 'b' or 'c' */
	int64_t major, minor;
	const char *with; /* it came along with that one (a VFIO group's container); or NULL */
};

struct record {
	const char *id;
	enum record_status status;
	const char *boot;   /* boot id: cgroups do not survive a reboot */
	const char *bundle; /* may be NULL */
	int64_t created;    /* seconds since the epoch */
	enum layout layout;
	enum manager manager;
	enum mode mode;
	const char *path;
	const char *unit, *slice; /* NULL without the systemd manager */
	const char *tail;         /* adopt: as in struct target */
	bool kill;                /* teardown kills what is left instead of moving it */
	bool joined;              /* others were in the target before: only the VM is ours there */
	bool frozen;              /* v1: for the moment in which systemd writes the device list */
	struct facts_mount *mounts;
	size_t n_mounts;
	struct facts_process init; /* pid 0: unknown */
	struct facts_process vm;   /* with the cgroups it came from; pid 0: none yet */
	struct facts_process
	    *added; /* more processes that were placed, with where they came from */
	size_t n_added;
	bool has_resources;             /* no: a record of version 1 */
	struct oci_resources resources; /* linux.resources, with what updates changed */
	const char *properties;         /* the unit's, as JSON; NULL without the systemd manager */
	bool has_devices;
	struct device_policy devices; /* what the filter was brought to */
	struct device_policy denied;  /* adopt: what policy takes out of lists that others made */
	struct device_policy before;  /* adopt: what it was, as far as the config tells */
	bool has_former; /* the last change was of devices; should it have been killed */
	struct device_policy former, former_denied; /* what they were before it */
	struct record_plug *plugs;
	size_t n_plugs;
	struct record_step *steps;
	size_t n_steps;
};

void record_json(const struct record *r, struct text *out);

/* A record of a newer version, a damaged or a foreign one is ERROR_HOST: it names file. */
int record_parse(struct record *ret, struct arena *a, const char *file, const char *bytes,
		 size_t len, struct error *e);

/* The "devices" step for the group of another one; NULL: none. */
const struct record_step *record_devices(const struct record *r, const struct plan_step *like);

/* Is that what is on record of a process: the VM, or one that was added? NULL: of none. */
const struct facts_process *record_process(const struct record *r, int64_t pid);

/* The cgroup version that a step's controller belongs to: 1 or 2. */
int record_version(const struct record *r, const char *controller);

/* The plan's steps, target and unit as a record; the rest is filled in by setup. */
void record_from_plan(struct record *ret, const struct plan *p, const struct facts *f,
		      struct arena *a);

#endif
