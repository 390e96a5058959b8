/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroupfs - the only file that opens, reads and writes control groups
 *
 * Directories stay open until the end: a setup touches the same dozen again and
 * again. What is removed is forgotten first, so that a new group of the same
 * name is not written through a dead descriptor.
 */
#include "hook/cgroupfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "hook/cgpath.h"
#include "hook/yard.h"

struct cgroupfs_dir {
	const char *mount, *path;
	int fd; /* -1: forgotten */
};

void cgroupfs_open(struct cgroupfs *c, struct arena *a, const struct facts_mount *mounts,
		   size_t n_mounts, const char *yard)
{
	*c = (struct cgroupfs){.arena = a, .mounts = mounts, .n_mounts = n_mounts, .yard = yard};
}

void cgroupfs_close(struct cgroupfs *c)
{
	for (size_t i = 0; i < c->n_dirs; i++)
		if (c->dirs[i].fd >= 0)
			close(c->dirs[i].fd);
	c->n_dirs = 0;
}

static const struct facts_mount *find_mount(const struct cgroupfs *c, const char *controller)
{
	const struct facts_mount *unified = NULL;

	for (size_t i = 0; i < c->n_mounts; i++) {
		if (strcmp(c->mounts[i].name, controller) == 0)
			return &c->mounts[i];
		if (strcmp(c->mounts[i].name, "unified") == 0)
			unified = &c->mounts[i];
	}
	/* "" and every controller without a v1 mount live in the v2 tree. */
	return unified;
}

static const char *mount_point(const struct cgroupfs *c, const struct facts_mount *m)
{
	return c->yard ? arena_printf(c->arena, "%s%s", c->yard, m->path) : m->path;
}

/* The path of the group below its mount point, without a leading slash; "" is the mount. */
static const char *below_mount(const struct cgroupfs *c, const struct facts_mount *m,
			       const char *path)
{
	const char *disk = cgpath_on_disk(c->arena, "", m->root ? m->root : "/", path);

	return disk ? disk + (disk[0] == '/') : NULL;
}

const char *cgroupfs_path(const struct cgroupfs *c, const char *controller, const char *path,
			  const char *file)
{
	const struct facts_mount *m = find_mount(c, controller);
	const char *below = m ? below_mount(c, m, path) : NULL;

	return arena_printf(c->arena, "%s%s%s%s%s", m ? mount_point(c, m) : controller,
			    below && *below ? "/" : "", below ? below : path, file ? "/" : "",
			    file ? file : "");
}

bool cgroupfs_together(const struct cgroupfs *c, const char *one, const char *other)
{
	const struct facts_mount *a, *b;

	if (one == other || strcmp(one, other) == 0)
		return true;
	a = find_mount(c, one);
	b = find_mount(c, other);
	return a == b || (a && b && strcmp(a->path, b->path) == 0);
}

/* --- directories --- */

static struct cgroupfs_dir *find_dir(const struct cgroupfs *c, const char *mount, const char *path)
{
	for (size_t i = 0; i < c->n_dirs; i++)
		if (c->dirs[i].fd >= 0 && strcmp(c->dirs[i].mount, mount) == 0 &&
		    strcmp(c->dirs[i].path, path) == 0)
			return &c->dirs[i];
	return NULL;
}

static void remember(struct cgroupfs *c, const char *mount, const char *path, int fd)
{
	*ARENA_APPEND(c->arena, c->dirs, c->n_dirs) = (struct cgroupfs_dir){
	    .mount = mount, .path = arena_copy(c->arena, path, strlen(path)), .fd = fd};
}

static void forget(struct cgroupfs *c, const char *mount, const char *path)
{
	struct cgroupfs_dir *d = find_dir(c, mount, path);

	if (!d)
		return;
	close(d->fd);
	d->fd = -1;
}

/* A directory that turned out to be gone, and those above it, which may be gone as well: what
 * stands there now is opened anew. */
static void forget_dead(struct cgroupfs *c, const struct facts_mount *m, const char *path)
{
	for (; path && strcmp(path, "/") != 0; path = cgpath_parent(c->arena, path))
		forget(c, m->path, path);
}

static int open_mount(int *ret_fd, struct cgroupfs *c, const struct facts_mount *m, struct error *e)
{
	const char *point = mount_point(c, m);
	struct cgroupfs_dir *d = find_dir(c, m->path, "/");
	struct statfs fs;
	int fd;

	if (d) {
		*ret_fd = d->fd;
		return 0;
	}
	fd = open(point, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_set_os(e, ERROR_FAILED, errno, "%s: cannot open the cgroup mount",
				    point);
	if (!c->yard && (fstatfs(fd, &fs) < 0 ||
			 (fs.f_type != CGROUP_SUPER_MAGIC && fs.f_type != CGROUP2_SUPER_MAGIC))) {
		close(fd);
		return error_set(e, ERROR_FAILED, "%s: is not a cgroup file system", point);
	}
	remember(c, m->path, "/", fd);
	*ret_fd = fd;
	return 0;
}

/* One component after the other, none of them a link: before Linux 5.6 there is no openat2,
 * and a process that only looks may not call it. */
static int open_by_steps(int mount_fd, const char *below)
{
	int fd = dup(mount_fd);

	while (fd >= 0 && *below) {
		size_t n = strcspn(below, "/");
		char name[CGPATH_MAX_NAME + 1];
		int next;

		if (n > CGPATH_MAX_NAME) {
			close(fd);
			errno = ENAMETOOLONG;
			return -1;
		}
		memcpy(name, below, n);
		name[n] = '\0';
		next = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		close(fd);
		fd = next;
		below += n + (below[n] == '/');
	}
	return fd;
}

static int open_below(const struct cgroupfs *c, int mount_fd, const char *below)
{
	const struct open_how how = {.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
				     .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
						RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV};
	long fd;

	if (!*below || c->look_only)
		return open_by_steps(mount_fd, below);
	fd = syscall(SYS_openat2, mount_fd, below, &how, sizeof(how));
	/* Older kernels do not know it, and some containers' filters do not let it through. */
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		return open_by_steps(mount_fd, below);
	return (int)fd;
}

int cgroupfs_dir(int *ret_fd, struct cgroupfs *c, const char *controller, const char *path,
		 struct error *e)
{
	const struct facts_mount *m = find_mount(c, controller);
	struct cgroupfs_dir *d;
	const char *below;
	int mount_fd = -1, fd;

	if (!m)
		return error_set(e, ERROR_FAILED, "%s: the hierarchy of %s is not mounted", path,
				 controller);
	d = find_dir(c, m->path, path);
	if (d) {
		*ret_fd = d->fd;
		return 0;
	}
	below = below_mount(c, m, path);
	if (!below)
		return error_set(e, ERROR_FAILED, "%s: lies outside of what %s shows", path,
				 m->path);
	if (open_mount(&mount_fd, c, m, e) < 0)
		return -1;
	fd = open_below(c, mount_fd, below);
	if (fd < 0 && (errno == ENOENT || errno == ENODEV))
		return CGROUPFS_ABSENT;
	if (fd < 0)
		return error_set_os(e, ERROR_FAILED, errno, "%s: cannot open the cgroup",
				    cgroupfs_path(c, controller, path, NULL));
	remember(c, m->path, path, fd);
	*ret_fd = fd;
	return 0;
}

int cgroupfs_mkdir(struct cgroupfs *c, const char *controller, const char *path, struct error *e)
{
	const char *parent = cgpath_parent(c->arena, path);
	int fd, r, err;

	r = cgroupfs_dir(&fd, c, controller, parent, e);
	if (r < 0)
		return -1;
	if (r == 0 && mkdirat(fd, cgpath_name(path), 0755) == 0)
		return 0;
	if (r == 0 && errno == EEXIST)
		return CGROUPFS_EXISTS;
	err = r ? ENOENT : errno;
	if (err == ENOENT || err == ENODEV)
		forget_dead(c, find_mount(c, controller), parent);
	return error_set_os(e, ERROR_FAILED, err, "%s: cannot make the cgroup",
			    cgroupfs_path(c, controller, path, NULL));
}

int cgroupfs_rmdir(struct cgroupfs *c, const char *controller, const char *path, struct error *e)
{
	const struct facts_mount *m = find_mount(c, controller);
	int fd, r;

	r = cgroupfs_dir(&fd, c, controller, cgpath_parent(c->arena, path), e);
	if (r)
		return r;
	forget(c, m->path, path);
	if (c->yard)
		yard_empty(fd, cgpath_name(path));
	if (unlinkat(fd, cgpath_name(path), AT_REMOVEDIR) == 0)
		return 0;
	if (errno == ENOENT || errno == ENODEV)
		return CGROUPFS_ABSENT;
	/* A plain directory says it in another word. */
	return error_set_os(e, ERROR_FAILED, c->yard && errno == ENOTEMPTY ? EBUSY : errno,
			    "%s: cannot remove the cgroup",
			    cgroupfs_path(c, controller, path, NULL));
}

int cgroupfs_children(const char ***ret, size_t *ret_n, struct cgroupfs *c, const char *controller,
		      const char *path, struct error *e)
{
	const char **names = NULL;
	struct dirent *entry;
	struct stat st;
	size_t n = 0;
	DIR *dir;
	int fd, r;

	r = cgroupfs_dir(&fd, c, controller, path, e);
	if (r)
		return r;
	/* A directory has a link from itself and one from each child (but for file systems
	 * that do not count): mostly there are none, and nothing to list. */
	if (fstat(fd, &st) == 0 && st.st_nlink == 2) {
		*ret = NULL;
		*ret_n = 0;
		return 0;
	}
	/* A descriptor of its own: closedir closes it, and the offset is not shared. */
	fd = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		r = errno;
		if (fd >= 0)
			close(fd);
		if (r == ENOENT || r == ENODEV)
			return CGROUPFS_ABSENT;
		return error_set_os(e, ERROR_FAILED, r, "%s: cannot list the cgroup",
				    cgroupfs_path(c, controller, path, NULL));
	}
	while ((entry = readdir(dir)))
		if (entry->d_type == DT_DIR && strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			*ARENA_APPEND(c->arena, names, n) =
			    arena_copy(c->arena, entry->d_name, strlen(entry->d_name));
	closedir(dir);
	*ret = names;
	*ret_n = n;
	return 0;
}

/* --- control files --- */

/* Read to the end: control files have no size, and some are long. */
static char *read_all(int fd, struct arena *a, size_t *ret_len)
{
	size_t cap = 512, len = 0;
	char *buf = arena_alloc(a, cap);

	for (;;) {
		ssize_t n = read(fd, buf + len, cap - 1 - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return NULL;
		if (n == 0)
			break;
		len += (size_t)n;
		if (len == cap - 1) {
			char *more = arena_alloc(a, cap * 2);

			memcpy(more, buf, len);
			buf = more;
			cap *= 2;
		}
	}
	buf[len] = '\0';
	*ret_len = len;
	return buf;
}

int cgroupfs_read(const char **ret, struct cgroupfs *c, const char *controller, const char *path,
		  const char *file, struct error *e)
{
	char *text = NULL;
	size_t len;
	int dir = -1, fd, r;

	r = cgroupfs_dir(&dir, c, controller, path, e);
	if (r)
		return r;
	fd = openat(dir, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0)
		text = read_all(fd, c->arena, &len);
	r = errno;
	if (fd >= 0)
		close(fd);
	if (!text && (r == ENOENT || r == ENODEV))
		return CGROUPFS_ABSENT;
	if (!text)
		return error_set_os(e, ERROR_FAILED, r, "%s: cannot read",
				    cgroupfs_path(c, controller, path, file));
	if (len && text[len - 1] == '\n')
		text[len - 1] = '\0';
	*ret = text;
	return 0;
}

int cgroupfs_write(struct cgroupfs *c, const char *controller, const char *path, const char *file,
		   const char *value, struct error *e)
{
	const char *reason = "cannot open for writing";
	size_t len = strlen(value);
	ssize_t n;
	int dir = -1, fd, r;

	r = cgroupfs_dir(&dir, c, controller, path, e);
	if (r < 0)
		return -1;
	if (r)
		return error_set_os(e, ERROR_FAILED, ENOENT,
				    "%s: cannot write \"%s\": no such cgroup",
				    cgroupfs_path(c, controller, path, file), value);
	if (c->yard && yard_write(dir, c->yard, file, value))
		return 0;
	/* A slash would leave the directory; no control file has one. */
	fd = strchr(file, '/') ? -1
			       : openat(dir, file, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
	r = strchr(file, '/') ? EINVAL : errno;
	if (fd >= 0) {
		reason = "the kernel refused the write";
		do
			n = write(fd, value, len);
		while (n < 0 && errno == EINTR);
		r = n < 0 ? errno : n == (ssize_t)len ? 0 : EIO;
		close(fd);
		if (!r)
			return 0;
	}
	return error_set_os(e, ERROR_FAILED, r, "%s: cannot write \"%s\": %s",
			    cgroupfs_path(c, controller, path, file), value, reason);
}

int cgroupfs_procs(int64_t **ret, size_t *ret_n, struct cgroupfs *c, const char *controller,
		   const char *path, struct error *e)
{
	int64_t *pids = NULL;
	const char *text = "";
	size_t n = 0;
	int r;

	r = cgroupfs_read(&text, c, controller, path, "cgroup.procs", e);
	/* A threaded group answers EOPNOTSUPP; its threads say which processes are inside. */
	if (r < 0 && e && e->os == EOPNOTSUPP)
		r = cgroupfs_read(&text, c, controller, path, "cgroup.threads", e);
	if (r)
		return r;
	while (*text) {
		char *end;
		long long pid = strtoll(text, &end, 10);

		if (end == text)
			break;
		*ARENA_APPEND(c->arena, pids, n) = pid;
		text = end + (*end == '\n');
	}
	*ret = pids;
	*ret_n = n;
	return 0;
}
