/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replan - the plan of a container again, from its record and the host as it is now
 */
#include "hook/replan.h"

#include "hook/below.h"
#include "hook/bus.h"
#include "hook/cgpath.h"
#include "hook/cgroupfs.h"
#include "hook/compose.h"
#include "hook/setup_facts.h"
#include "hook/unitplan.h"

/* Where the record's path comes from. */
static const char *path_why(const struct record *r)
{
	for (size_t i = 0; i < r->n_steps; i++) {
		enum plan_op op = r->steps[i].step.op;

		if (op == PLAN_MKDIR || op == PLAN_START || op == PLAN_SET)
			return r->steps[i].step.why;
	}
	return "record";
}

static void take_target(struct replan *p)
{
	const struct record *r = p->record;
	struct setup *s = &p->setup;

	s->target = (struct target){.manager = r->manager,
				    .mode = r->mode,
				    .path = r->path,
				    .id = r->id,
				    .unit = r->unit,
				    .slice = r->slice,
				    .why = path_why(r),
				    .tail = r->tail};
	/* Nothing was delegated to a rootless caller, and so nothing was done. */
	s->target.nothing = r->n_steps == 0 && s->facts.rootless;
	if (s->target.nothing)
		s->target.warning = REPLAN_NOTHING;
	s->target.fresh = facts_cgroup(&s->facts, r->path) == NULL;
	s->target.standing = r->manager == MANAGER_SYSTEMD && r->mode == MODE_OWN &&
			     unitplan_is_standing(&s->facts, r->path);
}

int replan_look(struct replan *p, struct context *c, const struct hypervisor_devices *devices,
		struct error *e)
{
	const struct record *r = p->record;
	struct setup *s = &p->setup;
	struct held_process init;

	*s = (struct setup){.context = c, .arena = c->arena, .held = PROCS_NONE};
	procs_hold_known(&init, &r->init, NULL);
	procs_hold_known(&s->held, &r->vm, NULL);
	s->plan = (struct plan){.arena = c->arena};
	s->state.id = r->id;
	s->config.resources = *p->resources;
	s->config.cgroups_path = r->tail ? NULL : r->path;
	s->init = init.pid;
	s->vm = s->held.pid;
	s->vm_why = "record:/vm";
	if (devices)
		s->devices = *devices;
	procs_release(&init);
	if (r->mode == MODE_ADOPT && !s->init)
		return error_set(
		    e, ERROR_HOST,
		    "the container has ended: its init (process %lld) is gone, and the "
		    "cgroup is its runtime's; vmcg destroy %s drops the record",
		    (long long)r->init.pid, r->id);
	if (setup_probe(s, e) < 0)
		return -1;
	take_target(p);
	return r->manager == MANAGER_SYSTEMD ? bus_version(&s->facts.systemd, c, NULL, e) : 0;
}

/* --- groups below the target --- */

static void add_step(struct plan *p, const struct plan_step *s)
{
	plan_add(p, s->phase, s->op, s->controller, s->path, s->file, s->value, s->why);
}

/* One file of the target and of a group below it. */
static struct below_sight see(struct cgroupfs *fs, const struct plan_step *s, const char *below)
{
	struct below_sight sight = {0};

	if (cgroupfs_read(&sight.live, fs, s->controller, below, s->file, NULL) != 0)
		sight.live = NULL;
	if (cgroupfs_read(&sight.above, fs, s->controller, s->path, s->file, NULL) != 0)
		sight.above = NULL;
	return sight;
}

/* A step of the target, and those of the groups on the way to init that go along with it. */
static void add_with_groups_below(struct replan *p, struct cgroupfs *fs, const struct plan_step *s)
{
	struct setup *setup = &p->setup;
	const struct facts_process *init = facts_process(&setup->facts, setup->init);
	bool v1 = facts_version(&setup->facts, s->controller) == 1;
	const char *leaf = init ? facts_process_path(init, v1 ? s->controller : "") : NULL;
	const struct plan_step **first = NULL, **after = NULL;
	size_t n_first = 0, n_after = 0;

	for (size_t i = cgpath_depth(s->path);
	     s->file && leaf && cgpath_below(leaf, s->path) && i < cgpath_depth(leaf); i++) {
		struct plan_step *step = ARENA_NEW(setup->arena, struct plan_step);
		struct below_sight sight;

		*step = *s;
		step->op = PLAN_WRITE;
		step->path = cgpath_head(setup->arena, leaf, i + 1);
		sight = see(fs, s, step->path);
		if (!below_follows(p->record, s, step->path, &sight))
			continue;
		if (below_goes_first(s, &sight, setup->arena))
			*ARENA_APPEND(setup->arena, first, n_first) = step;
		else
			*ARENA_APPEND(setup->arena, after, n_after) = step;
	}
	while (n_first)
		add_step(&setup->plan, first[--n_first]);
	add_step(&setup->plan, s);
	for (size_t i = 0; i < n_after; i++)
		add_step(&setup->plan, after[i]);
}

/* A runtime that keeps init below its scope gave the limits to that group as well. */
static void take_along(struct replan *p)
{
	struct setup *s = &p->setup;
	const struct plan_step *steps = s->plan.steps;
	size_t n = s->plan.n_steps;
	struct cgroupfs fs;

	s->plan.steps = NULL;
	s->plan.n_steps = 0;
	cgroupfs_open(&fs, s->arena, s->facts.mounts, s->facts.n_mounts, s->context->options.yard);
	for (size_t i = 0; i < n; i++)
		add_with_groups_below(p, &fs, &steps[i]);
	cgroupfs_close(&fs);
}

/* --- the plan --- */

int replan_compose(struct replan *p, const struct device_policy *given,
		   const struct device_policy *denied, bool only_devices, struct error *e)
{
	struct setup *s = &p->setup;
	const struct compose_input in = {.resources = p->resources,
					 .policy = &s->context->policy,
					 .facts = &s->facts,
					 .target = &s->target,
					 .devices = &s->devices,
					 .init = s->init,
					 .vm = s->vm,
					 .vm_why = s->vm_why,
					 .given = given,
					 .given_denied = denied,
					 .only_devices = only_devices};

	s->plan = (struct plan){.arena = s->arena};
	if (compose_plan(&s->plan, &in, e) < 0)
		return -1;
	if (s->target.mode == MODE_ADOPT && !only_devices)
		take_along(p);
	return 0;
}

void replan_release(struct replan *p)
{
	setup_release(&p->setup);
}
