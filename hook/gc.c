/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gc - the command that takes down what is recorded but dead
 */
#include "hook/gc.h"

int gc_command(struct context *c, struct error *e)
{
	(void)c;
	return error_set(e, ERROR_INTERNAL, "not there yet");
}
