/* SPDX-License-Identifier: Apache-2.0 */
/*
 * undo_processes - the processes of a group, back to where they came from
 *
 * A process that was placed is on record with its number and its start time; only
 * while it is that process is it moved back. Whoever else is inside was forked by
 * one of them.
 */
#ifndef VMCG_HOOK_UNDO_PROCESSES_H
#define VMCG_HOOK_UNDO_PROCESSES_H

#include "hook/undo.h"

/* Where the processes on record are now, into u; nowhere when they have ended. They are held until
 * undo_release_processes. */
void undo_look_for_processes(struct undo *u);
void undo_release_processes(struct undo *u);

/* A "place" step. ERROR_FAILED. */
int undo_place(const struct undo *u, const struct record_step *s, struct error *e);

/* Take just the VM process out of a group that goes: mostly nobody else is inside. Where policy
 * kills, it is left to undo_empty. ERROR_FAILED. */
int undo_drain_vm(const struct undo *u, const char *controller, const char *path, struct error *e);

/* Is it the target, and was it made by the setup that is undone? */
bool undo_is_own_target(const struct undo *u, const char *path);

#endif
