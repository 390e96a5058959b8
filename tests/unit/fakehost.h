/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fakehost - a host laid out in a temporary directory, for the probe
 *
 * A host is a list of files and directories. Directories that stand for a cgroup
 * mount hold a file ".look": "MAGIC DEV INO", read by the look function that is
 * handed to the probe. mountinfo is only there where it may be read.
 */
#ifndef VMCG_TESTS_FAKEHOST_H
#define VMCG_TESTS_FAKEHOST_H

#include "hook/host.h"

/* One entry of a host: a file with this text, a directory ("/" at the end of the
 * name), a link ("@" before the target), or a mount ("#" before its ".look"). */
struct entry {
	const char *path, *text;
};

enum { MAX_ENTRIES = 48 };

struct fake {
	char top[64];
	struct arena arena;
};

/* Lay out the entries, up to one without a path, below k->top. */
void fakehost_make(struct fake *k, const struct entry *entries);
void fakehost_drop(struct fake *k);

/* host_wishes.look: a directory without ".look" is a plain one on a tmpfs. */
int fakehost_look(const char *path, struct host_look *ret);

#define V1(dev) "#27e0eb " #dev " 1"
#define V2(dev) "#63677270 " #dev " 1"
#define CG      "/sys/fs/cgroup"

#define MACHINE                                                           \
	{"/proc/sys/kernel/osrelease", "6.1.0-test\n"},                   \
	    {"/proc/self/ns/cgroup", "@cgroup:[4026531835]"},             \
	    {"/proc/self/uid_map", "         0          0 4294967295\n"}, \
	{                                                                 \
		"/sys/devices/system/cpu/online", "0-3\n"                 \
	}

#endif
