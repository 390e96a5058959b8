/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_process - the processes of the record: alive, and where they were put
 *
 * own: a process belongs into the target, in every hierarchy that has one. adopt:
 * where it was moved to, and what was not moved stays within the group it was in.
 * A child group of that place is as good.
 */
#include <stdlib.h>
#include <string.h>

#include "hook/cgpath.h"
#include "hook/check_work.h"
#include "hook/procs.h"

struct place {
	const char *path, *why;
};

/* Where a step put this process in a hierarchy. */
static bool find_placement(struct place *ret, const struct check *c, const struct facts_process *p,
			   const char *hierarchy)
{
	for (size_t i = 0; i < c->record->n_steps; i++) {
		const struct plan_step *s = &c->record->steps[i].step;

		if (s->op == PLAN_PLACE && strtoll(s->value, NULL, 10) == p->pid &&
		    cgroupfs_together(c->fs, s->controller, hierarchy)) {
			*ret = (struct place){s->path, s->why};
			return true;
		}
	}
	return false;
}

/* The widest group that was changed and holds the path. */
static const struct check_group *widest(const struct check *c, const char *hierarchy,
					const char *path)
{
	const struct check_group *found = NULL;

	for (size_t i = 0; i < c->n_groups; i++) {
		const struct check_group *g = &c->groups[i];

		if (cgpath_within(path, g->path) &&
		    cgroupfs_together(c->fs, g->controller, hierarchy) &&
		    (!found || cgpath_within(found->path, g->path)))
			found = g;
	}
	return found;
}

/* Where the process belongs in a hierarchy; false: nowhere there, or into a group that is gone. */
static bool belongs(struct place *ret, const struct check *c, const struct facts_process *p,
		    const char *hierarchy)
{
	const struct check_group *g;
	const char *was;

	if (find_placement(ret, c, p, hierarchy)) {
		g = check_find_group(c, hierarchy, ret->path);
		return g && g->there;
	}
	was = facts_process_path(p, hierarchy);
	if (c->record->mode == MODE_OWN)
		g = check_find_group(c, hierarchy, c->record->path);
	else
		g = was ? widest(c, hierarchy, was) : NULL;
	if (!g || !g->there)
		return false;
	*ret = (struct place){g->path, g->why};
	return true;
}

static void compare_places(struct check *c, const struct facts_process *p,
			   const struct facts_process *now, const char *where)
{
	const struct record *r = c->record;

	for (size_t i = 0; i < r->n_mounts; i++) {
		const char *name = r->mounts[i].name, *is;
		struct place place = {0};

		if (!facts_first_of_mount(r->mounts, i))
			continue;
		if (strcmp(name, "unified") == 0)
			name = "";
		is = facts_process_path(now, name);
		if (!belongs(&place, c, p, name) || (is && cgpath_within(is, place.path)))
			continue;
		drift_add(&c->drift, DRIFT_PROCESS, where,
			  cgroupfs_path(c->fs, name, place.path, NULL),
			  is ? cgroupfs_path(c->fs, name, is, NULL) : NULL, place.why);
	}
}

/* Its groups now. 1: it has ended, or its number is another's. ERROR_HOST: it cannot be looked at,
 * for want of descriptors or memory. */
static int look(struct facts_process *now, const struct facts_process *p, struct arena *a,
		struct error *e)
{
	struct held_process held = PROCS_NONE;
	bool ended = false;
	int r;

	r = procs_hold(&held, p->pid, e);
	if (r == 0 && held.start != p->start)
		ended = true;
	else if (r == 0)
		r = procs_cgroups(&now->cgroups, &now->n_cgroups, a, "/proc", p->pid, e);
	if (r == 0 && !ended)
		ended = !procs_alive(&held);
	procs_release(&held);
	if (r < 0 && e->os)
		return -1;
	return r < 0 || ended;
}

static const char *name_of(const struct facts_process *p, struct arena *a)
{
	if (!p->comm)
		return arena_printf(a, "process %lld", (long long)p->pid);
	return arena_printf(a, "process %lld (%s)", (long long)p->pid, p->comm);
}

/* 1: it has ended. */
static int compare(struct check *c, const struct facts_process *p, struct error *e)
{
	struct facts_process now = {0};
	int r = look(&now, p, c->arena, e);

	if (r == 0)
		compare_places(c, p, &now, name_of(p, c->arena));
	return r;
}

int check_processes(struct check *c, struct error *e)
{
	const struct record *r = c->record;
	int gone;

	/* The processes of a yard are not real. */
	if (c->fs->yard)
		return 0;
	gone = r->vm.pid ? compare(c, &r->vm, e) : 0;
	if (gone < 0)
		return -1;
	if (gone) {
		c->vm_gone = true;
		drift_add(&c->drift, DRIFT_PROCESS, name_of(&r->vm, c->arena), "running", "gone",
			  "the VM process");
	}
	/* Helpers come and go. */
	for (size_t i = 0; i < r->n_added; i++)
		if (compare(c, &r->added[i], e) < 0)
			return -1;
	return 0;
}
