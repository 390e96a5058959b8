/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devnode - what a path says about a device
 */
#include "hook/devnode.h"

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* The device of what stat(2) saw; false: it is none. */
static bool is_device(struct devnode *ret, const struct stat *st)
{
	if (!S_ISBLK(st->st_mode) && !S_ISCHR(st->st_mode))
		return false;
	*ret = (struct devnode){.type = S_ISBLK(st->st_mode) ? 'b' : 'c',
				.major = major(st->st_rdev),
				.minor = minor(st->st_rdev)};
	return true;
}

int devnode_look(struct devnode *ret, const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return DEVNODE_ABSENT;
	if (S_ISLNK(st.st_mode))
		return DEVNODE_LINK;
	return is_device(ret, &st) ? 0 : DEVNODE_OTHER;
}

const char *devnode_unit_name(const char *path, struct arena *a)
{
	struct devnode d;
	struct stat st;

	if (path[0] != '/' || stat(path, &st) < 0 || !is_device(&d, &st))
		return NULL;
	return arena_printf(a, "/dev/%s/%lld:%lld", d.type == 'b' ? "block" : "char",
			    (long long)d.major, (long long)d.minor);
}
