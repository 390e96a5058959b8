/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setup - from the documents to a finished group
 */
#include "hook/setup.h"

#include <string.h>
#include <unistd.h>

#include "hook/bus.h"
#include "hook/compose.h"
#include "hook/input.h"
#include "hook/log.h"
#include "hook/setup_facts.h"

/* --- read --- */

static int read_config(struct setup *s, const char *rest, size_t len, struct error *e)
{
	int r;

	if (strspn(rest, " \t\r\n") < len)
		return oci_config_parse(&s->config, s->arena, rest, len, e);
	if (!s->state.bundle)
		return error_set(e, ERROR_INPUT,
				 "state: \"bundle\" is missing, and no config follows the state on "
				 "standard input");
	r = input_config(&rest, &len, s->state.bundle, s->arena, e);
	if (r == INPUT_ABSENT)
		return error_set(e, ERROR_INPUT, "%s/config.json: no such file", s->state.bundle);
	return r < 0 ? -1 : oci_config_parse(&s->config, s->arena, rest, len, e);
}

int setup_read(struct setup *s, struct context *c, struct error *e)
{
	const char *bytes;
	size_t len, used;

	*s = (struct setup){.context = c, .arena = c->arena, .held = PROCS_NONE};
	if (input_read(&bytes, &len, STDIN_FILENO, "state", s->arena, e) < 0 ||
	    oci_state_parse(&s->state, &used, s->arena, bytes, len, e) < 0)
		return -1;
	log_about(s->state.id);
	return read_config(s, bytes + used, len - used, e);
}

/* --- plan --- */

/* An io.vmcg. annotation that policy does not let act is worth a word: somebody relies on it. */
static void warn_annotations(struct setup *s, const struct oci_annotation *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *key = list[i].key;

		if (strncmp(key, ANNOTATION_PREFIX, strlen(ANNOTATION_PREFIX)) != 0 ||
		    strcmp(key, ANNOTATION_ENABLE) == 0 ||
		    policy_lists(&s->context->policy.annotations, key))
			continue;
		plan_warn(&s->plan, "annotation %s is not allowed by the policy and was ignored",
			  key);
	}
}

/* The state's annotations are those of the config; a shim may send only one of the two. */
static const struct oci_annotation *annotations(const struct setup *s, size_t *ret_n)
{
	*ret_n = s->state.n_annotations ? s->state.n_annotations : s->config.n_annotations;
	return s->state.n_annotations ? s->state.annotations : s->config.annotations;
}

/* A user's runtime has its unit from his systemd, but a hook in a user namespace may not be let in
 * there. The group's files are the user's all the same. */
static int leave_systemd_out(struct setup *s, const struct error *why, struct error *e)
{
	plan_warn(&s->plan,
		  "%s: %s; its files are written, where a daemon-reload may reset the limits",
		  s->target.unit, why->text);
	s->target.manager = MANAGER_CGROUPFS;
	s->target.unit = s->target.slice = NULL;
	return bus_unneeded(s->context, e);
}

/* facts_file: the plan is for another host, whose systemd is not asked. */
static int decide_target(struct setup *s, const char *facts_file, struct error *e)
{
	struct context *c = s->context;
	const struct target_wishes w = {.id = s->state.id,
					.cgroups_path = s->config.cgroups_path,
					.manager = c->options.manager,
					.mode = c->options.mode,
					.init = s->init,
					.vm = s->vm,
					.join = c->policy.join,
					.rootless_require = c->policy.rootless_require};
	struct error unreachable;
	struct systemd *systemd;

	if (target_locate(&s->target, &w, &s->facts, s->arena, e) < 0 ||
	    target_decide(&s->target, &w, &s->facts, s->arena, e) < 0)
		return -1;
	if (facts_file)
		return 0;
	if (s->target.manager != MANAGER_SYSTEMD || s->target.nothing)
		return bus_unneeded(c, e);
	if (s->target.mode == MODE_OWN && !s->vm && s->store)
		return SETUP_LATER;
	if (s->target.mode == MODE_ADOPT && c->rootless && c->options.manager == CHOICE_AUTO &&
	    bus_connect(&systemd, c, &unreachable) < 0)
		return leave_systemd_out(s, &unreachable, e);
	return bus_version(&s->facts.systemd, c, s->store, e);
}

static int compose(struct setup *s, struct error *e)
{
	const struct compose_input in = {.resources = &s->config.resources,
					 .policy = &s->context->policy,
					 .facts = &s->facts,
					 .target = &s->target,
					 .devices = &s->devices,
					 .init = s->init,
					 .vm = s->vm,
					 .vm_why = s->vm_why};

	return compose_plan(&s->plan, &in, e);
}

int setup_plan(struct setup *s, const char *facts_file, struct error *e)
{
	const struct oci_annotation *list;
	size_t n;
	int r;

	s->plan = (struct plan){.arena = s->arena};
	list = annotations(s, &n);
	warn_annotations(s, list, n);
	hypervisor_list(&s->devices, &s->context->policy, list, n, &s->plan);
	if (setup_facts(s, facts_file, e) < 0)
		return -1;
	r = decide_target(s, facts_file, e);
	return r ? r : compose(s, e);
}

void setup_print(const struct setup *s)
{
	if (s->context->options.json)
		plan_json(&s->plan, s->context->out);
	else
		plan_text(&s->plan, s->context->out);
}

void setup_release(struct setup *s)
{
	procs_release(&s->held);
}
