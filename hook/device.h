/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device - the commands that allow devices to a running VM, and revoke them
 */
#ifndef VMCG_HOOK_DEVICE_H
#define VMCG_HOOK_DEVICE_H

#include "hook/context.h"

int device_command(struct context *c, struct error *e);

#endif
