/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroupfs_mark - whose a cgroup is, told by the cgroup itself
 *
 * Source: xattr(7); the kernel keeps extended attributes for cgroup directories of
 * both versions (trusted.* of old, user.* on v2 since 5.7).
 */
#include <errno.h>
#include <string.h>
#include <sys/xattr.h>

#include "hook/cgroupfs.h"

/* trusted: only the administrator can set it; user: what a rootless caller may. */
static const char *const mark_names[] = {"trusted.vmcg", "user.vmcg"};

int cgroupfs_mark(struct cgroupfs *c, const char *controller, const char *path, const char *id,
		  struct error *e)
{
	int fd = -1, r;

	r = cgroupfs_dir(&fd, c, controller, path, e);
	if (r)
		return r < 0 ? -1
			     : error_set_os(e, ERROR_FAILED, ENOENT, "%s: cannot mark the cgroup",
					    cgroupfs_path(c, controller, path, NULL));
	for (size_t i = 0; i < sizeof(mark_names) / sizeof(*mark_names); i++) {
		if (fsetxattr(fd, mark_names[i], id, strlen(id), 0) == 0)
			return 0;
		/* Without a mark of its own a full group would be left to whoever made it. */
		if (errno != ENOTSUP && errno != EPERM)
			return error_set_os(e, ERROR_FAILED, errno,
					    "%s: cannot mark the cgroup (extended attribute %s)",
					    cgroupfs_path(c, controller, path, NULL),
					    mark_names[i]);
	}
	return 0;
}

int cgroupfs_marked(struct cgroupfs *c, const char *controller, const char *path, const char *id,
		    struct error *e)
{
	bool none = true;
	char value[1025]; /* an id has at most 1024 bytes */
	int fd = -1, r;

	r = cgroupfs_dir(&fd, c, controller, path, e);
	if (r)
		return r;
	for (size_t i = 0; i < sizeof(mark_names) / sizeof(*mark_names); i++) {
		ssize_t n = fgetxattr(fd, mark_names[i], value, sizeof(value));

		if (n < 0 && (errno == ENOTSUP || errno == EPERM))
			continue;
		/* Not knowing whose it is must not look like knowing that it is not ours. */
		if (n < 0 && errno != ENODATA && errno != ERANGE)
			return error_set_os(e, ERROR_FAILED, errno,
					    "%s: cannot read the mark (extended attribute %s)",
					    cgroupfs_path(c, controller, path, NULL),
					    mark_names[i]);
		none = false;
		if (n >= 0 &&
		    (!id || ((size_t)n == strlen(id) && memcmp(value, id, (size_t)n) == 0)))
			return 0;
	}
	return none ? CGROUPFS_UNMARKED : CGROUPFS_FOREIGN;
}
