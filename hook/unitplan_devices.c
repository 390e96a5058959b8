/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unitplan_devices - the device policy as DevicePolicy and DeviceAllow
 *
 * systemd keeps a list of what is allowed, and writes it again at every
 * daemon-reload. On v2 vmcg's own program stands beside its filter and both must
 * allow, so the list may be wider than the policy, never narrower; what it cannot
 * say is left to the program. On v1 there is one list for both, so what systemd
 * cannot say is refused: a reload would take it away.
 *
 * An empty list first, then the policy, then the list: in another order systemd
 * says ever after that the unit needs a reload.
 */
#include <string.h>

#include "hook/devlist.h"
#include "hook/unitplan_work.h"

/* Majors as numbers, and device nodes that need not exist, came with this version. */
enum { NUMBERS_SINCE = 240, MAJOR_PTS = 136 };

/* How systemd calls what an entry names; NULL when it has no word for it. */
static const char *specifier(const struct unitplan_work *w, const struct device_entry *d)
{
	const char *kind = d->type == 'b' ? "block" : "char";

	if (d->major == OCI_ANY && d->minor == OCI_ANY)
		return arena_printf(w->arena, "%s-*", kind);
	if (d->major == OCI_ANY)
		return NULL;
	if (d->minor != OCI_ANY)
		return arena_printf(w->arena, "/dev/%s/%lld:%lld", kind, (long long)d->major,
				    (long long)d->minor);
	if (unitplan_has(w, NUMBERS_SINCE, 0))
		return arena_printf(w->arena, "%s-%lld", kind, (long long)d->major);
	/* Every container has this one, by its name in /proc/devices. */
	return d->type == 'c' && d->major == MAJOR_PTS ? "char-pts" : NULL;
}

/* The first entry that systemd has no word for; NULL: it can say all of them. */
static const struct device_entry *unspeakable(const struct unitplan_work *w,
					      const struct device_policy *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (!specifier(w, &p->entries[i]))
			return &p->entries[i];
	return NULL;
}

/* Why there is no word for an entry. */
static const char *reason(const struct unitplan_work *w, const struct device_entry *d)
{
	if (d->major == OCI_ANY)
		return "systemd has no word for a minor number of every major";
	return arena_printf(w->arena, "systemd %llu takes no major number (%d does)",
			    (unsigned long long)w->systemd, NUMBERS_SINCE);
}

/* DeviceAllow, with everything that systemd has a word for. */
static void allow(struct unitplan_work *w, struct unit_properties *list,
		  const struct device_policy *policy, const char *why)
{
	struct device_policy p = devlist_close(policy, w->arena);
	struct unit_property *allowed = NULL;

	for (size_t i = 0; i < p.n; i++) {
		const char *name = specifier(w, &p.entries[i]);

		if (!name)
			continue;
		if (!allowed)
			allowed = unitplan_add(list, w->arena, "DeviceAllow", "a(ss)", why);
		*ARENA_APPEND(w->arena, allowed->items, allowed->n_items) =
		    (struct unit_item){.key = name, .text = devrules_access(p.entries[i].access)};
	}
}

static void set_policy(struct unitplan_work *w, struct unit_properties *list, const char *policy,
		       const char *why)
{
	unitplan_add(list, w->arena, "DevicePolicy", "s", why)->text = policy;
}

/* What systemd cannot say: on v1 nothing else would keep it. */
static int refuse(const char *why, const char *what, const char *reason_, struct error *e)
{
	return error_set(e, ERROR_HOST,
			 "%s: %s: %s, and on cgroup v1 its list is the only one, which a "
			 "daemon-reload writes again; change the rules, or use "
			 "--cgroup-manager cgroupfs",
			 why, what, reason_);
}

/* A new unit. */
static int own_list(struct unitplan_work *w, struct unit_properties *list, int version,
		    const char *why, struct error *e)
{
	const struct device_policy *p = &w->plan->devices;
	const struct device_entry *d = p->allow ? NULL : unspeakable(w, p);
	char rule[32];

	if (version == 1 && p->allow && p->n)
		return refuse(why, devrules_format(&p->entries[0], rule),
			      "systemd has no word for all devices but some", e);
	if (version == 1 && d)
		return refuse(d->why ? d->why : why, devrules_format(d, rule), reason(w, d), e);
	if (d)
		plan_warn(w->plan, "%s: %s: %s: the device filter is vmcg's alone",
			  d->why ? d->why : why, devrules_format(d, rule), reason(w, d));
	/* A v2 tree beside v1 controllers is none that systemd filters devices on. */
	if (p->allow || d || version != w->version) {
		set_policy(w, list, "auto", why);
		return 0;
	}
	unitplan_add(list, w->arena, "DeviceAllow", "a(ss)", why);
	set_policy(w, list, "strict", why);
	allow(w, list, p, why);
	return 0;
}

/* The runtime's unit: its list is added to, and what is denied is taken out of it. */
static void extend_list(struct unitplan_work *w, struct unit_properties *list, int version,
			const char *why)
{
	const struct device_policy *p = &w->plan->devices, *denied = &w->plan->denied;
	char rule[32];

	if (p->allow || version != w->version)
		return;
	for (size_t i = 0; i < p->n; i++)
		if (!specifier(w, &p->entries[i]))
			plan_warn(w->plan, "%s: %s: %s: a daemon-reload may take it away",
				  p->entries[i].why ? p->entries[i].why : why,
				  devrules_format(&p->entries[i], rule), reason(w, &p->entries[i]));
	for (size_t i = 0; i < denied->n; i++)
		plan_note(w->plan, "%s: %s: taken out of the DeviceAllow of the runtime's unit",
			  denied->entries[i].why, devrules_format(&denied->entries[i], rule));
	allow(w, list, p, why);
	allow(w, &w->plan->unwanted, denied, why);
}

int unitplan_devices(struct unitplan_work *w, struct unit_properties *list, struct error *e)
{
	int version = facts_version(w->facts, "devices");
	const char *why = NULL;

	for (size_t i = 0; i < w->n_steps && !why; i++)
		if (w->steps[i].op == PLAN_DEVICES)
			why = w->steps[i].why;
	if (!w->plan->has_devices || !why)
		return 0;
	if (w->own)
		return own_list(w, list, version, why, e);
	extend_list(w, list, version, why);
	return 0;
}
