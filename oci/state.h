/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state - the OCI state document that a hook gets on standard input
 *
 * Source: OCI runtime-spec, runtime.md "State". Runtimes differ in what they
 * send, so only id is required here (bundle by those who need config.json);
 * status and ociVersion may be empty; pid may be absent or 0.
 */
#ifndef VMCG_OCI_STATE_H
#define VMCG_OCI_STATE_H

#include "oci/json.h"

struct oci_annotation {
	const char *key, *value;
};

struct oci_state {
	const char *oci_version; /* may be NULL */
	const char *id;          /* never NULL; letters, digits, "_+-.", 1..1024, not "." or ".." */
	const char *status;      /* may be NULL or empty */
	const char *bundle; /* absolute; NULL when absent ("bundlePath" of old docker counts) */
	int64_t pid;        /* 0 when absent */
	struct oci_annotation *annotations;
	size_t n_annotations;
};

/*
 * Parse the state from the front of bytes; *ret_used tells where it ends, so
 * that a second document (the config) may follow. Everything lives in the arena.
 * Errors are ERROR_INPUT.
 */
int oci_state_parse(struct oci_state *ret, size_t *ret_used, struct arena *a, const char *bytes,
		    size_t len, struct error *e);

/* Read an annotations object (NULL: none) in document order; config.json has one, too. */
int oci_state_annotations(struct oci_annotation **ret, size_t *ret_n, const struct json *object,
			  struct arena *a, struct error *e);

/* Is id fit for a file name and a cgroup name, by the rule of the OCI runtimes? */
int oci_state_check_id(const char *id, struct error *e);

#endif
