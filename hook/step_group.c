/* SPDX-License-Identifier: Apache-2.0 */
/*
 * step_group - groups made, controllers enabled, v1 cpusets filled
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "hook/apply.h"
#include "hook/cgpath.h"
#include "hook/quirks.h"

enum { MKDIR_TRIES = 5, ENABLE_MAX_MS = 100 };

/* The v2 controllers that the plan writes to, as subtree_control takes them: "+cpu +memory". */
static const char *needed_controllers(const struct apply *ap)
{
	const char *needed = "";

	for (size_t i = 0; i < ap->record->n_steps; i++) {
		const struct plan_step *s = &ap->record->steps[i].step;
		const char *plus = arena_printf(ap->arena, "+%s", s->controller);

		if (s->op == PLAN_WRITE && apply_version(ap, s) == 2 &&
		    strcmp(s->controller, "cgroup") != 0 &&
		    !facts_lists(needed, plus, strlen(plus)))
			needed =
			    arena_printf(ap->arena, "%s%s%s", needed, *needed ? " " : "", plus);
	}
	return needed;
}

/*
 * Make what is missing above path. Another container's teardown may have just removed a shared
 * parent that the facts still saw; with it went the controllers that were handed down.
 */
static int make_parents(struct apply *ap, const char *controller, const char *path, struct error *e)
{
	struct record_step enable = {.step = {.op = PLAN_ENABLE,
					      .controller = "",
					      .file = "cgroup.subtree_control",
					      .value = needed_controllers(ap)}};

	for (size_t i = 0; i < cgpath_depth(path); i++) {
		const char *part = cgpath_head(ap->arena, path, i);
		int r = i ? cgroupfs_mkdir(ap->fs, controller, part, e) : CGROUPFS_EXISTS;

		if (r < 0)
			return -1;
		if (r == 0 && cgroupfs_mark(ap->fs, controller, part, ap->record->id, e) < 0)
			return -1;
		enable.step.path = part;
		/* Those that stayed may have been told to hand down no more. */
		if (!*controller && step_enable(ap, &enable, e) < 0)
			return -1;
	}
	return 0;
}

int step_mkdir(struct apply *ap, struct record_step *s, struct error *e)
{
	const char *controller = s->step.controller, *path = s->step.path;
	int r = 0;

	for (int tries = 0; tries < MKDIR_TRIES; tries++) {
		r = cgroupfs_mkdir(ap->fs, controller, path, e);
		if (r >= 0 || e->os != ENOENT)
			break;
		make_parents(ap, controller, path, e);
	}
	if (r < 0)
		return -1;
	if (r == 0)
		return cgroupfs_mark(ap->fs, controller, path, ap->record->id, e);
	/* Somebody else made it just now, and keeps it. Parents are shared; a target is not. */
	s->fresh = false;
	if (strcmp(path, ap->record->path) == 0)
		return error_set(e, ERROR_FAILED, "%s: somebody else made this cgroup just now",
				 cgroupfs_path(ap->fs, controller, path, NULL));
	return 0;
}

/* Of "+cpu +memory" what subtree_control does not list yet. */
static const char *still_missing(struct apply *ap, const char *value, const char *live)
{
	const char *missing = "";

	for (const char *at = value; *at; at += strspn(at, " ")) {
		size_t n = strcspn(at, " ");

		if (!facts_lists(live, at + 1, n - 1))
			missing = arena_printf(ap->arena, "%s%s%.*s", missing, *missing ? " " : "",
					       (int)n, at);
		at += n;
	}
	return missing;
}

/* Read again: another setup may have enabled something meanwhile, and EBUSY right after a
 * process moved down is over in a moment. */
int step_enable(struct apply *ap, struct record_step *s, struct error *e)
{
	const char *hint;

	for (unsigned pause_ms = 1, waited_ms = 0;; pause_ms *= 2) {
		const char *live, *missing;
		int r;

		r = cgroupfs_read(&live, ap->fs, "", s->step.path, s->step.file, e);
		if (r < 0)
			return -1;
		missing = r ? s->step.value : still_missing(ap, s->step.value, live);
		if (!*missing)
			return 0;
		if (cgroupfs_write(ap->fs, "", s->step.path, s->step.file, missing, e) == 0)
			return 0;
		if (e->os != EBUSY || waited_ms >= ENABLE_MAX_MS)
			break;
		nanosleep(&(struct timespec){.tv_nsec = pause_ms * 1000000L}, NULL);
		waited_ms += pause_ms;
	}
	hint = quirks_hint(2, s->step.file, e->os);
	if (hint)
		error_add(e, "; %s", hint);
	return -1;
}

int step_inherit(struct apply *ap, struct record_step *s, struct error *e)
{
	const char *parent = cgpath_parent(ap->arena, s->step.path);
	const char *live = "", *value = "";

	/* A file that is not there reads as empty, and the write then says what is wrong. */
	if (cgroupfs_read(&live, ap->fs, s->step.controller, s->step.path, s->step.file, e) < 0 ||
	    cgroupfs_read(&value, ap->fs, s->step.controller, parent, s->step.file, e) < 0)
		return -1;
	if (*live)
		return 0;
	s->step.value = value;
	return cgroupfs_write(ap->fs, s->step.controller, s->step.path, s->step.file, value, e);
}
