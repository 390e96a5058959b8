/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devnode - what a path says about a device
 *
 * The numbers always come from the node: most of them are dynamic.
 */
#ifndef VMCG_HOOK_DEVNODE_H
#define VMCG_HOOK_DEVNODE_H

#include <stdint.h>

#include "oci/arena.h"

struct devnode {
	char type; /* 'b' or 'c' */
	int64_t major, minor;
};

/* Conditions */
enum {
	DEVNODE_ABSENT = 1, /* nothing there, or nothing that may be looked at */
	DEVNODE_LINK,       /* a symbolic link */
	DEVNODE_OTHER,      /* a file, a directory, a socket, ... */
};

/* Look at the node itself: whoever may change a link would choose the device. */
int devnode_look(struct devnode *ret, const char *path);

/* How systemd calls the device of a node: "/dev/char/10:232". NULL: path names none. */
const char *devnode_unit_name(const char *path, struct arena *a);

#endif
