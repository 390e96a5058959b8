/* SPDX-License-Identifier: Apache-2.0 */
/*
 * list - the command that lists the containers under management
 */
#ifndef VMCG_HOOK_LIST_H
#define VMCG_HOOK_LIST_H

#include "hook/context.h"

int list_command(struct context *c, struct error *e);

#endif
