/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unitdiff - what a unit that others made still lacks, and how it was before
 *
 * Setting a property makes systemd write all of the unit's files again, so only
 * what differs is set. Array properties grow: what is sent is added to the list
 * that the unit has, and an empty array clears it.
 */
#ifndef VMCG_HOOK_UNITDIFF_H
#define VMCG_HOOK_UNITDIFF_H

#include "hook/unitprop.h"

/*
 * change: those of wanted that the unit has otherwise, arrays reduced to the items
 * it lacks. old: what to set to take the change back. A property that live does not
 * name is none of this systemd's and left out. DeviceAllow is left alone while the
 * unit allows everything (DevicePolicy auto and no list): its first entry would
 * deny all the rest. live must have DevicePolicy and DeviceAllow then.
 * unwanted: letters that items of DeviceAllow must not have, wanted or not; where it
 * has one the list is sent anew, empty first, the policy with it: in another order
 * systemd says ever after that the unit needs a reload. So it is when wanted names
 * another DevicePolicy, and "auto" then means a list without entries. A list that
 * loses its last entry denies the rest still: "auto" becomes "closed".
 */
void unitdiff(struct unit_properties *change, struct unit_properties *old,
	      const struct unit_properties *wanted, const struct unit_properties *live,
	      const struct unit_properties *unwanted, struct arena *a);

/* For a unit of our own, whose list is ours: what of live's DeviceAllow wanted does not have. */
struct unit_properties unitdiff_surplus(const struct unit_properties *wanted,
					const struct unit_properties *live, struct arena *a);

/*
 * What takes a change back: only what is still as it was set, and of a list only the items
 * that were added; what others changed since is theirs.
 */
void unitdiff_back(struct unit_properties *back, const struct unit_properties *old,
		   const struct unit_properties *set, const struct unit_properties *live,
		   struct arena *a);

#endif
