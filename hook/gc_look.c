/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gc_look - what there is to see of a recorded container: who runs, who is in its group
 */
#include "hook/gc_look.h"

#include "hook/cgroupfs.h"
#include "hook/procs.h"
#include "hook/setup_facts.h"

/* What cannot be looked at is not dead. */
static bool runs(const struct facts_process *was)
{
	struct held_process p;
	int r = procs_hold_known(&p, was, NULL);

	procs_release(&p);
	return r != PROCS_ENDED;
}

/* The processes in a group of one hierarchy and below it. */
static int count_tree(uint64_t *ret, bool *there, struct cgroupfs *fs, const char *controller,
		      const char *top, struct error *e)
{
	const char **todo = NULL, **names;
	size_t n_todo = 0, n;
	int64_t *pids;

	*ret = 0;
	*there = false;
	*ARENA_APPEND(fs->arena, todo, n_todo) = top;
	while (n_todo) {
		const char *path = todo[--n_todo];
		int r = cgroupfs_procs(&pids, &n, fs, controller, path, e);

		if (r == 0) {
			*there = true;
			*ret += n;
			r = cgroupfs_children(&names, &n, fs, controller, path, e);
		}
		if (r < 0)
			return -1;
		for (size_t i = 0; r == 0 && i < n; i++)
			*ARENA_APPEND(fs->arena, todo, n_todo) =
			    arena_printf(fs->arena, "%s/%s", path, names[i]);
	}
	return 0;
}

/* The own target, in each hierarchy that the record knows. */
static int look_inside(struct gc_sight *s, struct cgroupfs *fs, const struct record *r,
		       struct error *e)
{
	for (size_t i = 0; i < r->n_mounts; i++) {
		const char *name = r->mounts[i].name;
		uint64_t n;
		bool there;

		if (!facts_first_of_mount(r->mounts, i))
			continue;
		if (count_tree(&n, &there, fs, name, r->path, e) < 0)
			return -1;
		s->group |= there;
		if (n <= s->inside)
			continue;
		s->inside = n;
		s->where = cgroupfs_path(fs, name, r->path, NULL);
	}
	return 0;
}

int gc_look(struct gc_sight *ret, const struct record *r, const char *yard, struct arena *a,
	    struct error *e)
{
	struct cgroupfs fs;
	int result = 0;

	*ret = (struct gc_sight){.this_boot = setup_is_this_boot(r->boot, a)};
	if (!ret->this_boot)
		return 0;
	ret->vm_lives = runs(&r->vm);
	ret->init_lives = runs(&r->init);
	if (r->mode != MODE_OWN)
		return 0;
	cgroupfs_open(&fs, a, r->mounts, r->n_mounts, yard);
	result = look_inside(ret, &fs, r, e);
	cgroupfs_close(&fs);
	/* Nothing was touched: it is the host that does not let us see. */
	if (result < 0 && e)
		e->kind = ERROR_HOST;
	return result;
}
