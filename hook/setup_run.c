/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setup_run - the stages that set up: what an earlier setup left, record, apply
 *
 * Under the lock of the id: a finished setup of the same container is left alone,
 * a rest is taken down first; then the plan is made, recorded as intent, applied,
 * and recorded as applied. A failure leaves neither groups nor record.
 */
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "hook/apply.h"
#include "hook/bus.h"
#include "hook/cgpath.h"
#include "hook/log.h"
#include "hook/setup.h"
#include "hook/setup_facts.h"
#include "hook/store.h"
#include "hook/teardown.h"

/* --- record and apply --- */

/* Adopt: what the config alone asked for, should the undo have to make that filter again. */
static int policy_before(struct record *r, struct setup *s, struct error *e)
{
	const struct hypervisor_devices none = {0};
	const struct policy neutral = {0};
	struct plan scratch = {.arena = s->arena};

	if (!s->plan.has_devices ||
	    hypervisor_policy(&scratch, &s->config.resources, &none, &neutral, &s->facts, e) < 0)
		return s->plan.has_devices ? -1 : 0;
	r->before = scratch.devices;
	return 0;
}

/* Seconds since the epoch. */
static int64_t now(void)
{
	struct timespec t = {0};

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec;
}

static int make_record(struct record *r, struct setup *s, struct error *e)
{
	const struct facts_process *init = facts_process(&s->facts, s->init);
	const struct facts_process *vm = facts_process(&s->facts, s->vm);
	const struct facts_cgroup *g = facts_cgroup(&s->facts, s->target.path);

	record_from_plan(r, &s->plan, &s->facts, s->arena);
	r->id = s->state.id;
	r->status = RECORD_INTENT;
	r->boot = setup_boot_id(s->arena);
	r->bundle = s->state.bundle;
	r->created = now();
	r->kill = s->context->policy.kill;
	r->tail = s->target.tail;
	r->has_resources = true;
	r->resources = s->config.resources;
	r->joined = s->target.mode == MODE_OWN && g && (g->procs || g->children);
	if (init)
		r->init = *init;
	if (vm)
		r->vm = *vm;
	return policy_before(r, s, e);
}

/* Everything was undone: a record that stays makes the next setup or teardown look again. */
static void forget(const struct store *store, const struct record *r, struct error *e)
{
	struct error second;

	if (store_remove(store, &second) == 0)
		return;
	error_add(e, "; but its record stays: %s; vmcg destroy %s removes it", second.text, r->id);
	e->kind = ERROR_UNDO;
}

static int apply(struct setup *s, struct store *store, struct error *e)
{
	struct cgroupfs fs;
	struct record record;
	struct apply ap = {.arena = s->arena,
			   .fs = &fs,
			   .record = &record,
			   .held = &s->held,
			   .n_held = s->held.pid != 0,
			   .properties = &s->plan.properties,
			   .page_size = s->facts.page_size,
			   /* A VM may run already: what it needs is not taken from it. */
			   .store = s->last_chance ? store : NULL,
			   .stored = &record};
	int r;

	if (make_record(&record, s, e) < 0)
		return -1;
	/* A unit has properties, whether it is started or changed. */
	if (s->plan.properties.n && !s->context->options.yard &&
	    bus_connect(&ap.systemd, s->context, e) < 0)
		return -1;
	if (bus_unneeded(s->context, e) < 0)
		return -1;
	cgroupfs_open(&fs, s->arena, record.mounts, record.n_mounts, s->context->options.yard);
	r = apply_look(&ap, e);
	if (r == 0) {
		r = store_save(store, &record, e);
		/* It may be in place all the same, and only not safe on the disk. */
		if (r < 0)
			store_remove(store, NULL);
	}
	if (r == 0) {
		r = apply_run(&ap, e);
		record.status = RECORD_APPLIED;
		if (r == 0 && store_save(store, &record, e) < 0)
			r = apply_undo(&ap, e);
		if (r < 0 && e->kind != ERROR_UNDO)
			forget(store, &record, e);
		else if (r < 0)
			error_add(e, "; the record %s/%s.json stays: run vmcg destroy %s",
				  store->root, record.id, record.id);
	}
	for (size_t i = 0; i < ap.n_filters; i++)
		close(ap.filters[i].fd);
	cgroupfs_close(&fs);
	return r;
}

/* --- the stage --- */

/* A teardown that died half-way has taken the VM process out of some groups; one that has ended
 * is nobody's loss. */
static bool vm_is_in_place(const struct record *r, struct arena *a)
{
	struct facts_process now = {0};

	if (!r->vm.pid ||
	    procs_cgroups(&now.cgroups, &now.n_cgroups, a, "/proc", r->vm.pid, NULL) < 0)
		return true;
	for (size_t i = 0; i < r->n_steps; i++) {
		const struct plan_step *step = &r->steps[i].step;
		const char *is;

		if (step->op != PLAN_PLACE && step->op != PLAN_START)
			continue;
		is = facts_process_path(&now, step->controller);
		if (!is || !cgpath_within(is, step->path))
			return false;
	}
	return true;
}

/* Is there a finished setup for the same container already? prestart and createRuntime may
 * both be configured, and a hook may be called twice. */
static bool is_done(const struct setup *s, const struct record *r)
{
	const struct facts_process *init = facts_process(&s->facts, s->init);
	const struct facts_process *was = s->state.pid ? &r->init : &r->vm;

	/* A shim may name the VM alone. */
	if (!s->state.pid)
		init = facts_process(&s->facts, s->vm);
	return r->status == RECORD_APPLIED && init && was->pid == init->pid &&
	       was->start == init->start &&
	       (s->context->options.yard || vm_is_in_place(r, s->arena));
}

/* What an earlier setup of this id left: nothing (0), all that is needed (1), or a rest that
 * is undone first. */
static int settle_earlier(struct setup *s, struct store *store, struct error *e)
{
	struct record r;
	int got;

	got = store_load(&r, store, s->state.id, s->arena, e);
	if (got)
		return got < 0 ? -1 : 0;
	setup_describe_caller(s);
	if (is_done(s, &r) && setup_is_this_boot(r.boot, s->arena)) {
		log_info("already set up in %s: nothing to do", r.path);
		return 1;
	}
	log_warning("a %s setup of this container was left behind in %s: taking it down first",
		    r.status != RECORD_APPLIED ? "half-done" : "former", r.path);
	return teardown_record(s->context, store, &r, true, e);
}

static void log_plan(const struct setup *s)
{
	for (size_t i = 0; i < s->plan.n_warnings; i++)
		log_warning("%s", s->plan.warnings[i]);
	for (size_t i = 0; i < s->plan.n_notes; i++)
		log_info("%s", s->plan.notes[i]);
}

static int set_up_locked(struct setup *s, struct store *store, struct error *e)
{
	int r;

	r = settle_earlier(s, store, e);
	if (r)
		return r < 0 ? -1 : 0;
	r = setup_plan(s, NULL, e);
	if (r == SETUP_LATER && s->last_chance)
		return error_set(
		    e, ERROR_HOST,
		    "the container runs, but its VM process does not yet (--vm-pid-file, "
		    "or its annotation): systemd makes a scope only around a process");
	if (r == SETUP_LATER)
		log_warning("the VM process does not run yet, and systemd makes a scope only "
			    "around a process: poststart sets everything up");
	if (r)
		return r < 0 ? -1 : 0;
	log_plan(s);
	if (apply(s, store, e) < 0)
		return -1;
	log_info("%s: %s %s, VM process %lld", s->plan.path, mode_name[s->plan.mode],
		 manager_name[s->plan.manager], (long long)s->vm);
	return 0;
}

/* A user without a run directory, to whom nothing is delegated either: there is nothing to do. */
static bool nothing_to_record(struct setup *s)
{
	struct error e;

	if (setup_plan(s, NULL, &e) != 0 || !s->target.nothing)
		return false;
	log_plan(s);
	return true;
}

int setup_run(struct setup *s, struct error *e)
{
	struct context *c = s->context;
	struct store store = STORE_NONE;
	int r;

	if (!s->state.pid && !c->options.vm_pid && !c->options.vm_pid_file)
		return error_set(
		    e, ERROR_INPUT,
		    "state: \"pid\" is missing or 0, and no VM process is named: setup "
		    "needs one of them (--vm-pid, --vm-pid-file)");
	if (c->options.dry_run) {
		if (setup_plan(s, NULL, e) < 0)
			return -1;
		setup_print(s);
		return 0;
	}
	r = store_open(&store, c->root, true, e);
	if (r < 0 && c->rootless && nothing_to_record(s))
		return 0;
	if (r == 0)
		r = store_lock(&store, s->state.id, STORE_LOCK_MS, e);
	if (r == STORE_ABSENT)
		r = error_set(e, ERROR_HOST,
			      "the container's id has %zu bytes: its record needs a file name, and "
			      "those end at 246; use a shorter id",
			      strlen(s->state.id));
	if (r == 0) {
		s->store = &store;
		r = set_up_locked(s, &store, e);
		s->store = NULL;
	}
	store_close(&store);
	return r;
}

int setup_command(struct context *c, struct error *e)
{
	struct setup s;
	int r;

	r = setup_read(&s, c, e);
	if (r == 0)
		r = setup_run(&s, e);
	setup_release(&s);
	return r;
}
