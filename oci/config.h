/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config - the corner of config.json that vmcg reads
 *
 * linux.cgroupsPath, linux.resources, linux.devices and annotations; the rest
 * is checked for syntax and skipped. Source: OCI runtime-spec, config.md and
 * config-linux.md.
 */
#ifndef VMCG_OCI_CONFIG_H
#define VMCG_OCI_CONFIG_H

#include "oci/resources.h"
#include "oci/state.h"

/* One node of linux.devices: what the runtime makes in the container's /dev. */
struct oci_device_node {
	const char *path;
	char type;            /* 'b', 'c', 'u' (same as c) or 'p' */
	int64_t major, minor; /* 0 for 'p' */
};

struct oci_config {
	const char *cgroups_path; /* NULL when absent; may be "" */
	struct oci_resources resources;
	struct oci_device_node *devices;
	size_t n_devices;
	struct oci_annotation *annotations;
	size_t n_annotations;
};

/* Parse a whole config.json. Everything lives in the arena. Errors are ERROR_INPUT. */
int oci_config_parse(struct oci_config *ret, struct arena *a, const char *bytes, size_t len,
		     struct error *e);

#endif
