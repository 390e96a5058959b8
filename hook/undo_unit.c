/* SPDX-License-Identifier: Apache-2.0 */
/*
 * undo_unit - take back what systemd was asked to do
 *
 * The scope is emptied before it is stopped: stopping kills what is inside, and a
 * VM that still runs is not ours to kill. An empty scope goes by itself, so it may
 * be gone before it can be stopped.
 */
#include "hook/undo_unit.h"

#include <string.h>

#include "hook/drain.h"
#include "hook/unitplan.h"

/* --- start --- */

/*
 * Is it the scope that this record's setup started? Its mark tells. Without one (setup died between
 * the start and the mark) systemd knows the unit by the description that it was given.
 */
static int is_ours(bool *ret, const struct undo *u, const struct record_step *s, struct error *e)
{
	static const char *const names[] = {"Description", NULL};
	const char *ours = unitplan_description(u->record->id, u->arena);
	const struct unit_property *p;
	struct unit_properties live;
	int r;

	*ret = false;
	r = cgroupfs_marked(u->fs, s->step.controller, s->step.path, u->record->id, e);
	if (r < 0)
		return -1;
	*ret = r == 0;
	if (r == 0 || !u->systemd)
		return 0;
	r = systemd_get(&live, u->systemd, s->step.value, names, e);
	if (r)
		return r < 0 ? -1 : 0;
	p = unitprop_find(&live, "Description");
	*ret = p && p->text && strcmp(p->text, ours) == 0;
	return 0;
}

/* In each hierarchy where the scope has a group, systemd's own and those that were joined. */
static int in_each(const struct undo *u, const struct record_step *s,
		   int (*fn)(const struct undo *, const char *, const char *, struct error *),
		   struct error *e)
{
	const struct record *r = u->record;
	struct error each;
	int result = 0;

	for (size_t i = 0; i < r->n_mounts; i++) {
		const char *name = r->mounts[i].name;

		if (!facts_first_of_mount(r->mounts, i))
			continue;
		if (strcmp(name, "unified") == 0)
			name = "";
		if (fn(u, name, s->step.path, &each) == 0)
			continue;
		if (result == 0 && e)
			*e = each;
		result = -1;
	}
	return result;
}

static int empty(const struct undo *u, const char *controller, const char *path, struct error *e)
{
	(void)path; /* a scope is always the record's target */
	return undo_empty_target(u, controller, DRAIN_TREE, e);
}

static int remove_rest(const struct undo *u, const char *controller, const char *path,
		       struct error *e)
{
	return drain_remove(u->fs, controller, path, e);
}

int undo_start(const struct undo *u, const struct record_step *s, struct error *e)
{
	bool ours;

	if (is_ours(&ours, u, s, e) < 0)
		return -1;
	if (!ours)
		return 0;
	if (in_each(u, s, empty, e) < 0)
		return -1;
	if (!u->systemd)
		/* It goes by itself once systemd is back, and the record stays till then. */
		return error_set(e, ERROR_UNDO,
				 "%s: is empty, but systemd cannot be asked to stop it",
				 s->step.value);
	if (systemd_stop(u->systemd, s->step.value, NULL, e) < 0)
		return -1;
	return in_each(u, s, remove_rest, e);
}

/* --- set --- */

int undo_set(const struct undo *u, const struct record_step *s, struct error *e)
{
	struct unit_properties old = {0};

	if (!s->old)
		return 0;
	if (unitprop_parse(&old, u->arena, "record", s->old, strlen(s->old), e) < 0)
		return -1;
	if (!u->systemd)
		return error_set(e, ERROR_UNDO,
				 "%s: systemd cannot be asked to give it its former properties",
				 s->step.value);
	return systemd_set(u->systemd, s->step.value, &old, e) < 0 ? -1 : 0;
}
