/* SPDX-License-Identifier: Apache-2.0 */
/*
 * change - more steps for a container that is set up, as a transaction
 */
#include "hook/change.h"

#include <unistd.h>

#include "hook/bus.h"
#include "hook/log.h"
#include "hook/quirks.h"
#include "hook/record_merge.h"
#include "hook/setup_facts.h"
#include "hook/unit_change.h"
#include "oci/state.h"

/* --- open --- */

static int load(struct change *c, const char *id, struct error *e)
{
	struct context *context = c->context;
	int r;

	r = store_open(&c->store, context->root, false, e);
	if (r == 0)
		r = store_lock(&c->store, id, STORE_LOCK_MS, e);
	if (r == 0)
		r = store_load(&c->before, &c->store, id, context->arena, e);
	if (r == STORE_ABSENT)
		return error_set(e, ERROR_HOST,
				 "%s: no record of container %s; vmcg list shows all",
				 context->root, id);
	return r;
}

/* Only what is finished, and there, can be changed. */
static int check_condition(const struct change *c, struct error *e)
{
	const struct record *r = &c->before;

	if (!setup_is_this_boot(r->boot, c->context->arena))
		return error_set(e, ERROR_HOST,
				 "the record of container %s is from before the host was booted; "
				 "vmcg gc drops it",
				 r->id);
	if (r->status != RECORD_APPLIED)
		return error_set(e, ERROR_HOST,
				 "the setup of container %s in %s is half-done: a vmcg was killed "
				 "at it; vmcg destroy %s takes it down, its createRuntime does it "
				 "again",
				 r->id, r->path, r->id);
	return 0;
}

int change_begin(struct change *c, struct context *context, struct error *e)
{
	struct unit_change frozen = {.fs = &c->fs, .store = &c->store, .record = &c->before};

	c->context = context;
	if (check_condition(c, e) < 0)
		return -1;
	cgroupfs_open(&c->fs, context->arena, c->before.mounts, c->before.n_mounts,
		      context->options.yard);
	if (!context->options.dry_run && unit_change_thaw(&frozen, e) < 0)
		return -1;
	c->after = c->before;
	return 0;
}

int change_open(struct change *c, struct context *context, const char *id, struct error *e)
{
	*c = CHANGE_NONE;
	c->context = context;
	if (oci_state_check_id(id, e) < 0)
		return -1;
	log_about(id);
	if (load(c, id, e) < 0)
		return -1;
	return change_begin(c, context, e);
}

void change_close(struct change *c)
{
	cgroupfs_close(&c->fs);
	store_close(&c->store);
}

/* --- run --- */

static int connect(struct change *c, struct apply *ap, struct error *e)
{
	bool asks = false;

	for (size_t i = 0; i < c->work.n_steps; i++)
		asks |=
		    c->work.steps[i].step.op == PLAN_SET || c->work.steps[i].step.op == PLAN_START;
	if (asks && !c->context->options.yard && bus_connect(&ap->systemd, c->context, e) < 0)
		return -1;
	return bus_unneeded(c->context, e);
}

/* A value that was not set, or was put back: what was wanted before the change holds for it. */
static bool is_settled(struct change *c, const struct apply *ap, size_t at)
{
	const struct plan_step *s = &c->work.steps[at].step;
	const char *live;

	if (s->op != PLAN_WRITE && s->op != PLAN_VERIFY)
		return false;
	return at >= ap->done ||
	       (cgroupfs_read(&live, &c->fs, s->controller, s->path, s->file, NULL) == 0 &&
		!quirks_same(apply_version(ap, s), s->file, s->value, live, ap->page_size));
}

/* The undo is incomplete. Steps that may still be in force stay on record, for teardown; but the
 * next update is to bring what was there before, and not what has just failed. */
static void want_before(struct change *c, const struct apply *ap)
{
	struct arena *a = c->context->arena;
	struct record left = c->work;
	struct error ignored;

	left.steps = NULL;
	left.n_steps = 0;
	for (size_t i = 0; i < c->work.n_steps; i++)
		if (!is_settled(c, ap, i))
			*ARENA_APPEND(a, left.steps, left.n_steps) = c->work.steps[i];
	c->after.has_resources = c->before.has_resources;
	c->after.resources = c->before.resources;
	c->after.properties = c->before.properties;
	if (record_merge(&c->after, &c->before, &left, a, &ignored) == 0)
		store_save(&c->store, &c->after, NULL);
}

/* Everything was undone: the record of before is true again. */
static void go_back(struct change *c, const struct apply *ap, struct error *e)
{
	struct error second;

	if (e->kind == ERROR_UNDO) {
		want_before(c, ap);
		error_add(e, "; vmcg check %s tells what differs, vmcg update %s applies it again",
			  c->before.id, c->before.id);
		return;
	}
	c->before.frozen = c->after.frozen;
	/* A second try costs nothing, and a record of what was refused is hard to get rid of. */
	if (store_save(&c->store, &c->before, NULL) < 0 &&
	    store_save(&c->store, &c->before, &second) < 0) {
		error_add(e,
			  "; but its record could not be put back: %s; vmcg update %s would "
			  "apply it",
			  second.text, c->before.id);
		e->kind = ERROR_UNDO;
	}
}

int change_run(struct change *c, struct apply *ap, const struct plan_step *steps, size_t n,
	       struct error *e)
{
	struct arena *a = c->context->arena;
	int r = 0;

	/* What the steps are about is in the record of after: processes, devices. */
	c->work = c->after;
	c->work.steps = NULL;
	c->work.n_steps = 0;
	for (size_t i = 0; i < n; i++)
		ARENA_APPEND(a, c->work.steps, c->work.n_steps)->step = steps[i];
	/* Should the filters have to go back: to what they were brought to before. */
	c->work.before = c->before.devices;
	c->work.former_denied = c->before.denied;
	if (!devrules_equal(&c->before.devices, &c->after.devices) ||
	    !devrules_equal(&c->before.denied, &c->after.denied)) {
		c->after.has_former = c->after.has_devices;
		c->after.former = c->before.devices;
	}
	ap->partial = true;
	ap->arena = a;
	ap->fs = &c->fs;
	ap->record = &c->work;
	ap->store = &c->store;
	ap->stored = &c->after;
	ap->page_size = (uint64_t)sysconf(_SC_PAGESIZE);
	if (connect(c, ap, e) < 0 || apply_look(ap, e) < 0 ||
	    record_merge(&c->after, &c->before, &c->work, a, e) < 0)
		return -1;
	if (c->context->options.dry_run)
		return 0;
	r = store_save(&c->store, &c->after, e);
	/* It may be in place all the same, and only not safe on the disk. */
	if (r < 0)
		store_save(&c->store, &c->before, NULL);
	if (r == 0 && apply_run(ap, e) < 0) {
		go_back(c, ap, e);
		r = -1;
	}
	for (size_t i = 0; i < ap->n_filters; i++)
		close(ap->filters[i].fd);
	return r;
}
