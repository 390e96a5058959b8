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
#include "hook/bus.h"
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

/* systemd joins a scope to blkio only when a limit there was asked for. */
static bool is_joined(const struct record *r, const char *hierarchy)
{
	if (r->manager != MANAGER_SYSTEMD || strcmp(hierarchy, "blkio") != 0)
		return true;
	for (size_t i = 0; i < r->n_steps; i++)
		if (strcmp(r->steps[i].step.controller, hierarchy) == 0)
			return true;
	return false;
}

/* One step for each hierarchy where the VM is not in its place yet. */
static void add_moves(struct record *r, const struct facts_process *vm, const char *why,
		      struct arena *a)
{
	const char *pid = arena_printf(a, "%lld", (long long)vm->pid);

	for (size_t i = 0; i < r->n_mounts; i++) {
		const char *name = r->mounts[i].name;
		const char *to = facts_first_of_mount(r->mounts, i) && is_joined(r, name)
				     ? place_for(r, name)
				     : NULL;
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

/* r has the new steps and the new VM; before is the record to go back to. */
static int move(struct setup *s, struct store *store, struct record *r, const struct record *before,
		struct error *e)
{
	struct cgroupfs fs;
	struct apply ap = {.arena = s->arena,
			   .fs = &fs,
			   .record = r,
			   .vm = s->held,
			   .first = before->n_steps,
			   .page_size = (uint64_t)sysconf(_SC_PAGESIZE)};
	int result;

	if (bus_unneeded(s->context, e) < 0)
		return -1;
	cgroupfs_open(&fs, s->arena, r->mounts, r->n_mounts, s->context->options.yard);
	result = apply_look(&ap, e);
	if (result == 0)
		result = store_save(store, r, e);
	if (result == 0 && apply_run(&ap, e) < 0) {
		result = -1;
		/* The move is undone: the record says so, and the container goes on. */
		if (e->kind != ERROR_UNDO)
			store_save(store, before, NULL);
		else
			error_add(e, "; the record %s/%s.json stays: run vmcg destroy %s",
				  store->root, r->id, r->id);
	}
	cgroupfs_close(&fs);
	return result;
}

static void print_moves(struct text *out, const struct record *r, size_t first)
{
	for (size_t i = first; i < r->n_steps; i++) {
		const struct plan_step *s = &r->steps[i].step;

		text_printf(out, "%s %s %s %s = %s  # %s\n", plan_op_name[s->op],
			    *s->controller ? s->controller : "-", s->path,
			    s->file ? s->file : "pid", s->value, s->why);
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

/* The VM that setup placed, unless the caller names another or one with a KVM VM is found. */
static bool is_placed(const struct setup *s, const struct record *r)
{
	struct held_process was = PROCS_NONE;
	bool same;

	if (strcmp(s->vm_why, "state:/pid") != 0 || !r->vm.pid ||
	    procs_hold(&was, r->vm.pid, NULL) < 0)
		return false;
	same = was.start == r->vm.start;
	procs_release(&was);
	return same;
}

/* Init stays in its runtime's group, unless it was setup that placed it. */
static bool is_runtimes(const struct setup *s, const struct record *r)
{
	return s->vm == s->init && r->vm.pid != s->init;
}

/* The affinity of before would outlive the move into a cpuset that setup has set. */
static void add_affinity(struct record *r, size_t first, const char *why, struct arena *a)
{
	bool set = false, moved = false;

	for (size_t i = 0; i < r->n_steps; i++) {
		const struct plan_step *s = &r->steps[i].step;

		set |= (s->op == PLAN_WRITE || s->op == PLAN_VERIFY) &&
		       strcmp(s->file, "cpuset.cpus") == 0;
		moved |= i >= first &&
			 (strcmp(s->controller, "cpuset") == 0 || r->layout == LAYOUT_UNIFIED);
	}
	if (set && moved)
		ARENA_APPEND(a, r->steps, r->n_steps)->step =
		    (struct plan_step){.phase = PHASE_PLACE,
				       .op = PLAN_AFFINITY,
				       .controller = "cpuset",
				       .path = r->path,
				       .value = r->steps[first].step.value,
				       .why = why};
}

static int place_late(struct setup *s, struct store *store, struct record *r, struct error *e)
{
	const struct record before = *r;
	struct facts_process vm = {0};

	if (find_vm(&vm, s, e) < 0)
		return -1;
	if (is_placed(s, r) || is_runtimes(s, r)) {
		log_info("VM process %lld stays", (long long)(r->vm.pid ? r->vm.pid : vm.pid));
		return 0;
	}
	add_moves(r, &vm, s->vm_why, s->arena);
	if (r->n_steps == before.n_steps) {
		log_info("VM process %lld is in place", (long long)vm.pid);
		return 0;
	}
	add_affinity(r, before.n_steps, s->vm_why, s->arena);
	if (s->context->options.dry_run) {
		print_moves(s->context->out, r, before.n_steps);
		return 0;
	}
	r->vm = vm;
	if (move(s, store, r, &before, e) < 0)
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
	s.last_chance = true;
	if (r == 0)
		r = run(&s, &absent, e);
	if (r == 0 && absent)
		r = setup_run(&s, e);
	setup_release(&s);
	return r;
}
