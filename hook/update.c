/* SPDX-License-Identifier: Apache-2.0 */
/*
 * update - the command that applies a container's settings again, or changes its limits
 */
#include "hook/update.h"

int update_command(struct context *c, struct error *e)
{
	(void)c;
	return error_set(e, ERROR_INTERNAL, "not there yet");
}
