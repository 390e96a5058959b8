/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record_merge - a record after more steps were taken for its container
 *
 * Pure. Teardown goes back to what was there before the first setup, so a step
 * that sets what an earlier one had set keeps the earlier one's old value and
 * gets the new one's wish.
 */
#ifndef VMCG_HOOK_RECORD_MERGE_H
#define VMCG_HOOK_RECORD_MERGE_H

#include "hook/record.h"

/*
 * The steps of ret become those of before and of more, which apply has looked at.
 * All other fields of ret stay. ERROR_HOST: the text of a unit's properties is damaged.
 */
int record_merge(struct record *ret, const struct record *before, const struct record *more,
		 struct arena *a, struct error *e);

#endif
