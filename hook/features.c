/* SPDX-License-Identifier: Apache-2.0 */
/*
 * features - the command that tells what this build and this host can do
 */
#include "hook/features.h"

int features_command(struct context *c, struct error *e)
{
	(void)c;
	return error_set(e, ERROR_INTERNAL, "not there yet");
}
