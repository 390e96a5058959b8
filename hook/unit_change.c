/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unit_change - a unit's properties changed while its VM runs
 */
#include "hook/unit_change.h"

#include <string.h>

#include "hook/freezer.h"
#include "hook/log.h"

/* A unit without a device list is written "allow everything", which denies nobody. 1: it has
 * one. */
static int filters_devices(struct unit_change *u, const char *unit, struct error *e)
{
	static const char *const names[] = {"DevicePolicy", "DeviceAllow", NULL};
	const struct unit_property *policy, *list;
	struct unit_properties live;
	int r;

	r = systemd_get(&live, u->systemd, unit, names, e);
	if (r)
		return r < 0 ? -1 : 0;
	policy = unitprop_find(&live, names[0]);
	list = unitprop_find(&live, names[1]);
	return (policy && policy->text && strcmp(policy->text, "auto") != 0) ||
	       (list && list->n_items);
}

/* Is there something to freeze, and need for it? 1: yes. */
static int must_freeze(struct unit_change *u, const char *unit, struct error *e)
{
	int r;

	if (!u->store || record_version(u->record, "devices") != 1)
		return 0;
	r = filters_devices(u, unit, e);
	if (r <= 0)
		return r;
	r = freezer_look(u->fs, u->record, e);
	if (r == FREEZER_NONE)
		log_warning("%s: cannot be frozen: systemd denies its devices for a moment while "
			    "it writes the list anew",
			    unit);
	return r < 0 ? -1 : r == 0;
}

static int keep(struct unit_change *u, bool frozen, struct error *e)
{
	u->record->frozen = frozen;
	return store_save(u->store, u->record, e);
}

int unit_change(struct unit_change *u, const char *unit, const struct unit_properties *p,
		struct error *e)
{
	struct error thaw;
	int r;

	r = must_freeze(u, unit, e);
	if (r < 0)
		return -1;
	if (r == 0)
		return systemd_set(u->systemd, unit, p, e);
	if (keep(u, true, e) < 0)
		return -1;
	r = freezer_freeze(u->fs, u->record, e);
	if (r == 0)
		r = systemd_set(u->systemd, unit, p, e);
	if (unit_change_thaw(u, &thaw) < 0 && r >= 0) {
		*e = thaw;
		r = -1;
	}
	return r;
}

int unit_change_thaw(struct unit_change *u, struct error *e)
{
	if (!u->record->frozen)
		return 0;
	if (freezer_thaw(u->fs, u->record, e) < 0)
		return -1;
	/* A record that still says "frozen" makes the next command look again, no more. */
	if (keep(u, false, NULL) < 0)
		log_warning("%s/%s.json: cannot be written", u->store->root, u->store->id);
	return 0;
}
