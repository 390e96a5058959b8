/* SPDX-License-Identifier: Apache-2.0 */
/*
 * precreate - podman's config filter: a config on standard input, the same with the
 * hypervisor's devices on standard output
 *
 * Podman drops a container whose filter prints nothing, so even a config that lacks
 * nothing is printed, as it came. There is no state: neither an id nor a process.
 */
#include "hook/precreate.h"

#include <string.h>
#include <unistd.h>

#include "hook/grant.h"
#include "hook/host.h"
#include "hook/input.h"
#include "hook/log.h"

/* The only annotation that says something about devices; somebody may rely on it. */
static void warn_annotation(struct plan *plan, const struct oci_config *config,
			    const struct policy *policy)
{
	for (size_t i = 0; i < config->n_annotations; i++)
		if (strcmp(config->annotations[i].key, ANNOTATION_DEVICES) == 0 &&
		    !policy_lists(&policy->annotations, ANNOTATION_DEVICES))
			plan_warn(plan,
				  "annotation %s is not allowed by the policy and was ignored",
				  ANNOTATION_DEVICES);
}

/* The nodes of this host that the decision is about, and nothing else. */
static int look(struct facts *ret, const struct hypervisor_devices *devices,
		const struct policy *policy, struct arena *a, struct error *e)
{
	const char **paths = arena_alloc(a, (devices->n + policy->deny.n + 1) * sizeof(*paths));
	struct host_wishes w = {.devices = paths};

	for (size_t i = 0; i < devices->n; i++)
		paths[w.n_devices++] = devices->items[i].path;
	for (size_t i = 0; i < policy->deny.n; i++)
		paths[w.n_devices++] = policy->deny.items[i];
	*ret = (struct facts){.euid = geteuid()};
	return host_extend(ret, a, &w, e);
}

int precreate_command(struct context *c, struct error *e)
{
	struct plan plan = {.arena = c->arena};
	struct hypervisor_devices devices;
	struct oci_config config;
	struct facts facts;
	struct grant grant;
	const char *bytes;
	size_t len;

	if (input_read(&bytes, &len, STDIN_FILENO, "config.json", c->arena, e) < 0 ||
	    oci_config_parse(&config, c->arena, bytes, len, e) < 0)
		return -1;
	warn_annotation(&plan, &config, &c->policy);
	hypervisor_list(&devices, &c->policy, config.annotations, config.n_annotations, &plan);
	if (look(&facts, &devices, &c->policy, c->arena, e) < 0 ||
	    grant_decide(&grant, &plan, &config, &devices, &c->policy, &facts, e) < 0 ||
	    grant_apply(c->out, &grant, bytes, len, e) < 0)
		return -1;
	for (size_t i = 0; i < plan.n_warnings; i++)
		log_warning("%s", plan.warnings[i]);
	for (size_t i = 0; i < plan.n_notes; i++)
		log_info("%s", plan.notes[i]);
	return 0;
}
