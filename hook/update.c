/* SPDX-License-Identifier: Apache-2.0 */
/*
 * update - the command that applies a container's settings again, or changes its limits
 *
 * The plan is made anew from the recorded wishes, with the change merged in, and
 * what stands already is left alone. So an update without a file repairs what has
 * drifted, and one with a file cannot set a quota without its period.
 */
#include "hook/update.h"

#include <string.h>
#include <unistd.h>

#include "hook/asked.h"
#include "hook/change.h"
#include "hook/changelog.h"
#include "hook/input.h"
#include "hook/log.h"
#include "hook/moves.h"
#include "hook/plugs.h"
#include "hook/replan.h"
#include "oci/resources_merge.h"

struct update {
	struct change change;
	struct replan replan;
	struct oci_resources resources; /* as they are to be */
	bool new_devices;               /* the change has device rules of its own */
	struct plan_step *steps;        /* the plan's, and those of the processes that were added */
	size_t n_steps;
	struct held_process *held; /* the VM and those */
	size_t n_held;
};

/* --- the change that is asked for --- */

/* What means nothing changes nothing: that is said, not left to be found out. */
static void warn_of_nothing(const struct json *root, const char *name, struct arena *a)
{
	struct asked asked;

	asked_look(&asked, root, a);
	for (size_t i = 0; i < asked.n_unknown; i++)
		log_warning("%s: %s is not known and changes nothing; known there: %s", name,
			    json_pointer(asked.unknown[i].member, a), asked.unknown[i].known);
	if (!asked.anything)
		log_warning("%s asks for nothing: what is on record is applied again", name);
}

static int read_change(struct oci_resources *ret, struct context *c, struct error *e)
{
	const char *file = c->options.resources, *bytes;
	struct json_options o = {.name = strcmp(file, "-") == 0 ? "standard input" : file};
	struct json *root;
	size_t len;
	int r;

	r = input_file(&bytes, &len, file, c->arena, e);
	if (r == INPUT_ABSENT)
		return error_set(e, ERROR_INPUT,
				 "%s: no such file (--resources); - reads standard input", file);
	if (r < 0 || json_parse(&root, NULL, c->arena, bytes, len, &o, e) < 0)
		return -1;
	if (root->type != JSON_OBJECT)
		return json_error(root, e, "a linux.resources object is expected");
	/* The most likely mistake, which would change nothing. */
	if (json_member(root, "linux") || json_member(root, "ociVersion"))
		return json_error(root, e,
				  "this is a whole config; update takes its linux.resources object "
				  "alone: jq .linux.resources");
	if (oci_resources_read(ret, root, c->arena, e) < 0)
		return -1;
	warn_of_nothing(root, o.name, c->arena);
	return 0;
}

static int merge(struct update *u, const struct oci_resources *asked, struct error *e)
{
	const struct record *r = &u->change.before;

	if (!r->has_resources)
		return error_set(
		    e, ERROR_HOST,
		    "the record of container %s was made by an older vmcg, which kept no "
		    "resources in it: nothing can be applied again; vmcg destroy %s and "
		    "its createRuntime make a new one",
		    r->id, r->id);
	u->resources = r->resources;
	oci_resources_merge(&u->resources, asked, u->change.context->arena);
	u->new_devices = asked->n_devices > 0;
	return 0;
}

/* --- the plan --- */

/* Is there anybody to limit? A helper daemon alone is. */
static int check_life(const struct update *u, struct error *e)
{
	const struct record *r = &u->change.before;
	const struct setup *s = &u->replan.setup;

	if (s->vm || s->init || !r->vm.pid)
		return 0;
	return error_set(
	    e, ERROR_HOST,
	    "the VM process %lld (%s) is gone, and so is the container's init: there is "
	    "nothing to limit; vmcg destroy %s or vmcg gc takes the rest down",
	    (long long)r->vm.pid, r->vm.comm ? r->vm.comm : "?", r->id);
}

static int make_plan(struct update *u, struct error *e)
{
	struct context *c = u->change.context;
	struct record *r = &u->change.after;
	struct hypervisor_devices nodes = {0};
	struct plan scratch = {.arena = c->arena};

	if (u->new_devices)
		hypervisor_list(&nodes, &c->policy, NULL, 0, &scratch);
	u->replan = (struct replan){.record = r, .resources = &u->resources};
	if (replan_look(&u->replan, c, &nodes, e) < 0 || check_life(u, e) < 0)
		return -1;
	if (u->new_devices && plugs_policy(r, &u->resources, &nodes, &u->replan.setup.facts,
					   &c->policy, c->arena, e) < 0)
		return -1;
	if (replan_compose(&u->replan, &r->devices, &r->denied, false, e) < 0)
		return -1;
	r->has_resources = true;
	r->resources = u->resources;
	return 0;
}

/* A limit below what is used: the kernel takes it, and takes the memory away. */
static void warn_below_usage(struct update *u)
{
	static const char *const files[][2] = {
	    {"memory.max", "memory.current"},
	    {"memory.high", "memory.current"},
	    {"memory.limit_in_bytes", "memory.usage_in_bytes"},
	    {"pids.max", "pids.current"},
	};
	const struct plan *p = &u->replan.setup.plan;

	for (size_t i = 0; i < p->n_steps; i++) {
		const struct plan_step *s = &p->steps[i];

		for (size_t k = 0; s->file && k < sizeof(files) / sizeof(*files); k++)
			if (strcmp(s->file, files[k][0]) == 0)
				changelog_warn_usage(&u->change, s, files[k][1]);
	}
}

/* --- the whole --- */

/* The unit's properties on record: those of the new plan, and what only its start could say. */
static int keep_properties(struct update *u, struct error *e)
{
	const struct unit_properties *new = &u->replan.setup.plan.properties;
	struct record *r = &u->change.after;
	struct arena *a = u->change.context->arena;
	struct unit_properties all = {0};

	if (!new->n)
		return 0;
	if (r->properties &&
	    unitprop_parse(&all, a, "record", r->properties, strlen(r->properties), e) < 0)
		return -1;
	all = unitprop_override(&all, new, a);
	r->properties = unitprop_copy_text(&all, a);
	return 0;
}

/* Who was added, still lives and has been moved elsewhere since comes back. */
static void add_processes(struct update *u)
{
	const struct record *r = &u->change.before;
	struct arena *a = u->change.context->arena;

	for (size_t i = 0; i < r->n_added; i++) {
		struct facts_process now = r->added[i];
		struct held_process p;

		if (procs_hold_known(&p, &now, NULL) != 0)
			continue;
		if (procs_cgroups(&now.cgroups, &now.n_cgroups, a, "/proc", now.pid, NULL) == 0)
			moves_add(&u->steps, &u->n_steps, r, &now, "command:add", a);
		*ARENA_APPEND(a, u->held, u->n_held) = p;
	}
}

static void gather(struct update *u)
{
	struct setup *s = &u->replan.setup;
	struct arena *a = u->change.context->arena;

	for (size_t i = 0; i < s->plan.n_steps; i++)
		*ARENA_APPEND(a, u->steps, u->n_steps) = s->plan.steps[i];
	if (s->held.pid)
		*ARENA_APPEND(a, u->held, u->n_held) = s->held;
	s->held = PROCS_NONE;
	add_processes(u);
}

static int run(struct update *u, struct error *e)
{
	struct plan *p = &u->replan.setup.plan;
	struct apply ap = {.properties = &p->properties, .unwanted = &p->unwanted};
	struct drift devices;

	for (size_t i = 0; i < p->n_warnings; i++)
		log_warning("%s", p->warnings[i]);
	if (keep_properties(u, e) < 0)
		return -1;
	warn_below_usage(u);
	gather(u);
	ap.held = u->held;
	ap.n_held = u->n_held;
	changelog_look(&devices, &u->change, u->steps, u->n_steps);
	if (change_run(&u->change, &ap, u->steps, u->n_steps, e) < 0)
		return -1;
	changelog_print_with(&u->change, &devices);
	return 0;
}

int update_command(struct context *c, struct error *e)
{
	struct update u = {.change = CHANGE_NONE, .replan.setup.held = PROCS_NONE};
	struct oci_resources asked = {0};
	int r = 0;

	if (c->options.resources)
		r = read_change(&asked, c, e);
	if (r == 0)
		r = change_open(&u.change, c, c->args[0], e);
	if (r == 0)
		r = merge(&u, &asked, e);
	if (r == 0)
		r = make_plan(&u, e);
	if (r == 0)
		r = run(&u, e);
	for (size_t i = 0; i < u.n_held; i++)
		procs_release(&u.held[i]);
	replan_release(&u.replan);
	change_close(&u.change);
	return r;
}
