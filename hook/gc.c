/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gc - the command that takes down what is recorded but dead
 *
 * One record after the other: its lock, without waiting; the record, as it is
 * under the lock; a look at its processes and its group; gc_verdict.c decides;
 * teardown.c works. The record is read into an arena of its own, so that memory
 * does not grow with their number. A dry run takes no lock, since that makes a
 * file; it only asks whether somebody has it.
 */
#include "hook/gc.h"

#include "hook/bus.h"
#include "hook/cgroupfs.h"
#include "hook/gc_verdict.h"
#include "hook/log.h"
#include "hook/procs.h"
#include "hook/setup_facts.h"
#include "hook/teardown.h"
#include "oci/jsonw.h"

enum action { TAKEN_DOWN, WOULD_BE, LIVES, BUSY, UNREADABLE, FAILED };

static const char *const action_name[] = {
    [TAKEN_DOWN] = "taken down", [WOULD_BE] = "would be taken down",
    [LIVES] = "lives",           [BUSY] = "busy",
    [UNREADABLE] = "unreadable", [FAILED] = "failed",
};

struct gc {
	struct context *context;
	struct jsonw w;        /* JSON form */
	size_t n_rows, n_bad;  /* bad: not read, or not taken down */
	enum error_kind worst; /* of the bad ones; the exit codes are in order */
};

/* --- the report --- */

static void report(struct gc *gc, const char *id, enum action action, const char *why)
{
	struct text *out = gc->context->out;

	if (gc->context->options.json) {
		jsonw_flat_object(&gc->w, NULL);
		jsonw_string(&gc->w, "id", id);
		jsonw_string(&gc->w, "action", action_name[action]);
		jsonw_string(&gc->w, "why", why);
		jsonw_end_object(&gc->w);
	} else {
		if (gc->n_rows == 0)
			text_printf(out, "%-24s %-20s %s\n", "ID", "ACTION", "WHY");
		text_printf(out, "%-24s %-20s %s\n", id, action_name[action], why);
	}
	gc->n_rows++;
}

/* One that could not be dealt with; the others go on. */
static void report_error(struct gc *gc, const char *id, enum action action, const struct error *e)
{
	log_warning("%s", e->text);
	report(gc, id, action, e->text);
	gc->n_bad++;
	if (e->kind > gc->worst)
		gc->worst = e->kind;
}

/* --- the look --- */

static bool runs(const struct facts_process *was)
{
	struct held_process p = PROCS_NONE;
	bool same;

	if (!was->pid || procs_hold(&p, was->pid, NULL) < 0)
		return false;
	same = p.start == was->start;
	procs_release(&p);
	return same;
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

static int look(struct gc_sight *ret, const struct context *c, const struct record *r,
		struct arena *a, struct error *e)
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
	cgroupfs_open(&fs, a, r->mounts, r->n_mounts, c->options.yard);
	result = look_inside(ret, &fs, r, e);
	cgroupfs_close(&fs);
	return result;
}

/* --- one record --- */

/* The record was loaded, and it is locked unless this is a dry run. */
static void judge(struct gc *gc, struct store *store, const struct record *r, struct arena *a)
{
	struct context *c = gc->context;
	struct gc_verdict verdict;
	struct gc_sight sight;
	struct error e = {.kind = ERROR_NONE};

	if (look(&sight, c, r, a, &e) < 0) {
		/* Nothing was touched: the host does not let us see. */
		e.kind = ERROR_HOST;
		report_error(gc, r->id, FAILED, &e);
		return;
	}
	/* HERE a container that a killed vmcg has left frozen is thawed, even when it lives. */
	gc_verdict(&verdict, r, &sight, a);
	if (!verdict.dead)
		report(gc, r->id, LIVES, verdict.why);
	else if (c->options.dry_run)
		report(gc, r->id, WOULD_BE, verdict.why);
	else if (teardown_record(c, store, r, true, &e) < 0)
		report_error(gc, r->id, FAILED, &e);
	else
		report(gc, r->id, TAKEN_DOWN, verdict.why);
}

/* The lock of an id. STORE_BUSY; STORE_ABSENT: there can be no record of it. */
static int take_lock(struct store *store, const struct context *c, const char *id, struct error *e)
{
	if (c->options.dry_run)
		return store_is_busy(store, id) ? STORE_BUSY : 0;
	return store_lock(store, id, 0, e);
}

static void collect(struct gc *gc, const char *id)
{
	struct context *c = gc->context;
	struct store store = STORE_NONE;
	struct error e = {.kind = ERROR_NONE};
	struct arena a = {0};
	struct record record;
	int r;

	log_about(id);
	r = store_open(&store, c->root, false, &e);
	if (r == 0)
		r = take_lock(&store, c, id, &e);
	if (r == STORE_BUSY) {
		report(gc, id, BUSY, "another vmcg works on it");
	} else if (r < 0) {
		report_error(gc, id, FAILED, &e);
	} else if (r == 0) {
		if (!c->options.dry_run)
			store_sweep(&store);
		r = store_load(&record, &store, id, &a, &e);
		if (r < 0)
			report_error(gc, id, UNREADABLE, &e);
		else if (r == 0) /* else it has just been taken down */
			judge(gc, &store, &record, &a);
	}
	store_close(&store);
	arena_free(&a);
}

/* Locks and half-written files of ids without a record. Whose lock is held is at work. */
static int sweep(struct context *c, const struct store *listed, struct error *e)
{
	const char **ids;
	size_t n;

	if (store_leftovers(&ids, &n, listed, c->arena, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct store store = STORE_NONE;

		log_about(ids[i]);
		if (store_open(&store, c->root, false, NULL) == 0 &&
		    store_lock(&store, ids[i], 0, NULL) == 0) {
			store_sweep(&store);
			log_info("no record: a stale lock or half-written file is removed");
		}
		store_close(&store);
	}
	return 0;
}

/* --- the command --- */

static int collect_all(struct gc *gc, const struct store *listed, struct error *e)
{
	struct context *c = gc->context;
	const char **ids;
	size_t n;

	if (store_list(&ids, &n, listed, c->arena, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		collect(gc, ids[i]);
	if (!c->options.dry_run && sweep(c, listed, e) < 0)
		return -1;
	log_about(NULL);
	return bus_unneeded(c, e);
}

int gc_command(struct context *c, struct error *e)
{
	struct gc gc = {.context = c, .w = {.out = c->out, .pretty = true}};
	struct store listed = STORE_NONE;
	int r;

	/* What was done is told, even if the rest fails. */
	c->report = true;
	if (c->options.json)
		jsonw_array(&gc.w, NULL);
	r = store_open(&listed, c->root, false, e);
	if (r == 0)
		r = collect_all(&gc, &listed, e);
	store_close(&listed);
	if (c->options.json) {
		jsonw_end_array(&gc.w);
		text_puts(c->out, "\n");
	}
	if (r >= 0 && gc.n_rows == 0)
		log_info("%s: no records", c->root);
	if (r >= 0 && gc.n_bad)
		return error_set(e, gc.worst,
				 "%s: %zu of %zu records could not be read or taken down, see the "
				 "lines above; vmcg gc tries again",
				 c->root, gc.n_bad, gc.n_rows);
	return r < 0 ? -1 : 0;
}
