/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unitdrift - where a unit's properties are not those of the record
 *
 * Pure. Only what limits or allows something is compared: how the scope was
 * started (PIDs, Slice, Description, accounting, ...) is history. A property
 * that this systemd does not have is not compared either.
 */
#ifndef VMCG_HOOK_UNITDRIFT_H
#define VMCG_HOOK_UNITDRIFT_H

#include "hook/devrules.h"
#include "hook/drift.h"
#include "hook/unitprop.h"

struct unitdrift {
	const char *unit;
	const struct unit_properties *wanted, *live;
	bool own; /* the device list is ours: it holds nothing else either */
	/* adopt: what the device list must not have, and the list with numbers where it names
	 * nodes ("/dev/char/10:232"). NULL: nothing. */
	const struct device_policy *denied;
	const struct unit_property *numbered;
};

/* The names to ask systemd for, NULL-terminated. */
const char *const *unitdrift_names(const struct unit_properties *wanted, struct arena *a);

/* One row "unit" for each property that differs, and for each item of a list. */
void unitdrift_compare(struct drift *d, const struct unitdrift *u);

#endif
