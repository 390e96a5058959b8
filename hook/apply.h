/* SPDX-License-Identifier: Apache-2.0 */
/*
 * apply - carry out a plan, remember how to take it back
 *
 * How it works. apply_look reads what every step will overwrite into the record,
 * touching nothing. The caller saves the record ("intent"). apply_run then takes
 * the steps in order; the first failure ends the run, and everything is undone.
 *
 * Needs:  a sorted plan as a record, the lock of its id, the VM process held.
 * Leaves: every step done; or the host as it was (exit code 5); or code 6 and
 *         the record, from which destroy or the next setup finishes the undo.
 * Never:  invents a value, kills a process, touches a group that the plan does
 *         not name.
 */
#ifndef VMCG_HOOK_APPLY_H
#define VMCG_HOOK_APPLY_H

#include "hook/cgroupfs.h"
#include "hook/devfilter.h"
#include "hook/procs.h"
#include "hook/record.h"
#include "hook/store.h"
#include "hook/systemd.h"

struct apply {
	struct arena *arena;
	struct cgroupfs *fs;
	struct record *record;
	const struct held_process *held; /* the processes that are placed: the VM mostly, or none */
	size_t n_held;
	struct store *store;   /* with "set" on a live container: where its record is; else NULL */
	struct record *stored; /* and the record in it */
	struct systemd *systemd;                  /* for the steps "start" and "set"; else NULL */
	const struct unit_properties *properties; /* what the unit is to have */
	const struct unit_properties *unwanted;   /* adopt: what its lists must not hold; or NULL */
	struct unit_properties change;            /* "set": those that it lacks */
	const uint32_t *programs; /* "set": the device programs of the target before it */
	size_t n_programs;
	bool refused; /* the first step that would touch anything found that it must not */
	uint64_t page_size;
	bool *given_up;            /* by step: EOPNOTSUPP, and the twin has still to answer */
	struct devfilter *filters; /* what replaced device programs looked like before */
	size_t n_filters;
	bool partial; /* the steps change a finished setup */
	size_t done;  /* the step it is at */
};

/* Fill in fresh and old of every step of the record. ERROR_HOST. */
int apply_look(struct apply *ap, struct error *e);

/* Take the steps from ap->first on. On failure everything is undone again:
 * ERROR_FAILED (or the refusal's own kind when nothing was touched), ERROR_UNDO. */
int apply_run(struct apply *ap, struct error *e);

/* After apply_run: take back all that it did, for the reason that e tells; -1, as apply_run. */
int apply_undo(struct apply *ap, struct error *e);

/* The cgroup version that a step's controller belongs to here: 1 or 2. */
int apply_version(const struct apply *ap, const struct plan_step *s);

/* The process that a step names; NULL: none that is held. */
const struct held_process *apply_process(const struct apply *ap, const struct plan_step *s);

/* It has ended: ERROR_FAILED. */
int apply_process_gone(const struct apply *ap, const struct plan_step *s, struct error *e);

/* --- the kinds of steps; each takes one, ERROR_FAILED --- */

int step_check(struct apply *ap, struct record_step *s, struct error *e); /* step_check.c */
int step_mkdir(struct apply *ap, struct record_step *s, struct error *e); /* step_group.c */
int step_enable(struct apply *ap, struct record_step *s, struct error *e);
int step_inherit(struct apply *ap, struct record_step *s, struct error *e);
int step_write(struct apply *ap, struct record_step *s, struct error *e); /* step_write.c */
int step_place(struct apply *ap, struct record_step *s, struct error *e); /* step_place.c */
int step_affinity(struct apply *ap, struct record_step *s, struct error *e);
int step_devices(struct apply *ap, struct record_step *s, struct error *e); /* step_devices.c */
int step_start(struct apply *ap, struct record_step *s, struct error *e);   /* step_unit.c */
int step_set_look(struct apply *ap, struct record_step *s, struct error *e);
int step_set(struct apply *ap, struct record_step *s, struct error *e);
int step_verify(struct apply *ap, struct record_step *s, struct error *e);

#endif
