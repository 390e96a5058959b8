/* SPDX-License-Identifier: Apache-2.0 */
/*
 * apply - carry out a plan, remember how to take it back
 */
#include "hook/apply.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hook/cgpath.h"
#include "hook/fault.h"
#include "hook/log.h"
#include "hook/quirks.h"
#include "hook/undo.h"

static int (*const take[])(struct apply *, struct record_step *, struct error *) = {
    [PLAN_CHECK] = step_check,       [PLAN_MKDIR] = step_mkdir,     [PLAN_ENABLE] = step_enable,
    [PLAN_INHERIT] = step_inherit,   [PLAN_DEVICES] = step_devices, [PLAN_PLACE] = step_place,
    [PLAN_AFFINITY] = step_affinity, [PLAN_WRITE] = step_write,     [PLAN_START] = step_start,
    [PLAN_SET] = step_set,           [PLAN_VERIFY] = step_verify,
};

int apply_version(const struct apply *ap, const struct plan_step *s)
{
	return record_version(ap->record, s->controller);
}

/* The process of a step: what it places, or what a scope is started around. */
static int64_t pid_of(const struct apply *ap, const struct plan_step *s)
{
	return s->op == PLAN_PLACE || s->op == PLAN_AFFINITY ? strtoll(s->value, NULL, 10)
							     : ap->record->vm.pid;
}

const struct held_process *apply_process(const struct apply *ap, const struct plan_step *s)
{
	int64_t pid = pid_of(ap, s);

	for (size_t i = 0; i < ap->n_held; i++)
		if (ap->held[i].pid == pid)
			return &ap->held[i];
	return NULL;
}

int apply_process_gone(const struct apply *ap, const struct plan_step *s, struct error *e)
{
	int64_t pid = pid_of(ap, s);
	const struct facts_process *p = record_process(ap->record, pid);

	return error_set(e, ERROR_FAILED, "%s %lld (%s) is gone",
			 p == &ap->record->vm ? "the VM process" : "process", (long long)pid,
			 p && p->comm ? p->comm : "?");
}

/* Where the process of a step was in its hierarchy when the facts were read; before a change, where
 * it is: the record knows where it came from at first. */
static const char *former_place(const struct apply *ap, const struct plan_step *s)
{
	const struct facts_process *p = record_process(ap->record, pid_of(ap, s));
	struct facts_process now = {0};

	if (ap->partial && !ap->fs->yard && p &&
	    procs_cgroups(&now.cgroups, &now.n_cgroups, ap->arena, "/proc", p->pid, NULL) == 0)
		p = &now;
	return p ? facts_process_path(p, s->controller) : NULL;
}

/* The plan makes a directory because the facts saw none there; at and below it there is
 * nothing to read. (Should one appear meanwhile, step_mkdir says whose it is.) */
static bool is_absent(const struct apply *ap, const struct record_step *s)
{
	for (const struct record_step *made = ap->record->steps; made <= s; made++)
		if (made->step.op == PLAN_MKDIR && cgpath_within(s->step.path, made->step.path) &&
		    cgroupfs_together(ap->fs, s->step.controller, made->step.controller))
			return true;
	return false;
}

static int look_at(struct apply *ap, struct record_step *s, struct error *e)
{
	int fd, r;

	r = is_absent(ap, s) ? CGROUPFS_ABSENT
			     : cgroupfs_dir(&fd, ap->fs, s->step.controller, s->step.path, e);
	if (r < 0)
		return -1;
	s->fresh = r == CGROUPFS_ABSENT;
	if (s->step.op == PLAN_PLACE) {
		s->old = former_place(ap, &s->step);
		return 0;
	}
	if (s->step.op == PLAN_SET)
		return step_set_look(ap, s, e);
	if (s->step.op == PLAN_DEVICES && !s->fresh)
		return devfilter_look(&s->old, ap->fs, apply_version(ap, &s->step), s->step.path,
				      e);
	if (s->fresh || !s->step.file || s->step.op == PLAN_CHECK)
		return 0;
	/* An absent file is found out, and explained, when it is written. */
	return cgroupfs_read(&s->old, ap->fs, s->step.controller, s->step.path, s->step.file, e) < 0
		   ? -1
		   : 0;
}

static bool has_write(const struct record *r, const struct plan_step *like, const char *file)
{
	for (size_t i = 0; i < r->n_steps; i++) {
		const struct plan_step *s = &r->steps[i].step;

		if (s->op == PLAN_WRITE && strcmp(s->path, like->path) == 0 &&
		    strcmp(s->controller, like->controller) == 0 && strcmp(s->file, file) == 0)
			return true;
	}
	return false;
}

/*
 * A group that was there before may be in a state that refuses a write until
 * another file is reset (an idle group takes no weight). That reset is a step
 * like others: it is logged, recorded and undone.
 */
static int prepare_partner(struct apply *ap, size_t at, struct error *e)
{
	struct record *r = ap->record;
	struct record_step s = r->steps[at];
	const struct quirk *q = NULL;
	const char *live;
	int got;

	if (s.step.op == PLAN_WRITE && !s.fresh)
		q = quirks_find(apply_version(ap, &s.step), s.step.file);
	if (!q || !q->partner_value || has_write(r, &s.step, q->partner))
		return 0;
	got = cgroupfs_read(&live, ap->fs, s.step.controller, s.step.path, q->partner, e);
	if (got || strcmp(live, q->partner_value) == 0)
		return got < 0 ? -1 : 0;
	s.step.file = q->partner;
	s.step.value = q->partner_value;
	s.old = live;
	ARENA_APPEND(ap->arena, r->steps, r->n_steps);
	memmove(&r->steps[at + 1], &r->steps[at], (r->n_steps - 1 - at) * sizeof(s));
	r->steps[at] = s;
	return 0;
}

/* Did setup make the target in that hierarchy, as far as vmcg itself makes it? */
static bool was_made(const struct record *r, const char *controller)
{
	for (size_t i = 0; i < r->n_steps; i++) {
		const struct record_step *s = &r->steps[i];

		if (s->step.op == PLAN_MKDIR && s->fresh && strcmp(s->step.path, r->path) == 0 &&
		    strcmp(s->step.controller, controller) == 0)
			return true;
	}
	return false;
}

/* What vmcg made, and somebody has removed and made anew since, is no place for this VM. */
static int refuse_made_anew(struct apply *ap, const struct record_step *s, struct error *e)
{
	int r = cgroupfs_marked(ap->fs, s->step.controller, s->step.path, ap->record->id, e);

	if (r < 0)
		return -1;
	if (r != CGROUPFS_FOREIGN)
		return 0;
	return error_set(
	    e, ERROR_HOST,
	    "%s: vmcg made this cgroup, and somebody has removed it and made another in "
	    "its place; vmcg destroy %s drops the record, createRuntime makes a new one",
	    cgroupfs_path(ap->fs, s->step.controller, s->step.path, NULL), ap->record->id);
}

/*
 * A group that is there and bears vmcg's mark for another container is taken down with that
 * container, and whoever sits in it then would lose it.
 */
static int refuse_others_target(struct apply *ap, const struct record_step *s, struct error *e)
{
	const struct record *r = ap->record;
	int any, ours;

	if (r->mode != MODE_OWN || s->fresh || strcmp(s->step.path, r->path) != 0)
		return 0;
	if (ap->partial && was_made(ap->stored, s->step.controller))
		return refuse_made_anew(ap, s, e);
	any = cgroupfs_marked(ap->fs, s->step.controller, s->step.path, NULL, e);
	ours = any ? any : cgroupfs_marked(ap->fs, s->step.controller, s->step.path, r->id, e);
	if (any < 0 || ours < 0)
		return -1;
	if (any != 0 || ours == 0)
		return 0;
	return error_set(
	    e, ERROR_HOST,
	    "%s: another container's vmcg made this cgroup and has still to take it "
	    "down; run its poststop or vmcg destroy first (vmcg list shows whose it is)",
	    cgroupfs_path(ap->fs, s->step.controller, s->step.path, NULL));
}

int apply_look(struct apply *ap, struct error *e)
{
	for (size_t i = 0; i < ap->record->n_steps; i++) {
		if (look_at(ap, &ap->record->steps[i], e) < 0 ||
		    refuse_others_target(ap, &ap->record->steps[i], e) < 0) {
			e->kind = ERROR_HOST;
			return -1;
		}
	}
	for (size_t i = ap->record->n_steps; i-- > 0;) {
		if (prepare_partner(ap, i, e) < 0) {
			e->kind = ERROR_HOST;
			return -1;
		}
	}
	return 0;
}

/* Undo what was done so far, and let the message say how that went. */
int apply_undo(struct apply *ap, struct error *e)
{
	struct undo u = {.arena = ap->arena,
			 .fs = ap->fs,
			 .record = ap->record,
			 .page_size = ap->page_size,
			 .filters = ap->filters,
			 .n_filters = ap->n_filters,
			 .systemd = ap->systemd,
			 .store = ap->store,
			 .stored = ap->stored,
			 .rollback = true,
			 .partial = ap->partial};
	size_t end = ap->refused ? ap->done : ap->done + 1, touched = 0;
	struct error second;

	for (size_t i = 0; i < end && i < ap->record->n_steps; i++)
		touched += ap->record->steps[i].step.op != PLAN_CHECK;
	if (undo_steps(&u, 0, end, &second) < 0) {
		e->kind = ERROR_UNDO;
		return error_add(e, "; and the undo is incomplete: %s", second.text);
	}
	if (touched)
		e->kind = ERROR_FAILED;
	return error_add(e, "; everything was undone");
}

int apply_run(struct apply *ap, struct error *e)
{
	struct record *r = ap->record;

	if (!ap->given_up)
		ap->given_up = arena_alloc(ap->arena, (r->n_steps + 1) * sizeof(*ap->given_up));
	for (ap->done = 0; ap->done < r->n_steps; ap->done++) {
		struct record_step *s = &r->steps[ap->done];

		if (fault_at(ap->done + 1, e) < 0 || take[s->step.op](ap, s, e) < 0) {
			error_add(e, " (%s)", s->step.why);
			return apply_undo(ap, e);
		}
		log_debug("%s %s %s %s %s", plan_op_name[s->step.op], s->step.controller,
			  s->step.path, s->step.file ? s->step.file : "",
			  s->step.value ? s->step.value : "");
	}
	return 0;
}
