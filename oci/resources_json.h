/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resources_json - linux.resources as JSON again
 *
 * What is kept about a container between two commands has its settings as the
 * config spelled them, so that they can be read, merged and planned once more.
 */
#ifndef VMCG_OCI_RESOURCES_JSON_H
#define VMCG_OCI_RESOURCES_JSON_H

#include "oci/jsonw.h"
#include "oci/resources.h"

/* An optional field of struct oci_resources that is no list. */
struct oci_scalar {
	const char *part;    /* the member of linux.resources it stands in: "memory" */
	const char *name;    /* and its own name there: "limit" */
	enum json_want want; /* WANT_INT, WANT_UINT, WANT_BOOL or WANT_STRING */
	size_t offset;       /* in struct oci_resources */
	bool zero_is_absent; /* 0 asks for nothing, as everywhere in the config */
};

/* All of them, in the order in which they are written. The last one has no name. */
extern const struct oci_scalar oci_scalars[];

/*
 * Write a linux.resources object that oci_resources_read takes back as an equal
 * value (but for base, which is where it was read). key is its name in the
 * object that w is in, or NULL. Absent fields and empty lists are left out, lists
 * keep their order. On one line: it may become long, and is for programs.
 */
void oci_resources_json(struct jsonw *w, const char *key, const struct oci_resources *r);

#endif
