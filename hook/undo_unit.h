/* SPDX-License-Identifier: Apache-2.0 */
/*
 * undo_unit - take back what systemd was asked to do
 */
#ifndef VMCG_HOOK_UNDO_UNIT_H
#define VMCG_HOOK_UNDO_UNIT_H

#include "hook/undo.h"

/* Empty the scope that setup started, stop it, and remove what systemd leaves of it. A unit that
 * is not ours is left alone. ERROR_UNDO. */
int undo_start(const struct undo *u, const struct record_step *s, struct error *e);

/* Give the runtime's unit its former properties again, while its container lives. ERROR_UNDO. */
int undo_set(const struct undo *u, const struct record_step *s, struct error *e);

#endif
