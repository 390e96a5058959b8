/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setup_facts - what setup has to know about this host, and no more
 */
#ifndef VMCG_HOOK_SETUP_FACTS_H
#define VMCG_HOOK_SETUP_FACTS_H

#include "hook/setup.h"

/*
 * Find and hold the VM process, then fill in s->facts, s->init, s->vm: from this
 * host, or from a file of host facts, where processes are taken as they are said
 * to be. ERROR_INPUT, ERROR_HOST.
 */
int setup_facts(struct setup *s, const char *facts_file, struct error *e);

/* Only the host, for the processes s->init and s->vm, which are known: into s->facts. */
int setup_probe(struct setup *s, struct error *e);

/* Just the process that the caller names, state.pid or without one --vm-pid, into s->init or s->vm
 * and s->facts, to compare with a record. One that is gone is left out. */
void setup_describe_caller(struct setup *s);

/* Cgroups do not survive a reboot: a record carries the id of its boot, "unknown" when it could
 * not be read. */
const char *setup_boot_id(struct arena *a);

/* Is a record of this boot? One that cannot be told is: what is gone needs no undo anyway. */
bool setup_is_this_boot(const char *recorded, struct arena *a);

#endif
