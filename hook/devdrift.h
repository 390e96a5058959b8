/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devdrift - where a v1 device list does not decide as it was set, device by device
 *
 * Pure. The kernel wants one entry that holds all bits of a request, so a list
 * that has read and write of a device in two entries lacks something.
 */
#ifndef VMCG_HOOK_DEVDRIFT_H
#define VMCG_HOOK_DEVDRIFT_H

#include "hook/devlist.h"
#include "hook/drift.h"

/* Rows "devices" for a list that is to be exactly the policy, which is in normal form. where names
 * the list, why is the reason for what no entry of the policy explains. */
void devdrift_exact(struct drift *d, const struct devlist_state *live,
		    const struct device_policy *policy, const char *where, const char *why);

/* The same for a list that others made: it grants at least the entries of policy, and nothing of
 * what denied denies (its default is allow). */
void devdrift_extended(struct drift *d, const struct devlist_state *live,
		       const struct device_policy *policy, const struct device_policy *denied,
		       const char *where);

#endif
