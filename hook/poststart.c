/* SPDX-License-Identifier: Apache-2.0 */
/*
 * poststart - the VM process that setup could not find, because it did not run yet
 *
 * The groups stand; what is missing is the move, a change like any other.
 */
#include "hook/poststart.h"

#include <stdlib.h>
#include <string.h>

#include "hook/change.h"
#include "hook/changelog.h"
#include "hook/log.h"
#include "hook/moves.h"
#include "hook/setup.h"
#include "hook/setup_facts.h"

static int find_vm(struct facts_process *ret, struct setup *s, struct error *e)
{
	const struct facts_process *vm;

	s->plan = (struct plan){.arena = s->arena};
	if (setup_facts(s, NULL, e) < 0)
		return -1;
	vm = facts_process(&s->facts, s->vm);
	if (!vm)
		return error_set(e, ERROR_HOST, "the container runs, but no VM process was found");
	*ret = *vm;
	return 0;
}

/* The VM that setup placed, unless the caller names another or one with a KVM VM is found. */
static bool is_placed(const struct setup *s, const struct record *r)
{
	return strcmp(s->vm_why, "state:/pid") == 0 && procs_runs(&r->vm);
}

static bool was_moved(const struct record *r, int64_t pid)
{
	for (size_t i = 0; i < r->n_steps; i++)
		if (r->steps[i].step.op == PLAN_PLACE &&
		    strtoll(r->steps[i].step.value, NULL, 10) == pid)
			return true;
	return false;
}

/* Another VM than setup's: that one is among the added from now on, for teardown to take it back to
 * where it came from. */
static void replace_vm(struct record *r, const struct facts_process *vm, struct arena *a)
{
	const struct facts_process *was = r->added;
	size_t n = r->n_added;

	if (r->vm.pid != vm->pid && was_moved(r, r->vm.pid) && procs_runs(&r->vm)) {
		r->added = NULL;
		r->n_added = 0;
		for (size_t i = 0; i < n; i++)
			if (was[i].pid != r->vm.pid)
				*ARENA_APPEND(a, r->added, r->n_added) = was[i];
		*ARENA_APPEND(a, r->added, r->n_added) = r->vm;
	}
	r->vm = *vm;
}

/* Init stays in its runtime's group, unless it was setup that placed it. */
static bool is_runtimes(const struct setup *s, const struct record *r)
{
	return s->vm == s->init && r->vm.pid != s->init;
}

static int place_late(struct setup *s, struct change *c, struct error *e)
{
	struct apply ap = {0};
	const struct record *r = &c->before;
	struct facts_process vm = {0};
	struct plan_step *steps = NULL;
	size_t n = 0;

	if (find_vm(&vm, s, e) < 0)
		return -1;
	if (is_placed(s, r) || is_runtimes(s, r)) {
		log_info("VM process %lld stays", (long long)(r->vm.pid ? r->vm.pid : vm.pid));
		return 0;
	}
	moves_add(&steps, &n, r, &vm, s->vm_why, s->arena);
	if (n == 0) {
		log_info("VM process %lld is in place", (long long)vm.pid);
		return 0;
	}
	replace_vm(&c->after, &vm, s->arena);
	ap.held = &s->held;
	ap.n_held = 1;
	if (change_run(c, &ap, steps, n, e) < 0)
		return -1;
	if (s->context->options.dry_run)
		changelog_print(c);
	else
		log_info("VM process %lld (%s) placed in %s", (long long)vm.pid, vm.comm, r->path);
	return 0;
}

/* *ret_absent: there is no finished setup. */
static int run(struct setup *s, bool *ret_absent, struct error *e)
{
	struct change c = CHANGE_NONE;
	int r;

	r = store_open(&c.store, s->context->root, false, e);
	if (r == 0)
		r = store_lock(&c.store, s->state.id, STORE_LOCK_MS, e);
	if (r == 0)
		r = store_load(&c.before, &c.store, s->state.id, s->arena, e);
	if (r == 0 && c.before.status == RECORD_APPLIED &&
	    setup_is_this_boot(c.before.boot, s->arena))
		r = change_begin(&c, s->context, e) < 0 ? -1 : place_late(s, &c, e);
	else if (r == 0)
		r = STORE_ABSENT; /* half done, or gone with the last boot: setup starts over */
	change_close(&c);
	*ret_absent = r == STORE_ABSENT;
	return r < 0 ? -1 : 0;
}

int poststart_command(struct context *c, struct error *e)
{
	bool absent = false;
	struct setup s;
	int r;

	r = setup_read(&s, c, e);
	s.last_chance = true;
	if (r == 0)
		r = run(&s, &absent, e);
	if (r == 0 && absent)
		r = setup_run(&s, e);
	setup_release(&s);
	return r;
}
