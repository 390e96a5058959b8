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
#include "hook/unit_change.h"
#include "hook/unitdiff.h"
#include "hook/unitplan.h"

/* --- start --- */

/*
 * Where is the scope that this record's setup started? NULL: nowhere. Its mark tells. Without one
 * (setup died between the start and the mark, or the path is not the one that was expected)
 * systemd knows the unit by the description that it was given.
 */
static int find_ours(const char **ret, const struct undo *u, const struct record_step *s,
		     struct error *e)
{
	static const char *const names[] = {"Description", "ControlGroup", NULL};
	const char *ours = unitplan_description(u->record->id, u->arena);
	const struct unit_property *p;
	struct unit_properties live;
	int r;

	*ret = NULL;
	r = cgroupfs_marked(u->fs, s->step.controller, s->step.path, u->record->id, e);
	if (r < 0)
		return -1;
	if (r == 0)
		*ret = s->step.path;
	/* Gone as it should be, or maybe still to come, or not marked yet. */
	if (r != 0 && !u->systemd && (r != CGROUPFS_ABSENT || u->record->status != RECORD_APPLIED))
		return error_set(e, ERROR_UNDO,
				 "%s: systemd cannot be asked whether this scope of the container "
				 "runs",
				 s->step.value);
	if (r == 0 || !u->systemd)
		return 0;
	r = systemd_get(&live, u->systemd, s->step.value, names, e);
	if (r)
		return r < 0 ? -1 : 0;
	p = unitprop_find(&live, "Description");
	if (!p || !p->text || strcmp(p->text, ours) != 0)
		return 0;
	p = unitprop_find(&live, "ControlGroup");
	*ret = p && p->text && *p->text ? p->text : s->step.path;
	return 0;
}

/* In each hierarchy where the scope has a group, systemd's own and those that were joined. */
static int in_each(const struct undo *u, const char *path,
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
		if (fn(u, name, path, &each) == 0)
			continue;
		if (result == 0 && e)
			*e = each;
		result = -1;
	}
	return result;
}

static int empty(const struct undo *u, const char *controller, const char *path, struct error *e)
{
	int r = undo_empty(u, controller, path, DRAIN_TREE, e);

	if (r == 0)
		undo_drop_filter(u, controller, path);
	return r;
}

static int remove_rest(const struct undo *u, const char *controller, const char *path,
		       struct error *e)
{
	return drain_remove(u->fs, controller, path, e);
}

int undo_start(const struct undo *u, const struct record_step *s, struct error *e)
{
	const char *description = unitplan_description(u->record->id, u->arena);
	const char *path;

	if (find_ours(&path, u, s, e) < 0)
		return -1;
	if (!path)
		return 0;
	if (in_each(u, path, empty, e) < 0)
		return -1;
	if (!u->systemd)
		/* It goes by itself once systemd is back, and the record stays till then. */
		return error_set(e, ERROR_UNDO,
				 "%s: is empty, but systemd cannot be asked to stop it",
				 s->step.value);
	/* Empty, it may have gone by itself, and its name may be another's by now. */
	if (cgroupfs_marked(u->fs, s->step.controller, path, u->record->id, NULL) == 0)
		description = NULL;
	switch (systemd_stop(u->systemd, s->step.value, description, e)) {
	case -1: return -1;
	case SYSTEMD_FOREIGN: return 0;
	default: return in_each(u, path, remove_rest, e);
	}
}

/* --- set --- */

/* The unit as it is, as far as it was changed. SYSTEMD_ABSENT. */
static int read_changed(struct unit_properties *ret, const struct undo *u, const char *unit,
			const struct unit_properties *set, struct error *e)
{
	const char **names = arena_alloc(u->arena, (set->n + 1) * sizeof(*names));

	for (size_t i = 0; i < set->n; i++)
		names[i] = set->list[i].name;
	names[set->n] = NULL;
	return systemd_get(ret, u->systemd, unit, names, e);
}

int undo_set(const struct undo *u, const struct record_step *s, struct error *e)
{
	struct unit_change change = {
	    .fs = u->fs, .systemd = u->systemd, .store = u->store, .record = u->stored};
	struct unit_properties old, set, live, back;
	int fd, r;

	if (unitprop_parse(&old, u->arena, "record", s->old, strlen(s->old), e) < 0 ||
	    unitprop_parse(&set, u->arena, "record", s->set, strlen(s->set), e) < 0)
		return -1;
	if (!u->systemd &&
	    cgroupfs_dir(&fd, u->fs, s->step.controller, s->step.path, NULL) == CGROUPFS_ABSENT)
		return 0;
	if (!u->systemd)
		return error_set(e, ERROR_UNDO,
				 "%s: systemd cannot be asked to give it its former properties",
				 s->step.value);
	r = read_changed(&live, u, s->step.value, &set, e);
	if (r)
		return r < 0 ? -1 : 0;
	unitdiff_back(&back, &old, &set, &live, u->arena);
	return back.n ? unit_change(&change, s->step.value, &back, e) : 0;
}
