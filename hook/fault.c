/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fault - make one step of setup fail on purpose (test build only)
 */
#include "hook/fault.h"

#ifdef VMCG_TEST

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

int fault_at(unsigned long step, struct error *e)
{
	const char *fault = getenv("VMCG_FAULT");
	char *end;
	int os;

	if (!fault || strtoul(fault, &end, 10) != step || *end != ':')
		return 0;
	os = (int)strtol(end + 1, NULL, 10);
	if (os == 0)
		kill(getpid(), SIGKILL);
	return error_set_os(e, ERROR_FAILED, os, "step %lu: fault on purpose", step);
}

#else

/* An empty translation unit is not ISO C. */
typedef int fault_is_for_tests;

#endif
