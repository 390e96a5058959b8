/* SPDX-License-Identifier: Apache-2.0 */
/*
 * poststart - the VM process that setup could not find, because it did not run yet
 *
 * The groups stand; what is missing is the move. It is recorded and undone like
 * any other step: the steps are appended to the record, which is saved before
 * the first of them is taken.
 */
#include "hook/poststart.h"

#include <string.h>
#include <unistd.h>

#include "hook/apply.h"
#include "hook/cgpath.h"
#include "hook/log.h"
#include "hook/setup.h"
#include "hook/setup_facts.h"
#include "hook/store.h"

/* Where the VM belongs in a hierarchy: the target, or in adopt mode init's own group in it. */
static const char *place_for(const struct record *r, const char *hierarchy)
{
	const char *init;

	if (r->mode == MODE_OWN)
		return r->path;
	init = facts_process_path(&r->init, hierarchy);
	return init && cgpath_within(init, r->path) ? init : NULL;
}

/* One step for each hierarchy where the VM is not in its place yet. */
static void add_moves(struct record *r, const struct facts_process *vm, const char *why,
		      struct arena *a)
{
	const char *pid = arena_printf(a, "%lld", (long long)vm->pid);

	for (size_t i = 0; i < r->n_mounts; i++) {
		const char *name = r->mounts[i].name;
		const char *to = facts_first_of_mount(r->mounts, i) ? place_for(r, name) : NULL;
		const char *is = facts_process_path(vm, name);

		if (!to || (is && cgpath_within(is, r->mode == MODE_OWN ? r->path : to)))
			continue;
		ARENA_APPEND(a, r->steps, r->n_steps)->step =
		    (struct plan_step){.phase = PHASE_PLACE,
				       .op = PLAN_PLACE,
				       .controller = strcmp(name, "unified") == 0 ? "" : name,
				       .path = to,
				       .file = "cgroup.procs",
				       .value = pid,
				       .why = why};
	}
}

static int move(struct setup *s, struct store *store, struct record *r, size_t first,
		struct error *e)
{
	struct cgroupfs fs;
	struct apply ap = {.arena = s->arena,
			   .fs = &fs,
			   .record = r,
			   .vm = s->held,
			   .first = first,
			   .page_size = (uint64_t)sysconf(_SC_PAGESIZE)};
	struct record before = *r;
	int result;

	cgroupfs_open(&fs, s->arena, r->mounts, r->n_mounts, s->context->options.yard);
	result = apply_look(&ap, e);
	if (result == 0)
		result = store_save(store, r, e);
	if (result == 0 && apply_run(&ap, e) < 0) {
		result = -1;
		/* The move is undone: the record says so, and the container goes on. */
		before.n_steps = first;
		if (e->kind != ERROR_UNDO)
			store_save(store, &before, NULL);
	}
	cgroupfs_close(&fs);
	return result;
}

static void print_moves(struct text *out, const struct record *r, size_t first)
{
	for (size_t i = first; i < r->n_steps; i++) {
		const struct plan_step *s = &r->steps[i].step;

		text_printf(out, "%s %s %s %s = %s  # %s\n", plan_op_name[s->op],
			    *s->controller ? s->controller : "-", s->path, s->file, s->value,
			    s->why);
	}
}

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

static int place_late(struct setup *s, struct store *store, struct record *r, struct error *e)
{
	size_t first = r->n_steps;
	struct facts_process vm = {0};

	if (find_vm(&vm, s, e) < 0)
		return -1;
	/* Never init out of its runtime's group. */
	if (r->mode == MODE_ADOPT && vm.pid == r->init.pid)
		return 0;
	add_moves(r, &vm, s->vm_why, s->arena);
	if (r->n_steps == first) {
		log_info("VM process %lld is in place", (long long)vm.pid);
		return 0;
	}
	if (s->context->options.dry_run) {
		print_moves(s->context->out, r, first);
		return 0;
	}
	r->vm = vm;
	if (move(s, store, r, first, e) < 0)
		return -1;
	log_info("VM process %lld (%s) placed in %s", (long long)vm.pid, vm.comm, r->path);
	return 0;
}

static int run(struct setup *s, bool *ret_absent, struct error *e)
{
	struct store store = STORE_NONE;
	struct record record;
	int r;

	r = store_open(&store, s->context->root, false, e);
	if (r == 0)
		r = store_lock(&store, s->state.id, STORE_LOCK_MS, e);
	if (r == 0)
		r = store_load(&record, &store, s->state.id, s->arena, e);
	if (r == 0 && record.status == RECORD_APPLIED)
		r = place_late(s, &store, &record, e);
	else if (r == 0)
		r = STORE_ABSENT; /* half done: setup takes it down and starts over */
	store_close(&store);
	*ret_absent = r == STORE_ABSENT;
	return r < 0 ? -1 : 0;
}

int poststart_command(struct context *c, struct error *e)
{
	bool absent = false;
	struct setup s;
	int r;

	r = setup_read(&s, c, e);
	if (r == 0)
		r = run(&s, &absent, e);
	if (r == 0 && absent)
		r = setup_run(&s, e);
	setup_release(&s);
	return r;
}
