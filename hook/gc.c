/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gc - the command that takes down what is recorded but dead
 *
 * One record after the other: its lock, without waiting; the record, as it is
 * under the lock; gc_look.c looks at its processes and its group; gc_verdict.c
 * decides; teardown.c works. The record is read into an arena of its own, so that memory
 * does not grow with their number. A dry run takes no lock, since that makes a
 * file; it only asks whether somebody has it.
 */
#include "hook/gc.h"

#include "hook/bus.h"
#include "hook/cgroupfs.h"
#include "hook/gc_look.h"
#include "hook/log.h"
#include "hook/teardown.h"
#include "hook/unit_change.h"
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

/* --- one record --- */

/* It lives. But a vmcg that was killed while systemd changed the unit has left it frozen. */
static void leave_alone(struct gc *gc, struct store *store, const struct record *r, const char *why,
			struct arena *a)
{
	bool dry_run = gc->context->options.dry_run;
	struct record thawed = *r;
	struct cgroupfs fs;
	struct unit_change change = {.fs = &fs, .store = store, .record = &thawed};
	struct error e = {.kind = ERROR_NONE};
	int result = 0;

	if (r->frozen && !dry_run) {
		cgroupfs_open(&fs, a, r->mounts, r->n_mounts, gc->context->options.yard);
		result = unit_change_thaw(&change, &e);
		cgroupfs_close(&fs);
	}
	if (r->frozen)
		why = arena_printf(a, "%s; it was left frozen, and %s", why,
				   dry_run ? "would be thawed" : "is thawed");
	if (result == 0) {
		report(gc, r->id, LIVES, why);
		return;
	}
	e.kind = ERROR_UNDO;
	report_error(gc, r->id, FAILED, &e);
}

/* The record was loaded, and it is locked unless this is a dry run. */
static void judge(struct gc *gc, struct store *store, const struct record *r, struct arena *a)
{
	struct context *c = gc->context;
	struct gc_verdict verdict;
	struct gc_sight sight;
	struct error e = {.kind = ERROR_NONE};

	if (gc_look(&sight, r, c->options.yard, a, &e) < 0) {
		report_error(gc, r->id, FAILED, &e);
		return;
	}
	gc_verdict(&verdict, r, &sight, a);
	if (!verdict.dead)
		leave_alone(gc, store, r, verdict.why, a);
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
	} else if (r >= 0 && gc.n_rows == 0)
		text_printf(c->out, "%s: no records\n", c->root);
	if (r >= 0 && gc.n_bad)
		return error_set(e, gc.worst,
				 "%s: %zu of %zu records could not be read or taken down, see the "
				 "lines above; vmcg gc tries again",
				 c->root, gc.n_bad, gc.n_rows);
	return r < 0 ? -1 : 0;
}
