/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gc - the command that takes down what is recorded but dead
 */
#ifndef VMCG_HOOK_GC_H
#define VMCG_HOOK_GC_H

#include "hook/context.h"

int gc_command(struct context *c, struct error *e);

#endif
