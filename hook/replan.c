/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replan - the plan of a container again, from its record and the host as it is now
 */
#include "hook/replan.h"

#include "hook/bus.h"
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
	return compose_plan(&s->plan, &in, e);
}

void replan_release(struct replan *p)
{
	setup_release(&p->setup);
}
