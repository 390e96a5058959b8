/* SPDX-License-Identifier: Apache-2.0 */
/*
 * undo - take the steps of a record back, last first
 */
#include "hook/undo.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hook/cgpath.h"
#include "hook/drain.h"
#include "hook/log.h"
#include "hook/procs.h"
#include "hook/undo_files.h"
#include "hook/undo_processes.h"
#include "hook/undo_unit.h"
#include "hook/undo_value.h"

/* What an undo may take, when the time of its setup is over. */
enum { GRANT_MS = 10000 };

/* --- controllers --- */

/* The children of a group on the way, without the one that leads to the target. */
static int count_others(size_t *ret, const struct undo *u, const char *path, struct error *e)
{
	size_t depth = cgpath_depth(path) + 1, n = 0;
	const char **names = NULL;
	const char *ours;
	int r;

	*ret = 0;
	ours = cgpath_name(cgpath_head(u->arena, u->record->path, depth));
	r = cgroupfs_children(&names, &n, u->fs, "", path, e);
	for (size_t i = 0; r == 0 && i < n; i++)
		*ret += strcmp(names[i], ours) != 0;
	return r < 0 ? -1 : 0;
}

/*
 * Controllers that we enabled are disabled again only while no other group lives
 * below: its limits would vanish with the controller. If one appears in this very
 * moment, they are enabled again.
 */
static int disable(const struct undo *u, const struct record_step *s, struct error *e)
{
	const char *minus = undo_disabled(s->step.value, s->old ? s->old : "", u->arena);
	const char *plus;
	size_t others;

	/* A slice that systemd made for the scope stays. */
	if ((s->fresh && u->record->manager != MANAGER_SYSTEMD) || !*minus)
		return 0;
	if (count_others(&others, u, s->step.path, e) < 0)
		return -1;
	if (others)
		return 0;
	if (cgroupfs_write(u->fs, "", s->step.path, s->step.file, minus, e) < 0) {
		/* Somebody below relies on it, or the group is gone. */
		if (e->os != EBUSY && e->os != ENOENT && e->os != ENODEV)
			return -1;
		log_debug("%s", e->text);
		return 0;
	}
	if (count_others(&others, u, s->step.path, e) < 0)
		return -1;
	if (!others)
		return 0;
	plus = undo_enabled(minus, u->arena);
	return cgroupfs_write(u->fs, "", s->step.path, s->step.file, plus, e);
}

/* --- directories --- */

void undo_drop_filter(const struct undo *u, const char *controller, const char *path)
{
	if (!*controller && u->record->has_devices && record_version(u->record, "devices") == 2)
		devfilter_drop(u->fs, path);
}

/* The shared parents that vmcg made, ours or another container's, once they are empty. */
static int remove_parents(const struct undo *u, const char *controller, const char *path,
			  struct error *e)
{
	for (const char *at = cgpath_parent(u->arena, path); at && strcmp(at, "/") != 0;
	     at = cgpath_parent(u->arena, at)) {
		int r = cgroupfs_marked(u->fs, controller, at, NULL, e);

		if (r == 0)
			r = cgroupfs_rmdir(u->fs, controller, at, e);
		else if (r > 0)
			return 0;
		/* Busy: it is another container's now. */
		if (r < 0)
			return e->os == EBUSY || e->os == ENOTEMPTY ? 0 : -1;
	}
	return 0;
}

/* Neither processes nor children, so far as can be told. */
static bool is_empty(const struct undo *u, const char *controller, const char *path)
{
	const char **names;
	int64_t *pids;
	size_t n = 0;

	return cgroupfs_procs(&pids, &n, u->fs, controller, path, NULL) == 0 && n == 0 &&
	       cgroupfs_children(&names, &n, u->fs, controller, path, NULL) == 0 && n == 0;
}

static int remove_target(const struct undo *u, const struct record_step *s, struct error *e)
{
	const char *controller = s->step.controller, *path = s->step.path;

	switch (cgroupfs_marked(u->fs, controller, path, u->record->id, e)) {
	case -1: return -1;
	case CGROUPFS_ABSENT: break;
	case CGROUPFS_FOREIGN:
		/* Made by another since, or we died between making and marking it: an empty
		 * one goes, anything else is not ours. */
		cgroupfs_rmdir(u->fs, controller, path, NULL);
		break;
	default:
		/* Mostly nobody but the VM is inside, or nobody at all. */
		if (undo_drain_vm(u, controller, path, e) < 0)
			return -1;
		if (!is_empty(u, controller, path) &&
		    undo_empty(u, controller, path, DRAIN_TREE, e) < 0)
			return -1;
		undo_drop_filter(u, controller, path);
		if (drain_remove(u->fs, controller, path, e) < 0)
			return -1;
	}
	return remove_parents(u, controller, path, e);
}

static int remove_directory(const struct undo *u, const struct record_step *s, struct error *e)
{
	int marked;

	if (!s->fresh)
		return 0;
	if (undo_is_own_target(u, s->step.path))
		return remove_target(u, s, e);
	/* A parent that is not vmcg's stays, and one that others use by now stays as well. After
	 * a setup that died between making one and marking it, an empty one is ours. */
	marked = cgroupfs_marked(u->fs, s->step.controller, s->step.path, NULL, e);
	if (marked < 0 || marked == CGROUPFS_ABSENT || (marked == CGROUPFS_FOREIGN && !u->rollback))
		return marked < 0 ? -1 : 0;
	if (cgroupfs_rmdir(u->fs, s->step.controller, s->step.path, e) >= 0 || e->os == EBUSY ||
	    e->os == ENOTEMPTY)
		return 0;
	return -1;
}

/* --- devices --- */

/* Adopt: the group goes with its container. One of the same name is a later container's, whose
 * filter is not to become the former one's. 1: it has ended. */
static int container_ended(const struct record *r, struct error *e)
{
	struct held_process init;
	int got;

	if (r->mode != MODE_ADOPT)
		return 0;
	got = procs_hold_known(&init, &r->init, e);
	procs_release(&init);
	return got == PROCS_ENDED ? 1 : got;
}

/* What the first setup saw, where a change of it goes back. */
static const char *first_look(const struct undo *u, const struct record_step *s)
{
	const struct record_step *known =
	    u->partial && u->stored ? record_devices(u->stored, &s->step) : NULL;

	return known ? known->old : s->old;
}

static int restore_filter(const struct undo *u, const struct record_step *s, struct error *e)
{
	struct devfilter_past past = {.old = s->old,
				      .adopted = u->record->mode == MODE_ADOPT,
				      .first = first_look(u, s),
				      .partial = u->partial,
				      .policy = &u->record->devices,
				      .denied = &u->record->denied,
				      .former = u->record->has_former ? &u->record->former : NULL,
				      .before = &u->record->before,
				      .before_denied = &u->record->former_denied};
	int ended;

	if (s->fresh || !s->old)
		return 0;
	ended = container_ended(u->record, e);
	if (ended)
		return ended < 0 ? -1 : 0;
	for (size_t i = 0; i < u->n_filters; i++)
		if (strcmp(u->filters[i].path, s->step.path) == 0)
			past.replaced = &u->filters[i];
	return devfilter_restore(u->fs, record_version(u->record, s->step.controller), s->step.path,
				 &past, e);
}

/* --- the whole --- */

static int undo_step(const struct undo *u, const struct record_step *s, struct error *e)
{
	switch (s->step.op) {
	case PLAN_MKDIR: return remove_directory(u, s, e);
	case PLAN_ENABLE: return disable(u, s, e);
	case PLAN_DEVICES: return restore_filter(u, s, e);
	case PLAN_PLACE: return undo_place(u, s, e);
	case PLAN_WRITE: return undo_value_of(u, s, e);
	case PLAN_INHERIT: return undo_cpuset(u, s, e);
	case PLAN_START: return undo_start(u, s, e);
	case PLAN_SET: /* first of all: undo_units */
	case PLAN_VERIFY:
	case PLAN_CHECK:
	case PLAN_AFFINITY: break;
	}
	return 0;
}

/* What a group hands down to those below it can be taken back when they are gone. */
static bool is_handed_down(const struct record_step *s)
{
	return s->step.op == PLAN_ENABLE || s->step.op == PLAN_INHERIT;
}

/* All steps of a range whose effect is handed down, or all others. */
static int undo_kind(const struct undo *u, size_t first, size_t end, bool handed_down,
		     struct error *e)
{
	struct error each;
	int result = 0;

	for (size_t i = end; i-- > first;) {
		const struct record_step *s = &u->record->steps[i];

		if (is_handed_down(s) != handed_down || undo_step(u, s, &each) == 0)
			continue;
		log_debug("undo of %s %s: %s", plan_op_name[s->step.op], s->step.path, each.text);
		if (result == 0 && e)
			*e = each;
		result = -1;
	}
	if (result < 0 && e)
		e->kind = ERROR_UNDO;
	return result;
}

/* Controllers are disabled and cpusets emptied last: while a group of ours is below the kernel
 * answers EBUSY, and a process that could not be moved out keeps its limits. */
static int undo_range(const struct undo *u, size_t first, size_t end, struct error *e)
{
	if (undo_kind(u, first, end, false, e) < 0)
		return -1;
	return undo_kind(u, first, end, true, e);
}

/* Changing a unit makes systemd write all of its files, so its properties go back before them. */
static int undo_units(struct undo *u, struct error *e)
{
	for (size_t i = u->first; i < u->end; i++) {
		const struct record_step *s = &u->record->steps[i];
		int ended;

		if (s->step.op != PLAN_SET || !s->old || !s->set)
			continue;
		ended = container_ended(u->record, e);
		if (ended > 0)
			continue;
		if (ended == 0)
			u->before = undo_look_before(u);
		if (ended < 0 || undo_set(u, s, e) < 0) {
			e->kind = ERROR_UNDO;
			return -1;
		}
	}
	return 0;
}

int undo_steps(struct undo *u, size_t first, size_t end, struct error *e)
{
	struct error unit = {0};
	int r, r_unit;

	if (end > u->record->n_steps)
		end = u->record->n_steps;
	u->first = first;
	u->end = end;
	undo_look_for_processes(u);
	if (u->systemd)
		systemd_grant(u->systemd, GRANT_MS);
	r_unit = undo_units(u, &unit);
	if (undo_rest(u, &unit) < 0)
		r_unit = -1;
	r = undo_range(u, first, end, e);
	/* Two values can stand in each other's way (memory and memory+swap): what failed may
	 * go now that the rest is done. */
	if (r < 0)
		r = undo_range(u, first, end, e);
	if (r_unit < 0 && r == 0 && e) {
		*e = unit;
		e->kind = ERROR_UNDO;
	}
	undo_release_processes(u);
	return r_unit < 0 ? r_unit : r;
}
