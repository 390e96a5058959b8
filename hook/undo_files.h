/* SPDX-License-Identifier: Apache-2.0 */
/*
 * undo_files - control files as they were before setup
 *
 * A value is put back only while it is still ours: what somebody changed since is
 * theirs. Where the unit was changed back, systemd has just written all of its
 * files; then those of others are written again, too.
 */
#ifndef VMCG_HOOK_UNDO_FILES_H
#define VMCG_HOOK_UNDO_FILES_H

#include "hook/undo.h"

/* The file of a "write" step. ERROR_FAILED. */
int undo_value_of(const struct undo *u, const struct record_step *s, struct error *e);

/* A v1 cpuset that was filled from its parent. ERROR_FAILED. */
int undo_cpuset(const struct undo *u, const struct record_step *s, struct error *e);

/* What the files of all "write" steps hold now, by step, for undo.before; NULL where there is none.
 */
const char **undo_look_before(const struct undo *u);

/* With undo.before: the files beyond the steps that are undone. The first failure; the others are
 * tried all the same. */
int undo_rest(const struct undo *u, struct error *e);

#endif
