/* SPDX-License-Identifier: Apache-2.0 */
/*
 * features - the command that tells what this build and this host can do
 */
#ifndef VMCG_HOOK_FEATURES_H
#define VMCG_HOOK_FEATURES_H

#include "hook/context.h"

int features_command(struct context *c, struct error *e);

#endif
