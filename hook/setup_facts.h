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

/* Just s->init and its entry in s->facts, to compare with a record. A process that is gone
 * has none. */
int setup_describe_init(struct setup *s, struct error *e);

/* Cgroups do not survive a reboot: a record carries the id of its boot, "unknown" when it could
 * not be read. */
const char *setup_boot_id(struct arena *a);

/* Is a record of this boot? One that cannot be told is: what is gone needs no undo anyway. */
bool setup_is_this_boot(const char *recorded, struct arena *a);

#endif
