/* SPDX-License-Identifier: Apache-2.0 */
/*
 * grant - what a config lacks of the hypervisor's devices, and the config with it
 *
 * A node is lacking when no entry of linux.devices has its path. A rule is lacking when the
 * rules of the config alone, folded in order, do not grant rwm: the base list that runtimes
 * add is not counted, because they differ in it. Under a default of allow no rule is
 * needed, and one would change nothing.
 */
#include "hook/grant.h"

#include <string.h>

#include "oci/json_edit.h"
#include "oci/jsonw.h"

/* The arrays of what is lacking, while they are written. */
struct work {
	struct plan *plan;
	const struct oci_config *config;
	struct device_policy rules; /* the config's, and those that are added */
	struct text nodes_text, rules_text;
	struct jsonw nodes_json, rules_json;
};

static void add_node(struct work *w, const char *path, const struct facts_device *d)
{
	struct jsonw *j = &w->nodes_json;
	const char type[] = {d->type, '\0'};

	jsonw_object(j, NULL);
	jsonw_string(j, "path", path);
	jsonw_string(j, "type", type);
	jsonw_int(j, "major", d->major);
	jsonw_int(j, "minor", d->minor);
	jsonw_uint(j, "fileMode", d->mode);
	jsonw_uint(j, "uid", d->uid);
	jsonw_uint(j, "gid", d->gid);
	jsonw_end_object(j);
}

/* A path that the config has already stays as it is, whatever device it is there. */
static void grant_node(struct work *w, const char *path, const struct facts_device *d)
{
	for (size_t i = 0; i < w->config->n_devices; i++) {
		const struct oci_device_node *n = &w->config->devices[i];
		char type = n->type == 'u' ? 'c' : n->type;

		if (strcmp(n->path, path) != 0)
			continue;
		if (type != d->type || n->major != d->major || n->minor != d->minor)
			plan_warn(w->plan,
				  "/linux/devices/%zu: %s is %c %lld:%lld in the config and %c "
				  "%lld:%lld on this host; the config's was kept",
				  i, path, n->type, (long long)n->major, (long long)n->minor,
				  d->type, (long long)d->major, (long long)d->minor);
		return;
	}
	add_node(w, path, d);
}

static int grant_rule(struct work *w, const char *why, const struct facts_device *d,
		      struct error *e)
{
	const struct oci_device_rule rule = {.allow = true,
					     .type = d->type,
					     .major = d->major,
					     .minor = d->minor,
					     .access = OCI_RWM};
	const char type[] = {d->type, '\0'};
	struct jsonw *j = &w->rules_json;

	if (w->rules.allow || devrules_decide(&w->rules, d->type, d->major, d->minor, OCI_RWM))
		return 0;
	jsonw_object(j, NULL);
	jsonw_bool(j, "allow", true);
	jsonw_string(j, "type", type);
	jsonw_int(j, "major", d->major);
	jsonw_int(j, "minor", d->minor);
	jsonw_string(j, "access", devrules_access(OCI_RWM));
	jsonw_end_object(j);
	return devrules_add(&w->rules, &rule, why, w->plan->arena, e);
}

/* Is the device here, meant for this host, and granted by the policy that setup would make? */
static bool is_due(const struct work *w, const struct hypervisor_device *h,
		   const struct facts_device *d, const struct facts *f)
{
	const struct facts_device *first = h->instead ? facts_device(f, h->instead) : NULL;

	return d && d->present && !(first && first->present) &&
	       devrules_decide(&w->plan->devices, d->type, d->major, d->minor,
			       OCI_READ | OCI_WRITE);
}

static int fold_config(struct work *w, struct error *e)
{
	const struct oci_resources *r = &w->config->resources;

	for (size_t i = 0; i < r->n_devices; i++)
		if (devrules_add(&w->rules, &r->devices[i], r->base, w->plan->arena, e) < 0)
			return -1;
	return 0;
}

/* What stands between the brackets of a written array, in the arena. */
static const char *close_list(struct jsonw *j, struct arena *a)
{
	jsonw_end_array(j);
	return arena_copy(a, j->out->s + 1, j->out->len - 2);
}

static int decide(struct grant *ret, struct work *w, const struct hypervisor_devices *devices,
		  const struct facts *facts, struct error *e)
{
	if (fold_config(w, e) < 0)
		return -1;
	jsonw_array(&w->nodes_json, NULL);
	jsonw_array(&w->rules_json, NULL);
	for (size_t i = 0; i < devices->n; i++) {
		const struct hypervisor_device *h = &devices->items[i];
		const struct facts_device *d = facts_device(facts, h->path);

		if (!is_due(w, h, d, facts))
			continue;
		grant_node(w, h->path, d);
		if (grant_rule(w, h->why, d, e) < 0)
			return -1;
	}
	ret->nodes = close_list(&w->nodes_json, w->plan->arena);
	ret->rules = close_list(&w->rules_json, w->plan->arena);
	return 0;
}

int grant_decide(struct grant *ret, struct plan *plan, const struct oci_config *config,
		 const struct hypervisor_devices *devices, const struct policy *policy,
		 const struct facts *facts, struct error *e)
{
	struct work w = {.plan = plan, .config = config, .rules = DEVICE_POLICY_DENY};
	struct grant g;
	int r;

	w.nodes_json.out = &w.nodes_text;
	w.rules_json.out = &w.rules_text;
	r = hypervisor_policy(plan, &config->resources, devices, policy, facts, e);
	if (r == 0)
		r = decide(&g, &w, devices, facts, e);
	if (r == 0)
		*ret = g;
	text_free(&w.nodes_text);
	text_free(&w.rules_text);
	return r;
}

int grant_apply(struct text *out, const struct grant *g, const char *bytes, size_t len,
		struct error *e)
{
	const struct json_edit nodes = {"config.json", "/linux/devices", g->nodes};
	const struct json_edit rules = {"config.json", "/linux/resources/devices", g->rules};
	struct text with_nodes = {0};
	int r = 0;

	if (*g->nodes) {
		r = json_edit_append(&with_nodes, bytes, len, &nodes, e);
		bytes = with_nodes.s;
		len = with_nodes.len;
	}
	if (r == 0 && *g->rules)
		r = json_edit_append(out, bytes, len, &rules, e);
	else if (r == 0)
		text_put(out, bytes, len);
	text_free(&with_nodes);
	return r;
}
