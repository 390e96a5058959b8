/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_group - the directories of the record, and the filters that hang on them
 */
#include <string.h>

#include "hook/check_work.h"
#include "hook/devfilter.h"

/* --- which there are --- */

struct check_group *check_find_group(const struct check *c, const char *controller,
				     const char *path)
{
	for (size_t i = 0; i < c->n_groups; i++)
		if (strcmp(c->groups[i].path, path) == 0 &&
		    cgroupfs_together(c->fs, c->groups[i].controller, controller))
			return &c->groups[i];
	return NULL;
}

static void add_group(struct check *c, const char *controller, const struct plan_step *s,
		      bool marked)
{
	struct check_group *g = check_find_group(c, controller, s->path);

	if (!g) {
		g = ARENA_APPEND(c->arena, c->groups, c->n_groups);
		*g = (struct check_group){.controller = controller, .path = s->path, .why = s->why};
	}
	g->marked |= marked;
}

static bool is_mounted(const struct record *r, const char *hierarchy)
{
	for (size_t i = 0; i < r->n_mounts; i++)
		if (strcmp(r->mounts[i].name, *hierarchy ? hierarchy : "unified") == 0)
			return true;
	return false;
}

/* systemd made the scope in these, whatever was asked for. */
static void add_scope(struct check *c, const struct plan_step *s)
{
	static const char *const managed[] = {"", "name=systemd", "memory", "pids", "devices"};

	add_group(c, s->controller, s, true);
	for (size_t i = 0; i < sizeof(managed) / sizeof(*managed); i++)
		if (is_mounted(c->record, managed[i]))
			add_group(c, managed[i], s, false);
}

/* The step's group, if it is the target or was changed itself. */
static void add_group_of(struct check *c, const struct record_step *s)
{
	bool is_target = strcmp(s->step.path, c->record->path) == 0;

	switch (s->step.op) {
	case PLAN_MKDIR:
		if (is_target)
			add_group(c, s->step.controller, &s->step, s->fresh);
		break;
	case PLAN_START: add_scope(c, &s->step); break;
	case PLAN_DEVICES:
	case PLAN_PLACE:
	case PLAN_WRITE:
	case PLAN_SET:
	case PLAN_VERIFY: add_group(c, s->step.controller, &s->step, false); break;
	case PLAN_CHECK:
	case PLAN_ENABLE:
	case PLAN_INHERIT:
	case PLAN_AFFINITY: break;
	}
}

/* --- how they are --- */

static int compare(struct check *c, struct check_group *g, struct error *e)
{
	const char *where = cgroupfs_path(c->fs, g->controller, g->path, NULL);
	int fd, r;

	r = g->marked ? cgroupfs_marked(c->fs, g->controller, g->path, c->record->id, e)
		      : cgroupfs_dir(&fd, c->fs, g->controller, g->path, e);
	if (r < 0)
		return -1;
	g->there = r != CGROUPFS_ABSENT;
	if (r == CGROUPFS_ABSENT)
		drift_add(&c->drift, DRIFT_GROUP, where, "there", "gone", g->why);
	else if (r == CGROUPFS_FOREIGN)
		drift_add(&c->drift, DRIFT_GROUP, where, "made by vmcg", "made by another", g->why);
	c->made_anew |= r == CGROUPFS_FOREIGN;
	return 0;
}

int check_groups(struct check *c, struct error *e)
{
	for (size_t i = 0; i < c->record->n_steps; i++)
		add_group_of(c, &c->record->steps[i]);
	for (size_t i = 0; i < c->n_groups; i++)
		if (compare(c, &c->groups[i], e) < 0)
			return -1;
	return 0;
}

/* --- device filters --- */

int check_devices(struct check *c, struct error *e)
{
	const struct record *r = c->record;

	for (size_t i = 0; r->has_devices && i < r->n_steps; i++) {
		const struct record_step *s = &r->steps[i];
		const struct check_group *g;
		const struct devfilter_wish w = {
		    .policy = &r->devices,
		    .denied = &r->denied,
		    .adopted = r->mode == MODE_ADOPT,
		    .told_systemd = r->manager == MANAGER_SYSTEMD,
		    .old = s->fresh ? NULL : s->old,
		    .why = s->step.why,
		};

		if (s->step.op != PLAN_DEVICES)
			continue;
		g = check_find_group(c, s->step.controller, s->step.path);
		if (g && !g->there)
			continue;
		/* One that goes in this moment is no difference of its filter. */
		if (devfilter_check(&c->drift, c->fs, record_version(r, s->step.controller),
				    s->step.path, &w, e) < 0)
			return -1;
		c->drift.n_filters++;
	}
	return 0;
}
