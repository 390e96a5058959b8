/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devices - the rules of linux.resources.devices
 *
 * Source: OCI runtime-spec, config-linux.md "Allowed Device list". Stricter
 * than the schema where a rule could only be a mistake: an allow rule needs an
 * access, a number must fit the kernel's dev_t (12 and 20 bits). A deny rule
 * without access denies everything. -1 is a wildcard, as runtimes have it.
 */
#ifndef VMCG_OCI_DEVICES_H
#define VMCG_OCI_DEVICES_H

#include "oci/resources.h"

/* Read the array of rules into out->devices. Errors are ERROR_INPUT. */
int oci_devices_read(struct oci_resources *out, const struct json *array, struct arena *a,
		     struct error *e);

#endif
