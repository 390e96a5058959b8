/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gc - the command that takes down what is recorded but dead
 *
 * Needs:  the run directory, and the namespaces that the hooks ran in, or all
 *         processes look gone.
 * Leaves: every dead container taken down that could be, and a table of all.
 * Never:  waits for another vmcg, touches what lives, or stops at a record that
 *         cannot be read or taken down.
 */
#ifndef VMCG_HOOK_GC_H
#define VMCG_HOOK_GC_H

#include "hook/context.h"

/* ERROR_UNDO: something could not be taken down; else ERROR_HOST: something could not be read. */
int gc_command(struct context *c, struct error *e);

#endif
