/* SPDX-License-Identifier: Apache-2.0 */
/*
 * changelog - what a change did to a running container, said to its caller
 */
#ifndef VMCG_HOOK_CHANGELOG_H
#define VMCG_HOOK_CHANGELOG_H

#include "hook/change.h"
#include "hook/drift.h"

/* Before change_run: where the device filters are not as its steps will have them. What cannot be
 * looked at is left out. */
void changelog_look(struct drift *ret, struct change *c, const struct plan_step *steps, size_t n);

/* After change_run: the values, groups and unit properties that are not what they were before, in
 * the form that the options ask for. Nothing changed: one line that says so, an empty array. */
void changelog_print(struct change *c);

/* The same with the device filters, of which changelog_look has found what is there. */
void changelog_print_with(struct change *c, const struct drift *devices);

/* A step is about to set a limit below what usage_file says is used: a warning in the log. */
void changelog_warn_usage(struct change *c, const struct plan_step *s, const char *usage_file);

#endif
