/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inspect - the commands that only look: host, paths
 */
#ifndef VMCG_HOOK_INSPECT_H
#define VMCG_HOOK_INSPECT_H

#include "hook/context.h"

int inspect_host(struct context *c, struct error *e);
int inspect_paths(struct context *c, struct error *e);

#endif
