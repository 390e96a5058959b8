/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plugs - a container's device policy, changed while it runs
 */
#include "hook/plugs.h"

#include <string.h>

#define PLUGGED "plugged:"
#define REMOVED "removed:"

/* --- policies --- */

/* Records of before and after share what they hold: nothing is changed in place. */
static struct device_policy copy_policy(const struct device_policy *p, struct arena *a)
{
	struct device_policy copy = {.allow = p->allow};

	for (size_t i = 0; i < p->n; i++)
		*ARENA_APPEND(a, copy.entries, copy.n) = p->entries[i];
	return copy;
}

static int add_rule(struct device_policy *p, bool allow, const struct record_plug *d,
		    unsigned access, const char *why, struct arena *a, struct error *e)
{
	const struct oci_device_rule rule = {.allow = allow,
					     .type = d->type,
					     .major = d->major,
					     .minor = d->minor,
					     .access = access};

	if (devrules_add(p, &rule, why, a, e) < 0)
		return -1;
	devrules_normalise(p);
	return 0;
}

/* Is each of the bits allowed, asked for alone? */
static unsigned allowed(const struct device_policy *p, const struct record_plug *d)
{
	unsigned bits = 0;

	for (unsigned bit = 1; bit <= OCI_RWM; bit <<= 1)
		if (devrules_decide(p, d->type, d->major, d->minor, bit))
			bits |= bit;
	return bits;
}

static bool same_device(const struct record_plug *x, const struct record_plug *y)
{
	return x->type == y->type && x->major == y->major && x->minor == y->minor;
}

static bool has_prefix(const char *s, const char *prefix)
{
	return s && strncmp(s, prefix, strlen(prefix)) == 0;
}

/* --- the list of plugs --- */

static void keep_plugs(struct record *r, const struct record_plug *without, struct arena *a)
{
	struct record_plug *kept = NULL;
	size_t n = 0;

	for (size_t i = 0; i < r->n_plugs; i++)
		if (!without || !same_device(&r->plugs[i], without))
			*ARENA_APPEND(a, kept, n) = r->plugs[i];
	r->plugs = kept;
	r->n_plugs = n;
}

const char *plugs_companion(const char *path)
{
	static const char group[] = "/dev/vfio/", device[] = "/dev/vfio/devices/";

	if (has_prefix(path, device))
		return "/dev/iommu";
	if (has_prefix(path, group) && strcmp(path, "/dev/vfio/vfio") != 0)
		return "/dev/vfio/vfio";
	return NULL;
}

/* Does a device that is still plugged in need that one? */
static bool is_needed(const struct record *r, const char *path)
{
	for (size_t i = 0; i < r->n_plugs; i++) {
		const char *companion = plugs_companion(r->plugs[i].path);

		if (companion && strcmp(companion, path) == 0)
			return true;
	}
	return false;
}

/* --- add --- */

int plugs_add(struct record *r, const struct record_plug *d, struct arena *a, struct error *e)
{
	const char *why = arena_printf(a, PLUGGED "%s", d->path);
	struct device_policy devices = copy_policy(&r->devices, a);
	struct device_policy denied = copy_policy(&r->denied, a);

	/* A denial that is on record is a removal, which this takes back, or the policy's of when
	 * it was made, which has been lifted: the caller has looked at that of now. */
	if (allowed(&devices, d) == OCI_RWM && allowed(&denied, d) == OCI_RWM)
		return PLUGS_SAME;
	if (add_rule(&devices, true, d, OCI_RWM, why, a, e) < 0 ||
	    add_rule(&denied, true, d, OCI_RWM, why, a, e) < 0) {
		if (e)
			e->kind = ERROR_HOST;
		return error_add(e, " (%s)", d->path);
	}
	r->devices = devices;
	r->denied = denied;
	keep_plugs(r, d, a);
	*ARENA_APPEND(a, r->plugs, r->n_plugs) = *d;
	return 0;
}

/* --- remove --- */

/* The numbers that a path had when it was plugged in, or that the hypervisor's node had. */
static bool find_former(struct record_plug *ret, const struct record *r, const char *path)
{
	for (size_t i = 0; i < r->n_plugs; i++) {
		if (strcmp(r->plugs[i].path, path) == 0) {
			*ret = r->plugs[i];
			return true;
		}
	}
	for (size_t i = 0; i < r->devices.n; i++) {
		const struct device_entry *d = &r->devices.entries[i];

		if (has_prefix(d->why, "hypervisor:") &&
		    strcmp(d->why + strlen("hypervisor:"), path) == 0) {
			*ret = (struct record_plug){
			    .path = path, .type = d->type, .major = d->major, .minor = d->minor};
			return true;
		}
	}
	return false;
}

/* Making nodes is mostly allowed for all of them, by a rule that cannot be cut; opening is what
 * counts. */
static int deny(struct device_policy *p, const struct record_plug *d, const char *why,
		struct arena *a, struct error *e)
{
	struct device_policy all = copy_policy(p, a);

	if (add_rule(&all, false, d, OCI_RWM, why, a, NULL) == 0) {
		*p = all;
		return 0;
	}
	return add_rule(p, false, d, OCI_READ | OCI_WRITE, why, a, e);
}

static int revoke(struct record *r, const struct record_plug *d, struct arena *a, struct error *e)
{
	const char *why = arena_printf(a, REMOVED "%s", d->path);
	struct device_policy devices = copy_policy(&r->devices, a);
	struct device_policy denied = copy_policy(&r->denied, a);

	if (!(allowed(&devices, d) & (OCI_READ | OCI_WRITE)))
		return PLUGS_SAME;
	if (deny(&devices, d, why, a, e) < 0) {
		if (e)
			e->kind = ERROR_HOST;
		return error_add(e,
				 "; %s is allowed by that wider rule, and nothing can be cut out "
				 "of it: give other rules with vmcg update --resources",
				 d->path);
	}
	if (add_rule(&denied, false, d, OCI_READ | OCI_WRITE, why, a, e) < 0)
		return -1;
	r->devices = devices;
	r->denied = denied;
	keep_plugs(r, d, a);
	return 0;
}

/* Numbers that the path had when it was plugged in, and that are others' by now. 0: some were
 * revoked; PLUGS_SAME: there were none. */
static int revoke_former(struct record *r, const struct record_plug *now, struct arena *a,
			 struct error *e)
{
	const struct record_plug *plugs = r->plugs;
	size_t n = r->n_plugs;
	int result = PLUGS_SAME;

	for (size_t i = 0; i < n; i++) {
		int got;

		if (strcmp(plugs[i].path, now->path) != 0 || same_device(&plugs[i], now))
			continue;
		got = revoke(r, &plugs[i], a, e);
		if (got < 0)
			return -1;
		if (got == 0)
			result = 0;
	}
	return result;
}

/* What came along with a device that is gone now goes, too, unless another needs it. */
static int revoke_companion(struct record *r, const char *companion, struct arena *a,
			    struct error *e)
{
	if (!companion || is_needed(r, companion))
		return 0;
	for (size_t i = 0; i < r->n_plugs; i++)
		if (r->plugs[i].with && strcmp(r->plugs[i].path, companion) == 0)
			return revoke(r, &r->plugs[i], a, e) < 0 ? -1 : 0;
	return 0;
}

int plugs_remove(struct record *r, const char *path, const struct record_plug *node,
		 struct arena *a, struct error *e)
{
	const struct record before = *r;
	struct record_plug d;
	int result, former;

	if (node)
		d = *node;
	else if (!find_former(&d, r, path))
		return PLUGS_UNKNOWN;
	d.path = path;
	result = revoke(r, &d, a, e);
	if (result < 0)
		return -1;
	former = revoke_former(r, &d, a, e);
	if (former == 0)
		result = 0;
	if (former < 0 || (result == 0 && revoke_companion(r, plugs_companion(path), a, e) < 0)) {
		*r = before;
		return -1;
	}
	return result;
}

/* --- other rules of the config --- */

/* What was plugged in is allowed again, whatever the rules say; but not what policy denies by
 * now. */
static int keep_plugged(struct record *r, struct device_policy *devices,
			const struct device_policy *denied, struct arena *a, struct error *e)
{
	const struct record_plug *was = r->plugs;
	size_t n = r->n_plugs;

	r->plugs = NULL;
	r->n_plugs = 0;
	for (size_t i = 0; i < n; i++) {
		const char *why = arena_printf(a, PLUGGED "%s", was[i].path);

		if (allowed(denied, &was[i]) != OCI_RWM)
			continue;
		if (add_rule(devices, true, &was[i], OCI_RWM, why, a, e) < 0)
			return -1;
		*ARENA_APPEND(a, r->plugs, r->n_plugs) = was[i];
	}
	return 0;
}

static int keep_annotated(struct device_policy *devices, const struct device_policy *was,
			  struct arena *a, struct error *e)
{
	for (size_t i = 0; i < was->n; i++) {
		const struct device_entry *x = &was->entries[i];
		const struct record_plug d = {
		    .type = x->type, .major = x->major, .minor = x->minor};

		if (has_prefix(x->why, "annotation:") &&
		    add_rule(devices, true, &d, x->access, x->why, a, e) < 0)
			return -1;
	}
	return 0;
}

static int keep_removed(struct device_policy *devices, struct device_policy *denied,
			const struct device_policy *was, const char *id, struct arena *a,
			struct error *e)
{
	for (size_t i = 0; i < was->n; i++) {
		const struct device_entry *x = &was->entries[i];
		const struct record_plug d = {
		    .type = x->type, .major = x->major, .minor = x->minor};

		if (has_prefix(x->why, REMOVED) &&
		    (deny(devices, &d, x->why, a, e) < 0 ||
		     add_rule(denied, false, &d, x->access, x->why, a, e) < 0))
			return error_add(e,
					 "; %s was revoked with vmcg device remove: vmcg device "
					 "add %s %s takes that back",
					 x->why + strlen(REMOVED), id, x->why + strlen(REMOVED));
	}
	return 0;
}

int plugs_policy(struct record *r, const struct oci_resources *resources,
		 const struct hypervisor_devices *nodes, const struct facts *facts,
		 const struct policy *policy, struct arena *a, struct error *e)
{
	struct plan scratch = {.arena = a};
	struct record next = *r;

	if (hypervisor_policy(&scratch, resources, nodes, policy, facts, e) < 0 ||
	    keep_annotated(&scratch.devices, &r->devices, a, e) < 0 ||
	    keep_plugged(&next, &scratch.devices, &scratch.denied, a, e) < 0 ||
	    keep_removed(&scratch.devices, &scratch.denied, &r->denied, r->id, a, e) < 0)
		return -1;
	next.devices = scratch.devices;
	next.denied = scratch.denied;
	*r = next;
	return 0;
}
