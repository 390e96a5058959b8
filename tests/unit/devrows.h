/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devrows - the decision table of the device rules, for every test that needs it
 *
 * One row: a list of rules in short form, the normal form it folds to, what is
 * then allowed on some devices, and the length of the device program. The same
 * rows are decided by the rules, by the simulated program, by the simulated v1
 * list, and as root by the kernel.
 */
#ifndef VMCG_TESTS_DEVROWS_H
#define VMCG_TESTS_DEVROWS_H

#include "hook/devrules.h"
#include "oci/text.h"

struct devrow {
	int number;
	const char *rules; /* "-a ; +c 10:232 rw": + allows, - denies, DEF is the base list */
	const char *state; /* "deny {c 10:232 rw}", "deny {11 entries}", or "hole": refused */
	const char *want;  /* "c10:232: r w rw ; c1:3: none", out of the requests r w rw m */
	size_t size;       /* instructions; 0: nothing to attach */
};

extern const struct devrow devrows[];
extern const size_t devrows_n;

/* A request that a row asks about, and its answer. */
struct devrow_request {
	char type;
	int64_t major, minor;
	unsigned access;
	bool allowed;
};

enum { DEVROW_REQUESTS = 32 }; /* no row has more */

/* Fold the rules of a list and bring them into normal form. Base rules are added one by one,
 * whatever the default is. 0, or -1 with the error of devrules_add(). */
int devrows_fold(struct device_policy *ret, const char *rules, struct arena *a, struct error *e);

/* The requests of a row, four a device; returns how many. */
size_t devrows_requests(const struct devrow *row, struct devrow_request *into);

/* A policy in the form of the state column. */
void devrows_state(const struct device_policy *p, struct text *out);

/* The verdict of the state column for a policy: with "11 entries" only they are counted. */
bool devrows_state_is(const struct device_policy *p, const char *state);

#endif
