/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device - the commands that allow devices to a running VM, and revoke them
 */
#ifndef VMCG_HOOK_DEVICE_H
#define VMCG_HOOK_DEVICE_H

#include "hook/context.h"
#include "hook/record.h"
#include "oci/jsonw.h"

/* A container's device filter as members of an open object, "default" and "rules": the same
 * wherever it is printed. */
void device_json(struct jsonw *w, const struct record *r);

int device_command(struct context *c, struct error *e);

#endif
