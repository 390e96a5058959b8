/* SPDX-License-Identifier: Apache-2.0 */
/*
 * undo_files - control files as they were before setup
 */
#include "hook/undo_files.h"

#include <string.h>

#include "hook/cgpath.h"
#include "hook/log.h"
#include "hook/quirks.h"
#include "hook/undo_value.h"

/*
 * What is to stand there again. Mostly the value of before setup; after a change of the unit, which
 * made systemd write all files, what somebody else had put there since.
 */
static const char *former_value(const struct undo *u, const struct record_step *s, int version)
{
	const char *before = u->before ? u->before[s - u->record->steps] : NULL;

	/* A setup that did not get here, or an undo that did not: nobody else's value. */
	if (!before || u->record->status != RECORD_APPLIED ||
	    quirks_same(version, s->step.file, s->step.value, before, u->page_size))
		return s->old;
	return before;
}

/* Did we write what stands there? A change that was killed may not have got to its value. */
static bool is_ours(const struct undo *u, const struct record_step *s, int version,
		    const char *live)
{
	return quirks_same(version, s->step.file, s->step.value, live, u->page_size) ||
	       (s->prior && quirks_same(version, s->step.file, s->prior, live, u->page_size));
}

int undo_value_of(const struct undo *u, const struct record_step *s, struct error *e)
{
	int version = record_version(u->record, s->step.controller);
	const struct quirk *q = quirks_find(version, s->step.file);
	const char *live, *value, *former;
	int r;

	if (s->fresh || !s->old)
		return 0;
	if (!u->before && !s->prior &&
	    quirks_same(version, s->step.file, s->step.value, s->old, u->page_size))
		return 0;
	former = former_value(u, s, version);
	value = undo_value(q ? q->readback : READBACK_TEXT, s->step.file, s->step.value, former,
			   u->arena);
	if (!value)
		return 0;
	r = cgroupfs_read(&live, u->fs, s->step.controller, s->step.path, s->step.file, e);
	if (r)
		return r < 0 ? -1 : 0;
	/* Only while it is ours: what somebody changed since is theirs. What systemd has just
	 * written is nobody's. */
	if (u->before ? quirks_same(version, s->step.file, former, live, u->page_size)
		      : !is_ours(u, s, version, live))
		return 0;
	return cgroupfs_write(u->fs, s->step.controller, s->step.path, s->step.file, value, e);
}

/* A v1 cpuset that was there and empty: empty again, unless others rely on what filled it. */
int undo_cpuset(const struct undo *u, const struct record_step *s, struct error *e)
{
	const char *parent = cgpath_parent(u->arena, s->step.path);
	const char *live, *filled = s->step.value;
	int r = 0;

	if (s->fresh || !s->old || *s->old)
		return 0;
	/* A setup that was killed did not get to record what it filled it with. */
	if (!filled)
		r = cgroupfs_read(&filled, u->fs, s->step.controller, parent, s->step.file, e);
	if (r == 0)
		r = cgroupfs_read(&live, u->fs, s->step.controller, s->step.path, s->step.file, e);
	if (r || !*live || strcmp(live, filled) != 0)
		return r < 0 ? -1 : 0;
	/* A write of no bytes is no write. */
	if (cgroupfs_write(u->fs, s->step.controller, s->step.path, s->step.file, "\n", e) < 0)
		log_debug("%s", e->text);
	return 0;
}

/* --- after a change of the unit --- */

/* What the files hold, before systemd writes over them; NULL where there is none. */
const char **undo_look_before(const struct undo *u)
{
	const char **before = arena_alloc(u->arena, (u->record->n_steps + 1) * sizeof(*before));

	for (size_t i = 0; i < u->record->n_steps; i++) {
		const struct plan_step *s = &u->record->steps[i].step;

		before[i] = NULL;
		if (s->op == PLAN_WRITE &&
		    cgroupfs_read(&before[i], u->fs, s->controller, s->path, s->file, NULL) != 0)
			before[i] = NULL;
	}
	return before;
}

/* The files that setup did not get to: systemd wrote them as well. */
int undo_rest(const struct undo *u, struct error *e)
{
	struct error each;
	int result = 0;

	for (size_t i = u->end; u->before && i < u->record->n_steps; i++) {
		if (u->record->steps[i].step.op != PLAN_WRITE ||
		    undo_value_of(u, &u->record->steps[i], &each) == 0)
			continue;
		if (result == 0 && e)
			*e = each;
		result = -1;
	}
	return result;
}
