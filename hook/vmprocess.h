/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vmprocess - which process is the VM
 *
 * In this order: --vm-pid, --vm-pid-file, the annotation io.vmcg.vm-pid-file
 * (where policy lets it act), a process of the container that holds a KVM VM,
 * state.pid. A pid that a file names must belong to the container: it is a
 * descendant of state.pid, or shares its cgroup in every hierarchy; for an
 * annotation one of these must be another group than vmcg's own, which may be the
 * shim's with all that it runs. A process is held first and looked at then, so that
 * what is seen is about that process.
 */
#ifndef VMCG_HOOK_VMPROCESS_H
#define VMCG_HOOK_VMPROCESS_H

#include "hook/context.h"
#include "hook/procs.h"
#include "oci/state.h"

struct vmprocess {
	struct held_process held; /* pid 0: it does not run yet; the caller releases it */
	const char *why;          /* "option:--vm-pid", "discovery:kvm", "state:/pid" */
};

/* ERROR_INPUT: a pid file that holds no pid. ERROR_HOST: gone, foreign to the container, or one
 * that is no VM (procs_refuse). */
int vmprocess_find(struct vmprocess *ret, const struct context *c, const struct oci_state *state,
		   const struct oci_annotation *annotations, size_t n_annotations, struct error *e);

#endif
