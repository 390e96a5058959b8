/* SPDX-License-Identifier: Apache-2.0 */
/*
 * teardown - take down what a record says, and drop the record
 */
#include "hook/teardown.h"

#include <string.h>
#include <unistd.h>

#include "hook/bus.h"
#include "hook/input.h"
#include "hook/log.h"
#include "hook/setup_facts.h"
#include "hook/undo.h"
#include "hook/unit_change.h"
#include "oci/jsonw.h"
#include "oci/state.h"

/* Does the undo change more than what tells its progress by being gone? */
static bool puts_back(const struct record *r)
{
	for (size_t i = 0; i < r->n_steps; i++)
		if (r->steps[i].old && !r->steps[i].fresh && r->steps[i].step.op != PLAN_PLACE)
			return true;
	return false;
}

/* Was systemd asked for something that has to be taken back? The runtime's unit has mostly gone
 * with its container. */
static bool needs_systemd(struct cgroupfs *fs, const struct record *r)
{
	for (size_t i = 0; i < r->n_steps; i++) {
		const struct record_step *s = &r->steps[i];
		int fd;

		if (s->step.op == PLAN_START)
			return true;
		if (s->step.op == PLAN_SET && s->old)
			return cgroupfs_dir(&fd, fs, s->step.controller, s->step.path, NULL) == 0;
	}
	return false;
}

int teardown_record(struct context *c, struct store *store, const struct record *r, bool goes_on,
		    struct error *e)
{
	struct record leaving = *r;
	struct unit_change frozen = {.store = store, .record = &leaving};
	struct cgroupfs fs;
	struct undo u = {.arena = c->arena,
			 .fs = &fs,
			 .record = r,
			 .store = store,
			 .stored = &leaving,
			 .page_size = (uint64_t)sysconf(_SC_PAGESIZE),
			 .rollback = r->status == RECORD_INTENT};
	struct error bus;
	int result = 0;

	/* Should we die half-way; when it cannot be written, the undo is still worth more. */
	leaving.status = RECORD_LEAVING;
	if (r->status == RECORD_APPLIED && puts_back(r))
		store_save(store, &leaving, NULL);
	/* After a reboot nothing of it exists, and the paths may be somebody else's. */
	if (setup_is_this_boot(r->boot, c->arena)) {
		cgroupfs_open(&fs, c->arena, r->mounts, r->n_mounts, c->options.yard);
		frozen.fs = &fs;
		result = unit_change_thaw(&frozen, e);
		if (result < 0 && e)
			e->kind = ERROR_UNDO;
		if (!c->options.yard && needs_systemd(&fs, r) &&
		    bus_connect(&u.systemd, c, &bus) < 0)
			log_warning("%s", bus.text);
		if (!goes_on && result == 0)
			result = bus_unneeded(c, e);
		if (result == 0)
			result = undo_steps(&u, 0, SIZE_MAX, e);
		cgroupfs_close(&fs);
	}
	if (result < 0)
		return error_add(e, "; the record %s/%s.json stays: run vmcg destroy %s again",
				 store->root, r->id, r->id);
	if (store_remove(store, e) < 0) {
		e->kind = ERROR_UNDO;
		return -1;
	}
	log_info("%s: taken down", r->path);
	return 0;
}

/* r is NULL: there is nothing to take down. */
static void say_what_would_be(struct context *c, const char *id, const struct record *r)
{
	struct jsonw w = {.out = c->out, .pretty = true};

	if (!c->options.json) {
		if (r)
			text_printf(c->out, "%s: %zu steps would be undone\n", r->path, r->n_steps);
		return;
	}
	jsonw_flat_object(&w, NULL);
	jsonw_string(&w, "id", id);
	jsonw_string(&w, "path", r ? r->path : NULL);
	jsonw_uint(&w, "steps", r ? r->n_steps : 0);
	jsonw_end_object(&w);
	text_puts(c->out, "\n");
}

/* absent: what having no record means, 0 or an error that is set already. */
static int take_down(struct context *c, const char *id, bool must_exist, struct error *e)
{
	struct store store = STORE_NONE;
	struct record record;
	int r;

	log_about(id);
	r = store_open(&store, c->root, false, e);
	if (r == 0)
		r = store_lock(&store, id, STORE_LOCK_MS, e);
	if (r == 0)
		r = store_load(&record, &store, id, c->arena, e);
	if (r == 0 && c->options.dry_run)
		say_what_would_be(c, id, &record);
	else if (r == 0)
		r = teardown_record(c, &store, &record, false, e);
	store_close(&store);
	if (r == STORE_ABSENT && must_exist)
		return error_set(e, ERROR_HOST,
				 "%s: no record of container %s; vmcg list shows all", c->root, id);
	if (r == STORE_ABSENT && c->options.dry_run)
		say_what_would_be(c, id, NULL);
	if (r == STORE_ABSENT)
		log_info("no record: nothing to take down");
	return r < 0 ? -1 : 0;
}

int teardown_poststop(struct context *c, struct error *e)
{
	struct oci_state state;
	const char *bytes;
	size_t len, used;

	if (input_read(&bytes, &len, STDIN_FILENO, "state", c->arena, e) < 0 ||
	    oci_state_parse(&state, &used, c->arena, bytes, len, e) < 0)
		return -1;
	return take_down(c, state.id, false, e);
}

int teardown_destroy(struct context *c, struct error *e)
{
	if (oci_state_check_id(c->args[0], e) < 0)
		return -1;
	return take_down(c, c->args[0], true, e);
}
