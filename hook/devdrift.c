/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devdrift - where a v1 device list does not decide as it was set, device by device
 */
#include "hook/devdrift.h"

#include <string.h>

enum { BOTH = OCI_READ | OCI_WRITE };

static bool is_part_of(int64_t number, int64_t other)
{
	return other == OCI_ANY || number == other;
}

/* Does entry x speak of every device that key speaks of? */
static bool covers(const struct device_entry *x, const struct device_entry *key)
{
	return x->type == key->type && is_part_of(key->major, x->major) &&
	       is_part_of(key->minor, x->minor);
}

/* Do both speak of a device? */
static bool meet(const struct device_entry *x, const struct device_entry *y)
{
	return x->type == y->type &&
	       (is_part_of(x->major, y->major) || is_part_of(y->major, x->major)) &&
	       (is_part_of(x->minor, y->minor) || is_part_of(y->minor, x->minor));
}

/* What a list grants of key, in however many entries. */
static unsigned granted(const struct device_entry *list, size_t n, const struct device_entry *key)
{
	unsigned access = 0;

	for (size_t i = 0; i < n; i++)
		if (covers(&list[i], key))
			access |= list[i].access;
	return access;
}

/* Does one entry grant read and write of key? */
static bool has_both(const struct device_entry *list, size_t n, const struct device_entry *key)
{
	for (size_t i = 0; i < n; i++)
		if (covers(&list[i], key) && (list[i].access & BOTH) == BOTH)
			return true;
	return false;
}

/* "c 10:232 rw"; NULL: no access at all. */
static const char *named(const struct device_entry *key, unsigned access, struct arena *a)
{
	struct device_entry d = *key;
	char buf[32];

	d.access = access;
	return access ? arena_printf(a, "%s", devrules_format(&d, buf)) : NULL;
}

static void add_lacking(struct drift *d, const struct devlist_state *live,
			const struct device_policy *policy, const char *where)
{
	const struct device_policy want = devlist_close(policy, d->arena);

	for (size_t i = 0; i < want.n; i++) {
		const struct device_entry *key = &want.entries[i];
		unsigned is = granted(live->entries, live->n, key) & key->access;
		const char *now = named(key, is, d->arena);

		if (is == key->access &&
		    ((key->access & BOTH) != BOTH || has_both(live->entries, live->n, key)))
			continue;
		if (is == key->access)
			now = "read and write, but not together";
		drift_add(d, DRIFT_DEVICES, where, named(key, key->access, d->arena), now,
			  key->why ? key->why : "devices");
	}
}

static void add_surplus(struct drift *d, const struct devlist_state *live,
			const struct device_policy *policy, const char *where, const char *why)
{
	for (size_t i = 0; i < live->n; i++) {
		const struct device_entry *key = &live->entries[i];
		unsigned wanted = granted(policy->entries, policy->n, key) & key->access;

		if (wanted != key->access)
			drift_add(d, DRIFT_DEVICES, where, named(key, wanted, d->arena),
				  named(key, key->access, d->arena), why);
	}
}

static const char *default_of(bool allow)
{
	return allow ? "default allow" : "default deny";
}

void devdrift_exact(struct drift *d, const struct devlist_state *live,
		    const struct device_policy *policy, const char *where, const char *why)
{
	size_t before = d->n;

	if (devlist_matches(live, policy, d->arena))
		return;
	if (live->allow != policy->allow) {
		drift_add(d, DRIFT_DEVICES, where, default_of(policy->allow),
			  default_of(live->allow), why);
		return;
	}
	add_lacking(d, live, policy, where);
	add_surplus(d, live, policy, where, why);
	if (d->n == before) /* different all the same: it is not hidden */
		drift_add(d, DRIFT_DEVICES, where, arena_printf(d->arena, "%zu rules", policy->n),
			  arena_printf(d->arena, "%zu others", live->n), why);
}

void devdrift_extended(struct drift *d, const struct devlist_state *live,
		       const struct device_policy *policy, const struct device_policy *denied,
		       const char *where)
{
	/* Nothing is filtered there, or nothing had to be granted: setup changed nothing. */
	if (live->allow || policy->allow)
		return;
	add_lacking(d, live, policy, where);
	for (size_t i = 0; i < denied->n; i++) {
		const struct device_entry *key = &denied->entries[i];
		unsigned is = 0;

		for (size_t k = 0; k < live->n; k++)
			if (meet(&live->entries[k], key))
				is |= live->entries[k].access;
		if (is & key->access)
			drift_add(d, DRIFT_DEVICES, where, NULL,
				  named(key, is & key->access, d->arena),
				  key->why ? key->why : "devices");
	}
}
