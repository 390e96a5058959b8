/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check - the command that compares what is set with what was recorded
 */
#include "hook/check.h"

int check_command(struct context *c, struct error *e)
{
	(void)c;
	return error_set(e, ERROR_INTERNAL, "not there yet");
}
