/* SPDX-License-Identifier: Apache-2.0 */
/*
 * features - the command that tells what this build and this host can do
 *
 * A features document of the OCI runtime specification, whose members are about
 * the program alone, wherever it runs; and in one member more, "vmcg", what that
 * document has no word for, this host above all. Needs no rights, and no host that
 * works: what cannot be found out is null.
 */
#ifndef VMCG_HOOK_FEATURES_H
#define VMCG_HOOK_FEATURES_H

#include "hook/context.h"

int features_command(struct context *c, struct error *e);

#endif
