/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device - the commands that allow devices to a running VM, and revoke them
 */
#include "hook/device.h"

int device_command(struct context *c, struct error *e)
{
	(void)c;
	return error_set(e, ERROR_INTERNAL, "not there yet");
}
