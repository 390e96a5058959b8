/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check - the command that compares what is set with what was recorded
 */
#ifndef VMCG_HOOK_CHECK_H
#define VMCG_HOOK_CHECK_H

#include "hook/context.h"

int check_command(struct context *c, struct error *e);

#endif
