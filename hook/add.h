/* SPDX-License-Identifier: Apache-2.0 */
/*
 * add - the command that places more processes
 */
#ifndef VMCG_HOOK_ADD_H
#define VMCG_HOOK_ADD_H

#include "hook/context.h"

int add_command(struct context *c, struct error *e);

#endif
