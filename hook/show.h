/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show - the command that shows one container: what was set, and what is live
 */
#ifndef VMCG_HOOK_SHOW_H
#define VMCG_HOOK_SHOW_H

#include "hook/context.h"

int show_command(struct context *c, struct error *e);

#endif
