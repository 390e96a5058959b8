/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devrules - device rules folded to a normal form, and what it decides
 *
 * The normal form is a default verdict and a set of exceptions, keyed by (type,
 * major, minor), each with a mask. One semantics on every layout:
 *   default deny:  granted if every bit asked for is granted by some matching entry
 *   default allow: denied if any bit asked for is in some matching entry
 *   asking for nothing is granted
 * A rule that would cut a hole into a wildcard entry cannot be expressed on
 * cgroup v1 and is refused on every layout, so that one config means one thing.
 */
#ifndef VMCG_HOOK_DEVRULES_H
#define VMCG_HOOK_DEVRULES_H

#include "oci/arena.h"
#include "oci/error.h"
#include "oci/resources.h"

struct device_entry {
	char type;            /* 'b' or 'c' */
	int64_t major, minor; /* OCI_ANY: wildcard */
	unsigned access;      /* OCI_MKNOD | OCI_READ | OCI_WRITE, never 0 */
	const char *why;      /* where it comes from, for people */
};

/* A policy in normal form: sorted (type, major, minor, wildcards last), one
 * entry a key, no entry that wider ones cover. */
struct device_policy {
	bool allow; /* the verdict for what no entry names */
	struct device_entry *entries;
	size_t n;
};

/* Start: deny everything. */
#define DEVICE_POLICY_DENY ((struct device_policy){0})

/*
 * Apply one rule to a policy under construction (not yet normal). why is kept in
 * the entries it makes. A hole in a wildcard is ERROR_INPUT, with both rules named.
 */
int devrules_add(struct device_policy *p, const struct oci_device_rule *rule, const char *why,
		 struct arena *a, struct error *e);

/* Append the list every container has (null, zero, full, random, urandom, tty, ptmx, pts,
 * net/tun, mknod of anything), as runc does. Only under default deny; else a no-op. */
int devrules_add_base(struct device_policy *p, struct arena *a, struct error *e);

/* Bring into normal form. */
void devrules_normalise(struct device_policy *p);

/* Same verdict for every request? Both must be normal. Reasons (why) do not count. */
bool devrules_equal(const struct device_policy *a, const struct device_policy *b);

/* The decision for one request: type 'b' or 'c', access a mask (0: existence). */
bool devrules_decide(const struct device_policy *p, char type, int64_t major, int64_t minor,
		     unsigned access);

/* "c 10:232 rwm", into a buffer of at least 32 bytes; returns buf. */
const char *devrules_format(const struct device_entry *entry, char *buf);

/* "rwm" subset of an access mask, in the kernel's order; returns a static string. */
const char *devrules_access(unsigned access);

#endif
