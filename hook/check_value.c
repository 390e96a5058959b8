/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_value - control files, compared with what was written to them
 *
 * What groups hand down is compared first: without its controller a v2 group has none of
 * the controller's files, and one row for that is enough.
 */
#include <errno.h>
#include <string.h>

#include "hook/check_work.h"
#include "hook/quirks.h"
#include "hook/wish.h"

static bool is_gone(const struct check *c, const struct plan_step *s)
{
	const struct check_group *g = check_find_group(c, s->controller, s->path);

	return g && !g->there;
}

/* --- controllers --- */

/* "+cpu +memory" as the file shows it. */
static const char *as_shown(const char *value, struct arena *a)
{
	char *shown = arena_printf(a, "%s", value), *to = shown;

	for (const char *at = value; *at; at++)
		if (*at != '+')
			*to++ = *at;
	*to = '\0';
	return shown;
}

/* Note those of wanted that live does not list. */
static bool note_lost(struct check *c, const char *wanted, const char *live)
{
	bool any = false;

	for (const char *at = wanted; *at; at += strspn(at, " ")) {
		size_t n = strcspn(at, " ");

		if (!facts_lists(live, at, n)) {
			c->lost = arena_printf(c->arena, "%s%s%.*s", c->lost ? c->lost : "",
					       c->lost ? " " : "", (int)n, at);
			any = true;
		}
		at += n;
	}
	return any;
}

static int compare_controllers(struct check *c, const struct plan_step *s, struct error *e)
{
	const char *wanted = as_shown(s->value, c->arena), *live;
	int r;

	r = cgroupfs_read(&live, c->fs, "", s->path, s->file, e);
	/* With a group on the way the target is gone, too, and has its row. */
	if (r)
		return r < 0 ? -1 : 0;
	if (note_lost(c, wanted, live))
		drift_add(&c->drift, DRIFT_CONTROLLERS, cgroupfs_path(c->fs, "", s->path, s->file),
			  wanted, live, s->why);
	return 0;
}

/* --- values --- */

/* Does the file hold what it is to hold? *live: what it holds, NULL when it is not there. 1: no. */
static int holds(const char **live, const struct check *c, const struct plan_step *s,
		 const char *wanted, struct error *e)
{
	int version = record_version(c->record, s->controller);
	int r;

	*live = NULL;
	r = cgroupfs_read(live, c->fs, s->controller, s->path, s->file, e);
	if (r < 0) /* one that can only be written tells nothing */
		return e->os == EINVAL ? 0 : -1;
	return r > 0 || !quirks_same(version, s->file, wanted, *live, c->page_size);
}

/* Each device obeys one of two weight files, and one of them having the wish is enough. */
static bool twin_holds(const struct check *c, size_t i)
{
	const struct plan_step *twin = wish_twin(c->record, i, c->arena);
	struct error ignored;
	const char *live;

	return twin && holds(&live, c, twin, twin->value, &ignored) == 0;
}

/* Is the file missing because its controller is? */
static bool is_explained(const struct check *c, const struct plan_step *s, const char *live)
{
	return !live && record_version(c->record, s->controller) == 2 &&
	       facts_lists(c->lost, s->controller, strlen(s->controller));
}

static int compare_value(struct check *c, size_t i, struct error *e)
{
	const struct plan_step *s = &c->record->steps[i].step;
	const char *wanted = wish_value(c->record, i, c->arena), *live;
	int r;

	if (!wanted || is_gone(c, s))
		return 0;
	c->drift.n_values++;
	r = holds(&live, c, s, wanted, e);
	if (r <= 0 || twin_holds(c, i) || is_explained(c, s, live))
		return r < 0 ? -1 : 0;
	drift_add(&c->drift, DRIFT_VALUE, cgroupfs_path(c->fs, s->controller, s->path, s->file),
		  wanted, live ? wish_shown(c->record, s, live, c->arena) : NULL, s->why);
	return 0;
}

int check_values(struct check *c, struct error *e)
{
	const struct record *r = c->record;

	for (size_t i = 0; i < r->n_steps; i++)
		if (r->steps[i].step.op == PLAN_ENABLE &&
		    compare_controllers(c, &r->steps[i].step, e) < 0)
			return -1;
	for (size_t i = 0; i < r->n_steps; i++)
		if ((r->steps[i].step.op == PLAN_WRITE || r->steps[i].step.op == PLAN_VERIFY) &&
		    compare_value(c, i, e) < 0)
			return -1;
	return 0;
}
