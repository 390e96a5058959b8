/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fault - make one step of setup fail on purpose (test build only)
 *
 * VMCG_FAULT=STEP:ERRNO in the environment: step number STEP, from 1, fails with
 * ERRNO (a number) instead of being taken; ERRNO 0 ends the process there, as
 * kill -9 would.
 */
#ifndef VMCG_HOOK_FAULT_H
#define VMCG_HOOK_FAULT_H

#include "oci/error.h"

#ifdef VMCG_TEST
int fault_at(unsigned long step, struct error *e);
#else
static inline int fault_at(unsigned long step, struct error *e)
{
	(void)step;
	(void)e;
	return 0;
}
#endif
#endif
