/* SPDX-License-Identifier: Apache-2.0 */
/*
 * step_place - the VM process, moved and looked for where it should be
 *
 * The process is held (pidfd and start time) and looked at before each write, so
 * that its number is its own. A write to cgroup.procs that the kernel takes is still no proof:
 * after the last one /proc/PID/cgroup must say what was asked.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "hook/apply.h"
#include "hook/quirks.h"

/* A process that is being forked is not there yet (EINVAL): runc's figures. */
enum { NEW_TASK_TRIES = 5, NEW_TASK_PAUSE_MS = 30 };

static int explain(const struct apply *ap, const struct plan_step *s, struct error *e)
{
	const char *hint = quirks_hint(apply_version(ap, s), s->file, e->os);

	if (e->os == ESRCH)
		return apply_process_gone(ap, s, e);
	return hint ? error_add(e, "; %s", hint) : -1;
}

/* Is this the last placement of its process? Then all of them are checked. */
static bool is_last(const struct apply *ap, const struct record_step *s)
{
	const struct record_step *end = ap->record->steps + ap->record->n_steps;

	for (const struct record_step *next = s + 1; next < end; next++)
		if (next->step.op == PLAN_PLACE && strcmp(next->step.value, s->step.value) == 0)
			return false;
	return true;
}

/* A yard knows no /proc: the test build has the process where it was written last. */
static int verify(struct apply *ap, const struct held_process *p, const struct record_step *last,
		  struct error *e)
{
	struct facts_process now = {0};

	if (ap->fs->yard)
		return 0;
	if (procs_cgroups(&now.cgroups, &now.n_cgroups, ap->arena, "/proc", p->pid, e) < 0)
		return apply_process_gone(ap, &last->step, e);
	for (size_t i = 0; i < ap->record->n_steps; i++) {
		const struct plan_step *s = &ap->record->steps[i].step;
		const char *is;

		if (s->op != PLAN_PLACE || strcmp(s->value, last->step.value) != 0)
			continue;
		is = facts_process_path(&now, s->controller);
		if (!is || strcmp(is, s->path) != 0)
			return error_set(
			    e, ERROR_FAILED,
			    "process %lld was moved to %s in the %s hierarchy, but the "
			    "kernel says it is in %s",
			    (long long)p->pid, s->path, *s->controller ? s->controller : "unified",
			    is ? is : "none");
	}
	return procs_alive(p) ? 0 : apply_process_gone(ap, &last->step, e);
}

int step_place(struct apply *ap, struct record_step *s, struct error *e)
{
	const struct held_process *p = apply_process(ap, &s->step);

	/* Once it has been reaped its number is free, pidfd or not. */
	if (!p || !procs_alive(p))
		return apply_process_gone(ap, &s->step, e);
	for (int tries = 1;; tries++) {
		if (cgroupfs_write(ap->fs, s->step.controller, s->step.path, s->step.file,
				   s->step.value, e) == 0)
			break;
		if (e->os != EINVAL || tries == NEW_TASK_TRIES)
			return explain(ap, &s->step, e);
		nanosleep(&(struct timespec){.tv_nsec = NEW_TASK_PAUSE_MS * 1000000L}, NULL);
	}
	return is_last(ap, s) ? verify(ap, p, s, e) : 0;
}

int step_affinity(struct apply *ap, struct record_step *s, struct error *e)
{
	const struct held_process *p = apply_process(ap, &s->step);

	return p ? procs_reset_affinity(p->pid, e) : apply_process_gone(ap, &s->step, e);
}
