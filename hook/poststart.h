/* SPDX-License-Identifier: Apache-2.0 */
/*
 * poststart - the VM process that setup could not find, because it did not run yet
 */
#ifndef VMCG_HOOK_POSTSTART_H
#define VMCG_HOOK_POSTSTART_H

#include "hook/context.h"

/* Without a record: a whole setup. With one: find the VM, place it if it is elsewhere, verify. */
int poststart_command(struct context *c, struct error *e);

#endif
