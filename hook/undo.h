/* SPDX-License-Identifier: Apache-2.0 */
/*
 * undo - take the steps of a record back, last first
 *
 * Serves the rollback of a failed setup and the teardown of a finished one, and
 * goes by the live state: a value is put back only while it is still ours, a
 * directory is removed only when it is marked as ours, what is gone already is
 * fine. So it can be repeated, and it finishes what a kill -9 left.
 */
#ifndef VMCG_HOOK_UNDO_H
#define VMCG_HOOK_UNDO_H

#include "hook/cgroupfs.h"
#include "hook/devfilter.h"
#include "hook/drain.h"
#include "hook/procs.h"
#include "hook/record.h"
#include "hook/store.h"
#include "hook/systemd.h"

struct undo_process {
	struct held_process held;
	struct facts_process now; /* where it is */
};

struct undo {
	struct arena *arena;
	struct cgroupfs *fs;
	const struct record *record;
	uint64_t page_size;
	const struct devfilter *filters; /* rollback: replaced programs that are still held */
	size_t n_filters;
	struct systemd *systemd; /* NULL: not reachable, or not needed */
	struct store *store;     /* where the record is while its container lives; else NULL */
	struct record *stored;   /* and the record in it */
	bool rollback;           /* setup failed: never kill, the VM ran before it and goes on */
	bool partial;            /* a change of a finished setup, whose VM stays where it is */
	/* undo_steps fills these in: */
	struct undo_process *processes; /* of the record, those that still live */
	size_t n_processes;
	size_t first, end; /* the steps that are undone */
	const char *
	    *before; /* systemd has just written the unit's files: what they held, by step */
};

/*
 * Undo the steps from first to before end (all: 0, SIZE_MAX), last first. Goes on
 * after a failure, tries what failed once more, and reports the first: ERROR_UNDO.
 */
int undo_steps(struct undo *u, size_t first, size_t end, struct error *e);

/* Move the processes of a group out of it, each to where it came from; or kill them, where policy
 * says so. ERROR_UNDO. */
int undo_empty(const struct undo *u, const char *controller, const char *path,
	       enum drain_depth depth, struct error *e);

/* Take our device program off a group that goes, once nobody is in it. */
void undo_drop_filter(const struct undo *u, const char *controller, const char *path);

#endif
