/* SPDX-License-Identifier: Apache-2.0 */
/*
 * add - the command that places more processes: virtiofsd, vhost-user daemons
 *
 * All of them or none: each is held before anything is moved, and when one cannot
 * be placed those before it go back.
 */
#include "hook/add.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hook/change.h"
#include "hook/log.h"
#include "hook/moves.h"
#include "hook/others.h"
#include "hook/procs.h"
#include "hook/replan.h"
#include "oci/jsonw.h"

#define WHY "command:add"

/* The kernel's own bound of kernel.pid_max. */
enum { PID_LARGEST = 4194304 };

struct add {
	struct change change;
	struct held_process *held;
	size_t n_held;
	struct facts_process *processes; /* the same, described */
	size_t n_processes;
	struct plan_step *steps;
	size_t n_steps;
};

/* --- who --- */

static int parse(int64_t *ret, const char *text, struct error *e)
{
	char *end;
	long long pid = strtoll(text, &end, 10);

	if (end == text || *end || text[0] == '+' || text[0] == ' ' || pid <= 0)
		return error_set(e, ERROR_USAGE, "\"%s\" is not a process number", text);
	if (pid > PID_LARGEST)
		return error_set(e, ERROR_USAGE,
				 "%s: no process can have that number, Linux gives none above %d",
				 text, PID_LARGEST);
	*ret = pid;
	return 0;
}

/* Held first and looked at then, so that what is seen is about that process. Naming one twice,
 * or two threads of it, is naming it once. */
static int hold(struct add *x, const char *text, struct error *e)
{
	struct arena *a = x->change.context->arena;
	struct held_process p = PROCS_NONE;
	int64_t pid = 0;

	if (parse(&pid, text, e) < 0 || procs_hold(&p, pid, e) < 0)
		return -1;
	for (size_t i = 0; i < x->n_held; i++) {
		if (x->held[i].pid == p.pid) {
			procs_release(&p);
			return 0;
		}
	}
	*ARENA_APPEND(a, x->held, x->n_held) = p;
	return procs_describe(ARENA_APPEND(a, x->processes, x->n_processes), a, "/proc", p.pid, e);
}

/* --- may it be moved? --- */

static int refuse_foreign(struct add *x, const struct facts_process *p, struct error *e)
{
	const struct record *r = &x->change.before;
	const char *others;
	int got;

	if (procs_refuse(p->pid, e) < 0)
		return -1;
	if (r->mode == MODE_OWN && p->pid == r->init.pid && p->start == r->init.start &&
	    r->vm.pid != r->init.pid)
		return error_set(e, ERROR_HOST,
				 "process %lld (%s) is the container's init: out of its runtime's "
				 "cgroup exec, pause and kill of the container would fail",
				 (long long)p->pid, p->comm);
	got = others_find(&others, &x->change.store, r, p, x->change.context->arena, e);
	if (got)
		return got < 0 ? -1 : 0;
	return error_set(e, ERROR_HOST,
			 "process %lld (%s) belongs to another container, %s, whose limits are its "
			 "own (vmcg show %s)",
			 (long long)p->pid, p->comm, others, others);
}

/* --- the record --- */

/* One of the same number that has ended makes room. */
static void remember(struct add *x, const struct facts_process *p)
{
	struct record *r = &x->change.after;
	struct arena *a = x->change.context->arena;
	const struct facts_process *was = r->added;
	size_t n = r->n_added;

	r->added = NULL;
	r->n_added = 0;
	for (size_t i = 0; i < n; i++)
		if (was[i].pid != p->pid)
			*ARENA_APPEND(a, r->added, r->n_added) = was[i];
	*ARENA_APPEND(a, r->added, r->n_added) = *p;
}

/* Its former number may be on record with another's origin. */
static void forget_number(struct add *x, const struct facts_process *p)
{
	struct record *r = &x->change.before;
	struct arena *a = x->change.context->arena;
	const struct facts_process *known = record_process(r, p->pid);
	struct record_step *kept = NULL;
	size_t n = 0;

	if (!known || known->start == p->start)
		return;
	for (size_t i = 0; i < r->n_steps; i++)
		if (r->steps[i].step.op != PLAN_PLACE ||
		    strtoll(r->steps[i].step.value, NULL, 10) != p->pid)
			*ARENA_APPEND(a, kept, n) = r->steps[i];
	r->steps = kept;
	r->n_steps = n;
}

static int plan_one(struct add *x, const struct facts_process *p, struct error *e)
{
	const struct record *r = &x->change.before;
	size_t before = x->n_steps;

	if (refuse_foreign(x, p, e) < 0)
		return -1;
	moves_add(&x->steps, &x->n_steps, r, p, WHY, x->change.context->arena);
	if (x->n_steps == before) {
		log_info("process %lld (%s) is in place", (long long)p->pid, p->comm);
		return 0;
	}
	/* The VM itself, moved away by somebody, is on record already. */
	if (p->pid != r->vm.pid || p->start != r->vm.start) {
		forget_number(x, p);
		remember(x, p);
	}
	return 0;
}

/* --- the whole --- */

static bool was_moved(const struct add *x, const struct facts_process *p)
{
	for (size_t i = 0; i < x->n_steps; i++)
		if (x->steps[i].op == PLAN_PLACE && strtoll(x->steps[i].value, NULL, 10) == p->pid)
			return true;
	return false;
}

static const char *result(const struct add *x, const struct facts_process *p)
{
	if (!was_moved(x, p))
		return "in place";
	return x->change.context->options.dry_run ? "would be placed" : "placed";
}

static void print(struct add *x)
{
	struct context *c = x->change.context;
	struct jsonw w = {.out = c->out, .pretty = true};

	if (c->options.json)
		jsonw_array(&w, NULL);
	for (size_t i = 0; i < x->n_processes; i++) {
		const struct facts_process *p = &x->processes[i];

		if (c->options.json) {
			jsonw_flat_object(&w, NULL);
			jsonw_int(&w, "pid", p->pid);
			jsonw_string(&w, "comm", p->comm);
			jsonw_bool(&w, "moved", was_moved(x, p) && !c->options.dry_run);
			jsonw_string(&w, "result", result(x, p));
			jsonw_string(&w, "path", x->change.after.path);
			jsonw_end_object(&w);
		} else {
			text_printf(c->out, "%lld %s %s in %s\n", (long long)p->pid, p->comm,
				    was_moved(x, p) ? result(x, p) : "is", x->change.after.path);
		}
	}
	if (c->options.json) {
		jsonw_end_array(&w);
		text_puts(c->out, "\n");
	}
}

static int run(struct add *x, struct error *e)
{
	struct context *c = x->change.context;
	struct apply ap = {0};

	if (x->change.before.n_steps == 0 && c->rootless)
		return error_set(e, ERROR_HOST, "%s: there is no group to place a process in: %s",
				 x->change.before.id, REPLAN_NOTHING);
	for (size_t i = 1; i < c->n_args; i++)
		if (hold(x, c->args[i], e) < 0)
			return -1;
	for (size_t i = 0; i < x->n_processes; i++)
		if (plan_one(x, &x->processes[i], e) < 0)
			return -1;
	ap.held = x->held;
	ap.n_held = x->n_held;
	if (x->n_steps && change_run(&x->change, &ap, x->steps, x->n_steps, e) < 0)
		return -1;
	print(x);
	return 0;
}

int add_command(struct context *c, struct error *e)
{
	struct add x = {.change = CHANGE_NONE};
	int64_t pid;
	int r = 0;

	for (size_t i = 1; i < c->n_args && r == 0; i++)
		r = parse(&pid, c->args[i], e);
	if (r == 0)
		r = change_open(&x.change, c, c->args[0], e);
	if (r == 0)
		r = run(&x, e);
	for (size_t i = 0; i < x.n_held; i++)
		procs_release(&x.held[i]);
	change_close(&x.change);
	return r;
}
