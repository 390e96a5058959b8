/* SPDX-License-Identifier: Apache-2.0 */
/*
 * undo_value - what to write so that a control file reads as before
 *
 * Pure. Most files take back what they showed; lists of "KEY VALUE" lines take
 * one line, and a key that had none has a word for none.
 */
#ifndef VMCG_HOOK_UNDO_VALUE_H
#define VMCG_HOOK_UNDO_VALUE_H

#include "hook/readback.h"
#include "oci/arena.h"

/* written: what setup wrote; old: what the file showed before. NULL: nothing can be put back. */
const char *undo_value(enum readback form, const char *file, const char *written, const char *old,
		       struct arena *a);

/* Of the enabled "+cpu +io", what old (subtree_control before) lacked, as "-cpu -io"; "". */
const char *undo_disabled(const char *enabled, const char *old, struct arena *a);

/* "-cpu -io" as "+cpu +io". */
const char *undo_enabled(const char *disabled, struct arena *a);

#endif
