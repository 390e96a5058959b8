/* SPDX-License-Identifier: Apache-2.0 */
/*
 * add - the command that places more processes
 */
#include "hook/add.h"

int add_command(struct context *c, struct error *e)
{
	(void)c;
	return error_set(e, ERROR_INTERNAL, "not there yet");
}
