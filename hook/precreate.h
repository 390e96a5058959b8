/* SPDX-License-Identifier: Apache-2.0 */
/*
 * precreate - podman's config filter: a config on standard input, the same with the
 * hypervisor's devices on standard output
 */
#ifndef VMCG_HOOK_PRECREATE_H
#define VMCG_HOOK_PRECREATE_H

#include "hook/context.h"

/* Looks at device nodes and changes nothing. ERROR_INPUT, ERROR_HOST. */
int precreate_command(struct context *c, struct error *e);

#endif
