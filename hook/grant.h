/* SPDX-License-Identifier: Apache-2.0 */
/*
 * grant - what a config lacks of the hypervisor's devices, and the config with it
 *
 * For a runtime that has still to read its config: a device that is granted there
 * survives whatever makes the runtime or systemd build its device filter again.
 */
#ifndef VMCG_HOOK_GRANT_H
#define VMCG_HOOK_GRANT_H

#include "hook/hypervisor.h"
#include "oci/config.h"
#include "oci/text.h"

/* JSON objects with commas between them; "" when nothing is lacking. */
struct grant {
	const char *nodes; /* for linux.devices */
	const char *rules; /* for linux.resources.devices */
};

/*
 * Which of the devices the config lacks. Those that hypervisor_policy would not grant are left
 * out; it decides, warns (into plan) and refuses here, too. ERROR_INPUT, ERROR_HOST.
 */
int grant_decide(struct grant *ret, struct plan *plan, const struct oci_config *config,
		 const struct hypervisor_devices *devices, const struct policy *policy,
		 const struct facts *facts, struct error *e);

/* Append config.json, with the grant in it and all else as it was, to out. ERROR_INPUT: out is
 * then as it was. */
int grant_apply(struct text *out, const struct grant *g, const char *bytes, size_t len,
		struct error *e);

#endif
