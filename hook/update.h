/* SPDX-License-Identifier: Apache-2.0 */
/*
 * update - the command that applies a container's settings again, or changes its limits
 */
#ifndef VMCG_HOOK_UPDATE_H
#define VMCG_HOOK_UPDATE_H

#include "hook/context.h"

int update_command(struct context *c, struct error *e);

#endif
