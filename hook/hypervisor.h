/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hypervisor - the device nodes that a VMM needs
 *
 * /dev/kvm (/dev/mshv where there is no kvm), /dev/vhost-net, /dev/vhost-vsock,
 * /dev/vfio/vfio, with rwm; policy adds, removes and requires; an annotation
 * adds what policy permits. Numbers come from the host's nodes (facts), never
 * from constants: most of them are dynamic.
 */
#ifndef VMCG_HOOK_HYPERVISOR_H
#define VMCG_HOOK_HYPERVISOR_H

#include "hook/plan.h"
#include "hook/policy.h"
#include "oci/state.h"

/* One wanted node. */
struct hypervisor_device {
	const char *path;
	const char *why;     /* "hypervisor:/dev/kvm", "policy:/devices/add", "annotation:..." */
	const char *instead; /* take this one only when that path is missing; or NULL */
	bool required;
};

struct hypervisor_devices {
	struct hypervisor_device *items;
	size_t n;
};

/* The paths of those that need no policy, NULL behind the last. */
const char *const *hypervisor_builtin(struct arena *a);

/*
 * The list for one container, from policy and annotations; refused annotations
 * become warnings of the plan. No facts needed: its paths are what to probe.
 */
void hypervisor_list(struct hypervisor_devices *ret, const struct policy *policy,
		     const struct oci_annotation *annotations, size_t n_annotations,
		     struct plan *plan);

/*
 * The device policy of the container: the config's rules in order, the base list,
 * the hypervisor's devices, policy's denials, in normal form. Missing nodes are
 * notes, /dev/kvm a warning; a required one is ERROR_HOST; a hole in a wildcard is ERROR_INPUT.
 */
int hypervisor_policy(struct plan *plan, const struct oci_resources *resources,
		      const struct hypervisor_devices *devices, const struct policy *policy,
		      const struct facts *facts, struct error *e);

#endif
