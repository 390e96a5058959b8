/* SPDX-License-Identifier: Apache-2.0 */
/*
 * planner - what the translations of linux.resources share
 *
 * Each controller has a file with one function, X_plan(): typed wishes in,
 * steps out, for v1 and v2. They decide per controller, because a hybrid host
 * has some on v1 and some on v2.
 */
#ifndef VMCG_HOOK_PLANNER_H
#define VMCG_HOOK_PLANNER_H

#include "hook/plan.h"
#include "oci/resources.h"

struct planner {
	const struct facts *facts;
	struct plan *plan;
	const struct oci_resources *resources;
	const char *path;    /* the target cgroup, where limits go */
	bool fresh;          /* the target does not exist yet: no old value can be in the way */
	bool lenient;        /* rootless without "require": what is not delegated is a warning */
	const char **needed; /* v2 controllers that steps rely on, each once */
	size_t n_needed;
	const char **skipped; /* controllers a rootless warning was given for */
	size_t n_skipped;
};

/*
 * The cgroup version that has the controller: 1 or 2, and it is noted as needed.
 * 0: not delegated to a rootless caller, who was warned; skip the field.
 * -1: ERROR_HOST naming field and controller. why is the field's JSON pointer.
 */
int planner_version(struct planner *p, const char *controller, const char *why, struct error *e);

/* How a field of the config counts when its controller is looked up. */
enum planner_wish_kind {
	WISH_ABSENT,  /* not in the config */
	WISH_NOTHING, /* asks for nothing (-1, idle 0, ...): fine without it */
	WISH_REAL,
};

struct planner_wish {
	const char *field; /* "memory/limit" */
	enum planner_wish_kind kind;
};

/*
 * The same for a controller that several fields share. 0 also when none of them
 * is in the config, or when the controller is missing and none is WISH_REAL:
 * there is nothing to add then.
 */
int planner_version_of(struct planner *p, const char *controller, const struct planner_wish *wishes,
		       size_t n, struct error *e);

/* Add a PLAN_WRITE step for the target; value is printf-formatted into the arena. */
void planner_write(struct planner *p, enum plan_phase phase, const char *controller,
		   const char *file, const char *why, const char *fmt, ...)
    __attribute__((format(printf, 6, 7)));

/* The JSON pointer of a field: planner_why(p, "memory/limit") is "/linux/resources/memory/limit".
 */
const char *planner_why(struct planner *p, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* ERROR_INPUT: a value that is wrong everywhere. "POINTER: value V: reason". Returns -1. */
int planner_bad(const char *why, struct error *e, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* ERROR_HOST: a value that this host cannot have. Returns -1. */
int planner_unfit(const char *why, struct error *e, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The translations. Each reads p->resources, checks ranges, and adds steps. */
int cpu_plan(struct planner *p,
	     struct error *e); /* shares, quota, period, burst, idle, real-time */
int cpuset_plan(struct planner *p, struct error *e); /* cpus, mems */
int memory_plan(struct planner *p, struct error *e);
int pids_plan(struct planner *p, struct error *e);
int blkio_plan(struct planner *p, struct error *e);
int hugetlb_plan(struct planner *p, struct error *e);
int rdma_plan(struct planner *p, struct error *e);
int network_plan(struct planner *p, struct error *e);
int unified_plan(struct planner *p, struct error *e);

#endif
