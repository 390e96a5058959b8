/* SPDX-License-Identifier: Apache-2.0 */
/*
 * undo_processes - the processes of a group, back to where they came from
 */
#include "hook/undo_processes.h"

#include <stdlib.h>
#include <string.h>

#include "hook/cgpath.h"
#include "hook/drain.h"

bool undo_is_own_target(const struct undo *u, const char *path)
{
	return u->record->mode == MODE_OWN && strcmp(path, u->record->path) == 0;
}

/* A failed setup never kills: the VM ran before it and goes on. */
static bool kills(const struct undo *u)
{
	return u->record->kill && !u->rollback;
}

/* Does a process of the record, if it still is that process, sit in this very group? */
static bool is_in(const struct undo *u, int64_t pid, const char *controller, const char *path)
{
	const struct facts_process *p = NULL;
	const char *is;
	int64_t *pids;
	size_t n = 0;

	for (size_t i = 0; i < u->n_processes && !p; i++)
		if (u->processes[i].now.pid == pid)
			p = &u->processes[i].now;
	if (!u->fs->yard) {
		is = p ? facts_process_path(p, controller) : NULL;
		return is && strcmp(is, path) == 0;
	}
	/* In a yard only the files know. */
	if (!p || cgroupfs_procs(&pids, &n, u->fs, controller, path, NULL))
		return false;
	while (n && pids[n - 1] != pid)
		n--;
	return n;
}

/* Only who was put here by us goes back, if it is still that process. */
static int take_back(const struct undo *u, const struct record_step *s, struct error *e)
{
	int64_t pid = strtoll(s->step.value, NULL, 10);

	if (!s->old || !is_in(u, pid, s->step.controller, s->step.path))
		return 0;
	return drain_one(u->fs, s->step.controller, pid, s->old, e);
}

/* Where a process came from in a hierarchy: its own placement tells. What nobody placed was
 * forked by the VM. */
static const char *origin_of(const void *ctx, const char *controller, int64_t pid)
{
	const struct undo *u = ctx;
	const char *origin = NULL;

	for (size_t i = 0; i < u->record->n_steps; i++) {
		const struct record_step *s = &u->record->steps[i];

		if (s->step.op != PLAN_PLACE || !s->old ||
		    strcmp(s->step.controller, controller) != 0)
			continue;
		if (strtoll(s->step.value, NULL, 10) == pid)
			return s->old;
		if (!origin)
			origin = s->old;
	}
	if (!origin)
		origin = facts_process_path(&u->record->vm, controller);
	return origin ? origin : cgpath_parent(u->arena, u->record->path);
}

int undo_empty(const struct undo *u, const char *controller, const char *path,
	       enum drain_depth depth, struct error *e)
{
	if (kills(u))
		return drain_kill(u->fs, controller, path, depth, e);
	return drain_move(u->fs, controller, path, depth, origin_of, u, e);
}

/* Did the steps that are undone make the target in this hierarchy? Then it goes with them. */
static bool goes_away(const struct undo *u, const char *controller)
{
	for (size_t i = u->first; i < u->end; i++) {
		const struct record_step *s = &u->record->steps[i];

		if (s->step.op == PLAN_MKDIR && s->fresh && undo_is_own_target(u, s->step.path) &&
		    strcmp(s->step.controller, controller) == 0)
			return true;
	}
	return false;
}

int undo_place(const struct undo *u, const struct record_step *s, struct error *e)
{
	/* A group that goes is emptied when it goes. */
	if (undo_is_own_target(u, s->step.path) && goes_away(u, s->step.controller))
		return 0;
	/* One that was there, and empty: its children, if it has any by now, are others'. */
	if (undo_is_own_target(u, s->step.path) && !u->record->joined && !u->partial)
		return undo_empty(u, s->step.controller, s->step.path, DRAIN_GROUP, e);
	return take_back(u, s, e);
}

int undo_drain_vm(const struct undo *u, const char *controller, const char *path, struct error *e)
{
	int64_t pid = u->record->vm.pid;

	if (kills(u) || !is_in(u, pid, controller, path))
		return 0;
	return drain_one(u->fs, controller, pid, origin_of(u, controller, pid), e);
}

/* --- where they are --- */

static void look_for(struct undo *u, const struct facts_process *was)
{
	struct undo_process p = {.held = PROCS_NONE};

	if (procs_hold_known(&p.held, was, NULL) != 0)
		return;
	p.now.pid = was->pid;
	if (procs_cgroups(&p.now.cgroups, &p.now.n_cgroups, u->arena, "/proc", was->pid, NULL) < 0)
		p.now.n_cgroups = 0;
	*ARENA_APPEND(u->arena, u->processes, u->n_processes) = p;
}

void undo_look_for_processes(struct undo *u)
{
	u->processes = NULL;
	u->n_processes = 0;
	look_for(u, &u->record->vm);
	for (size_t i = 0; i < u->record->n_added; i++)
		look_for(u, &u->record->added[i]);
}

void undo_release_processes(struct undo *u)
{
	for (size_t i = 0; i < u->n_processes; i++)
		procs_release(&u->processes[i].held);
	u->n_processes = 0;
}
