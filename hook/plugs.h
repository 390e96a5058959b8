/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plugs - a container's device policy, changed while it runs
 *
 * Pure. What is added or removed here is a record's wish; device.c brings the
 * filters to it. A removal is kept as a denial ("denied"), so that it takes the
 * device out of filters that others made as well, and stays when device rules
 * change. Reasons: "plugged:PATH" and "removed:PATH".
 */
#ifndef VMCG_HOOK_PLUGS_H
#define VMCG_HOOK_PLUGS_H

#include "hook/hypervisor.h"
#include "hook/record.h"

/* Conditions */
enum {
	PLUGS_SAME = 1, /* it is as asked for already */
	PLUGS_UNKNOWN,  /* no device of that path is known here */
};

/*
 * Allow a device (rwm). What it cannot do without comes along (plugs_companion), which
 * the caller adds as a plug with "with" set. Whether today's policy denies it, the caller
 * has looked at: what the record says of that is of before. PLUGS_SAME: every bit is allowed
 * already. ERROR_HOST: a rule of the record denies all devices of its kind.
 */
int plugs_add(struct record *r, const struct record_plug *d, struct arena *a, struct error *e);

/*
 * Revoke a device: that of the path, with the numbers its node has now (node, or NULL when
 * there is none any more: then those that it had when it was plugged in, or the
 * hypervisor's). Numbers that the path was plugged in with, and that its node has no more, go as
 * well: they may be another device's by now. A companion goes with the last that needs it.
 * PLUGS_SAME: it is not allowed anyway. PLUGS_UNKNOWN. ERROR_HOST: a wider rule allows it, which
 * cannot be cut.
 */
int plugs_remove(struct record *r, const char *path, const struct record_plug *node,
		 struct arena *a, struct error *e);

/* What a device cannot do without: "/dev/vfio/vfio" of a VFIO group, "/dev/iommu" of a VFIO
 * device. NULL: nothing. */
const char *plugs_companion(const char *path);

/*
 * The record's policy made again from new rules of the config, for the nodes of this host;
 * what was plugged, removed or annotated stays so, but for what policy denies by now. ERROR_INPUT,
 * ERROR_HOST.
 */
int plugs_policy(struct record *r, const struct oci_resources *resources,
		 const struct hypervisor_devices *nodes, const struct facts *facts,
		 const struct policy *policy, struct arena *a, struct error *e);

#endif
