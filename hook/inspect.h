/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inspect - the commands that only look: host, paths; and what all of them share
 *
 * Records are read without their lock: they are replaced as a whole, and a look
 * must not wait for a setup that is under way.
 */
#ifndef VMCG_HOOK_INSPECT_H
#define VMCG_HOOK_INSPECT_H

#include "hook/cgroupfs.h"
#include "hook/context.h"
#include "hook/record.h"

int inspect_host(struct context *c, struct error *e);
int inspect_paths(struct context *c, struct error *e);

/* The record of the container that the first argument names. ERROR_INPUT: it is no id;
 * ERROR_HOST: there is no record of it. */
int inspect_load(struct record *ret, struct context *c, struct error *e);

/* Access to the record's cgroups, for reading; a is for what is read. cgroupfs_close ends it. */
void inspect_open(struct cgroupfs *ret, const struct context *c, const struct record *r,
		  struct arena *a);

/* Does the VM process run? */
bool inspect_runs(const struct record *r);

/* Its state in two words: "running", "VM gone", "no VM yet", "half-done". */
const char *inspect_condition(const struct record *r, bool runs);

#endif
