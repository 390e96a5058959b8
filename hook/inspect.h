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
#include "hook/usage.h"
#include "hook/vmm.h"

int inspect_host(struct context *c, struct error *e);
int inspect_paths(struct context *c, struct error *e);

/* The record of the container that the first argument names. ERROR_INPUT: it is no id;
 * ERROR_HOST: there is no record of it. */
int inspect_load(struct record *ret, struct context *c, struct error *e);

/* Access to the record's cgroups, for reading; a is for what is read. cgroupfs_close ends it. */
void inspect_open(struct cgroupfs *ret, const struct context *c, const struct record *r,
		  struct arena *a);

/* What is seen of a recorded container now. */
struct inspect_life {
	bool this_boot; /* no: all of it went when the host was booted, and nothing is looked at */
	bool runs;      /* the VM process, and it is still the recorded one */
	const char *comm; /* its name now: a runtime's init becomes the VMM; NULL: no VM yet */
	const char *hypervisor; /* NULL: not recognised */
	struct vmm vm;          /* what vmm_look saw; all 0 if it was not asked */
};

/* thorough: count threads and vCPUs too; else the process is looked into only where its name does
 * not tell which hypervisor it is. */
void inspect_life(struct inspect_life *ret, struct cgroupfs *fs, const struct record *r,
		  bool thorough);

/* Its state in words: "running", "paused", "VM gone", "no VM yet", "half-done", "of another boot".
 */
const char *inspect_condition(const struct record *r, const struct inspect_life *l,
			      const struct usage *u);

/* Has setup made or found a group for it? Not for a user to whom nothing is delegated. */
bool inspect_has_group(const struct record *r);

/* The processes in the target and in the groups below it, sorted, each once. */
void inspect_processes(int64_t **ret, size_t *ret_n, struct cgroupfs *fs, const struct record *r);

#endif
