/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unitplan_work - what the parts of the systemd plan hand to each other
 *
 * Internal to unitplan*.c. A conversion looks at the steps as they were composed
 * (steps), because one property can stand for two files; what becomes of each
 * step is written to the plan.
 */
#ifndef VMCG_HOOK_UNITPLAN_WORK_H
#define VMCG_HOOK_UNITPLAN_WORK_H

#include "hook/unitplan.h"

struct unitplan_work {
	struct plan *plan;
	const struct unitplan_input *in;
	const struct facts *facts;
	struct arena *arena;
	bool own;
	bool starting;    /* own, and the unit is not there yet */
	int version;      /* of cgroups, as systemd takes this host: 1 unless unified */
	uint64_t systemd; /* version; a current one where it is not known */
	const struct plan_step *steps; /* as they were composed */
	size_t n_steps;
	struct unit_properties limits;
};

enum {
	UNITPLAN_E_FILE = 1, /* no property for this value: the file is written */
};

/* A control file that systemd has a property for. */
struct unitplan_row {
	int version;
	const char *file;
	const char *property;  /* the one that its versions are about */
	uint64_t since, until; /* the first systemd with it, the first without; 0: all, none */
	const char *at_rest;   /* what systemd leaves in the file when the unit says nothing */
	bool start_only;       /* cannot be changed while the unit runs */
	bool lines;            /* each write is a line of its own, and none replaces another */
	/*
	 * Property from a step; *ret is what systemd will write to the file, NULL: nothing
	 * that is not said by another step. UNITPLAN_E_FILE, ERROR_INPUT, ERROR_HOST.
	 */
	int (*convert)(struct unitplan_work *w, const struct unitplan_row *row,
		       const struct plan_step *s, const char **ret, struct error *e);
};

/* --- unitplan.c --- */

/* Does this systemd have what came with since and went with until (0: none)? */
bool unitplan_has(const struct unitplan_work *w, uint64_t since, uint64_t until);

/* Append a property without a value. */
struct unit_property *unitplan_add(struct unit_properties *list, struct arena *a, const char *name,
				   const char *type, const char *why);

/* The property of that name among the limits, emptied of a scalar and a reason that an earlier
 * step gave it; made when it is not there. */
struct unit_property *unitplan_limit(struct unitplan_work *w, const char *name, const char *type,
				     const char *why);

/* An element of an array property: replaces that of the same key. */
void unitplan_limit_item(struct unitplan_work *w, const char *name, const char *key,
			 uint64_t number, const char *why);

/* --- unitplan_limits.c --- */

/* Turn what the plan writes to the target into properties. */
int unitplan_limits(struct unitplan_work *w, struct error *e);

/* Is this a write to a file of the target, in the version that systemd manages? */
bool unitplan_writes(const struct unitplan_work *w, const struct plan_step *s, const char *file);

/* The last such write as it was composed; NULL when there is none. */
const struct plan_step *unitplan_last(const struct unitplan_work *w, const char *file);

/* A copy of a value without blanks around it. */
const char *unitplan_trim(const struct unitplan_work *w, const char *value);

/* --- unitplan_cpu.c, unitplan_io.c: conversions --- */
int unitplan_cpu_weight(struct unitplan_work *w, const struct unitplan_row *row,
			const struct plan_step *s, const char **ret, struct error *e);
int unitplan_cpu_idle(struct unitplan_work *w, const struct unitplan_row *row,
		      const struct plan_step *s, const char **ret, struct error *e);
int unitplan_cpu_max(struct unitplan_work *w, const struct unitplan_row *row,
		     const struct plan_step *s, const char **ret, struct error *e);
int unitplan_cfs(struct unitplan_work *w, const struct unitplan_row *row, const struct plan_step *s,
		 const char **ret, struct error *e);
int unitplan_io_weight(struct unitplan_work *w, const struct unitplan_row *row,
		       const struct plan_step *s, const char **ret, struct error *e);
int unitplan_io_max(struct unitplan_work *w, const struct unitplan_row *row,
		    const struct plan_step *s, const char **ret, struct error *e);
int unitplan_bfq_v1(struct unitplan_work *w, const struct unitplan_row *row,
		    const struct plan_step *s, const char **ret, struct error *e);

/* --- unitplan_devices.c --- */

/* The device policy in systemd's words: for a new unit (own) all of it, for the runtime's
 * what is to be added to its list. ERROR_HOST. */
int unitplan_devices(struct unitplan_work *w, struct unit_properties *list, struct error *e);

#endif
