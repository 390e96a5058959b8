/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan - the ordered list of steps that setup takes, as a value
 *
 * Built without touching anything; printed (`vmcg plan`), applied (apply.c),
 * recorded and undone (record.c). Every step carries why: a JSON pointer into
 * config.json, or the rule it comes from.
 *
 * Limits. Facts age between plan and apply: apply checks again and fails, it
 * never improvises. Values that only the kernel knows (the parent's cpuset) are
 * steps of their own kind.
 */
#ifndef VMCG_HOOK_PLAN_H
#define VMCG_HOOK_PLAN_H

#include "hook/devrules.h"
#include "hook/facts.h"
#include "hook/unitprop.h"

enum plan_op {
	PLAN_CHECK,    /* file, value: refuse when the sum of the files named in file (blank-
			* separated) exceeds value (bytes); a missing file is no check */
	PLAN_MKDIR,    /* make the directory, unless it is there */
	PLAN_ENABLE,   /* file cgroup.subtree_control, value "+cpu +memory" */
	PLAN_INHERIT,  /* v1 cpuset: file, copied from the parent when still empty */
	PLAN_DEVICES,  /* bring the device filter of path to the plan's policy */
	PLAN_PLACE,    /* file cgroup.procs, value the pid */
	PLAN_AFFINITY, /* value the pid: reset the affinity of its threads to the cpuset */
	PLAN_WRITE,    /* file, value */
	PLAN_START,    /* value the unit: start the transient scope with the plan's properties */
	PLAN_SET,      /* value the unit: give the runtime's unit the properties that it lacks */
	PLAN_VERIFY,   /* file, value: systemd was told to, and this must be what stands there */
};

extern const char *const plan_op_name[];

/* The order of a plan: all steps of one phase come before those of the next;
 * within a phase the order in which they were added stands. */
enum plan_phase {
	PHASE_CHECK,   /* what must hold before anything is touched */
	PHASE_CREATE,  /* directories and enabling, parents first */
	PHASE_PRETASK, /* cpuset, v1 real-time, devices: before a task can enter */
	PHASE_PLACE,
	PHASE_LIMITS,
	PHASE_UNIFIED, /* linux.resources.unified, in document order */
};

struct plan_step {
	enum plan_phase phase;
	enum plan_op op;
	const char *controller; /* v1: the controller; v2: the prefix of the file's name, or "" */
	const char *path;       /* cgroup, within the hierarchy */
	const char *file;       /* NULL where the op has none */
	const char *value;      /* NULL where the op has none; written in one write(2) */
	const char *why;
};

enum manager { MANAGER_CGROUPFS, MANAGER_SYSTEMD };
enum mode { MODE_OWN, MODE_ADOPT };

extern const char *const manager_name[];
extern const char *const mode_name[];

struct plan {
	struct arena *arena; /* owns everything below; not owned by the plan */
	enum layout layout;
	enum manager manager;
	enum mode mode;
	const char *path;                  /* the target cgroup */
	const char *unit, *slice;          /* systemd manager; else NULL */
	struct unit_properties properties; /* the unit's; systemd manager */
	struct unit_properties unwanted;   /* adopt: what its lists must not hold */
	struct plan_step *steps;
	size_t n_steps;
	bool has_devices; /* false: the device filter is left alone */
	struct device_policy devices;
	struct device_policy denied; /* what policy denies (default allow, these excepted): adopt
				      * extends lists that others made, and takes these out */
	const char **warnings;
	size_t n_warnings;
	const char **notes; /* warnings that most hosts live with: printed, but not worth a log line
			     * at every start of a VM */
	size_t n_notes;
};

/* Append a step; strings are borrowed and must live as long as the plan. */
void plan_add(struct plan *p, enum plan_phase phase, enum plan_op op, const char *controller,
	      const char *path, const char *file, const char *value, const char *why);

/* Append a warning: one line, no full stop. */
void plan_warn(struct plan *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The same for what most hosts live with. */
void plan_note(struct plan *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Bring the steps into phase order, stable within a phase. */
void plan_sort(struct plan *p);

/* The stable JSON form (pretty, newline at the end), and the form for people. */
void plan_json(const struct plan *p, struct text *out);
void plan_text(const struct plan *p, struct text *out);

#endif
