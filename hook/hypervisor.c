/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hypervisor - the device nodes that a VMM needs
 */
#include "hook/hypervisor.h"

#include <string.h>

static const struct {
	const char *path, *instead;
} builtin[] = {
    {"/dev/kvm", NULL},         {"/dev/mshv", "/dev/kvm"}, {"/dev/vhost-net", NULL},
    {"/dev/vhost-vsock", NULL}, {"/dev/vfio/vfio", NULL},
};

const char *const *hypervisor_builtin(struct arena *a)
{
	const char **paths = NULL;
	size_t n = 0;

	for (size_t i = 0; i < sizeof(builtin) / sizeof(*builtin); i++)
		*ARENA_APPEND(a, paths, n) = builtin[i].path;
	*ARENA_APPEND(a, paths, n) = NULL;
	return paths;
}

static void add(struct hypervisor_devices *d, struct hypervisor_device device, struct arena *a)
{
	for (size_t i = 0; i < d->n; i++) {
		if (strcmp(d->items[i].path, device.path) != 0)
			continue;
		d->items[i].required |= device.required;
		return;
	}
	*ARENA_APPEND(a, d->items, d->n) = device;
}

/* io.vmcg.devices: absolute paths, comma-separated; each must match a pattern of policy. */
static void add_from_annotation(struct hypervisor_devices *d, const char *value,
				const struct policy *policy, struct plan *plan)
{
	while (*value) {
		size_t n = strcspn(value, ",");
		const char *path = arena_copy(plan->arena, value, n);

		value += n + (value[n] == ',');
		if (!n)
			continue;
		if (path[0] == '/' && policy_permits(&policy->permit, path))
			add(d,
			    (struct hypervisor_device){.path = path,
						       .why = "annotation:" ANNOTATION_DEVICES},
			    plan->arena);
		else
			plan_warn(plan,
				  "annotation " ANNOTATION_DEVICES
				  ": \"%s\" is not in the policy's \"permit\" list and was ignored",
				  path);
	}
}

void hypervisor_list(struct hypervisor_devices *ret, const struct policy *policy,
		     const struct oci_annotation *annotations, size_t n_annotations,
		     struct plan *plan)
{
	struct hypervisor_devices d = {0};
	struct arena *a = plan->arena;

	for (size_t i = 0; i < sizeof(builtin) / sizeof(*builtin); i++)
		if (!policy_lists(&policy->remove, builtin[i].path))
			add(&d,
			    (struct hypervisor_device){
				.path = builtin[i].path,
				.why = arena_printf(a, "hypervisor:%s", builtin[i].path),
				.instead = builtin[i].instead},
			    a);
	for (size_t i = 0; i < policy->add.n; i++)
		add(&d,
		    (struct hypervisor_device){.path = policy->add.items[i],
					       .why = "policy:/devices/add"},
		    a);
	for (size_t i = 0; i < policy->require.n; i++)
		add(&d,
		    (struct hypervisor_device){.path = policy->require.items[i],
					       .why = "policy:/devices/require",
					       .required = true},
		    a);
	for (size_t i = 0; i < n_annotations; i++)
		if (strcmp(annotations[i].key, ANNOTATION_DEVICES) == 0 &&
		    policy_lists(&policy->annotations, ANNOTATION_DEVICES))
			add_from_annotation(&d, annotations[i].value, policy, plan);
	*ret = d;
}

static bool present(const struct facts *f, const char *path)
{
	const struct facts_device *d = facts_device(f, path);

	return d && d->present;
}

/* The config's last word on exactly this node, if it is a denial, is about to be overruled. */
static bool config_denies(const struct oci_resources *r, const struct facts_device *d)
{
	bool denied = false;

	for (size_t i = 0; i < r->n_devices; i++) {
		const struct oci_device_rule *rule = &r->devices[i];

		if (rule->type == d->type && rule->major == d->major && rule->minor == d->minor)
			denied = !rule->allow;
	}
	return denied;
}

/* Does another listed device, which this host has, stand in for this one? */
static bool has_stand_in(const struct hypervisor_devices *devices,
			 const struct hypervisor_device *h, const struct facts *f)
{
	for (size_t i = 0; i < devices->n; i++)
		if (devices->items[i].instead && strcmp(devices->items[i].instead, h->path) == 0 &&
		    present(f, devices->items[i].path))
			return true;
	return false;
}

static int add_config_rules(struct plan *plan, const struct oci_resources *r, struct error *e)
{
	for (size_t i = 0; i < r->n_devices; i++) {
		const char *why = arena_printf(plan->arena, "%s/devices/%zu", r->base, i);

		if (devrules_add(&plan->devices, &r->devices[i], why, plan->arena, e) < 0)
			return -1;
	}
	return 0;
}

/* Under default allow nothing has to be granted; a denied hypervisor device is worth a word. */
static void warn_if_denied(struct plan *plan, const struct hypervisor_device *h,
			   const struct facts_device *d)
{
	if (!devrules_decide(&plan->devices, d->type, d->major, d->minor, OCI_READ | OCI_WRITE))
		plan_warn(plan,
			  "hypervisor device %s is denied by the config: the VM may not start",
			  h->path);
}

static int add_device(struct plan *plan, const struct hypervisor_device *h,
		      const struct oci_resources *r, const struct facts *f, struct error *e)
{
	const struct facts_device *d = facts_device(f, h->path);
	struct oci_device_rule rule = {.allow = true, .access = OCI_RWM};

	if (!d || !d->present) {
		if (h->required)
			return error_set(
			    e, ERROR_HOST,
			    "%s: required by the policy, but it is no device node on this "
			    "host; load its module, or take it out of \"require\"",
			    h->path);
		if (strcmp(h->path, "/dev/kvm") == 0)
			plan_warn(plan,
				  "hypervisor device %s is not on this host: a VM that needs KVM "
				  "will not start; load its module (kvm_intel, kvm_amd)",
				  h->path);
		else if (!h->instead)
			plan_note(plan, "hypervisor device %s is not on this host", h->path);
		return 0;
	}
	if (plan->devices.allow) {
		warn_if_denied(plan, h, d);
		return 0;
	}
	if (config_denies(r, d))
		plan_warn(plan,
			  "the config denies %s; the hypervisor needs it, so it is allowed again",
			  h->path);
	rule.type = d->type;
	rule.major = d->major;
	rule.minor = d->minor;
	return devrules_add(&plan->devices, &rule, h->why, plan->arena, e);
}

static int add_denials(struct plan *plan, const struct hypervisor_devices *devices,
		       const struct policy *policy, const struct facts *f, struct error *e)
{
	for (size_t i = 0; i < policy->deny.n; i++) {
		const char *path = policy->deny.items[i];
		const struct facts_device *d = facts_device(f, path);
		/* Not m: the base list lets everybody make nodes, opening them is what counts. */
		struct oci_device_rule rule = {.access = OCI_READ | OCI_WRITE};

		if (!d || !d->present)
			continue;
		rule.type = d->type;
		rule.major = d->major;
		rule.minor = d->minor;
		if (devrules_add(&plan->devices, &rule, "policy:/devices/deny", plan->arena, e) <
			0 ||
		    devrules_add(&plan->denied, &rule, "policy:/devices/deny", plan->arena, e) < 0)
			return -1;
		for (size_t k = 0; k < devices->n; k++)
			if (strcmp(devices->items[k].path, path) == 0)
				plan_warn(
				    plan,
				    "the policy denies %s, a hypervisor device: the VM may not "
				    "start",
				    path);
	}
	return 0;
}

int hypervisor_policy(struct plan *plan, const struct oci_resources *resources,
		      const struct hypervisor_devices *devices, const struct policy *policy,
		      const struct facts *facts, struct error *e)
{
	plan->has_devices = true;
	plan->devices = DEVICE_POLICY_DENY;
	plan->denied = (struct device_policy){.allow = true};
	if (add_config_rules(plan, resources, e) < 0 ||
	    devrules_add_base(&plan->devices, plan->arena, e) < 0)
		return -1;
	for (size_t i = 0; i < devices->n; i++) {
		const struct hypervisor_device *h = &devices->items[i];

		if (h->instead && present(facts, h->instead))
			continue;
		if (!h->required && !present(facts, h->path) && has_stand_in(devices, h, facts))
			continue;
		if (add_device(plan, h, resources, facts, e) < 0)
			return -1;
	}
	if (add_denials(plan, devices, policy, facts, e) < 0)
		return -1;
	devrules_normalise(&plan->devices);
	devrules_normalise(&plan->denied);
	return 0;
}
