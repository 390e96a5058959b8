/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroupfs - the only file that opens, reads and writes control groups
 *
 * A group is named by (controller, path): the controller finds the mount, ""
 * being the v2 tree; the path is within the hierarchy. Directories are opened
 * beneath their mount without following links, mounts are checked to be cgroup
 * file systems, and control files are single names below their directory.
 *
 * Failures keep the kernel's errno in error.os, for the caller who knows what
 * it means for that file. They are ERROR_FAILED: this file works, it does not
 * refuse.
 */
#ifndef VMCG_HOOK_CGROUPFS_H
#define VMCG_HOOK_CGROUPFS_H

#include "hook/facts.h"

struct cgroupfs_dir;

/* An access to the host's cgroups. Start with cgroupfs_open, end with cgroupfs_close. */
struct cgroupfs {
	struct arena *arena;
	const struct facts_mount *mounts;
	size_t n_mounts;
	bool look_only;   /* the sandbox lets openat through, whose flags it can see, not openat2 */
	const char *yard; /* test build: plain directories below this stand for the mounts */
	struct cgroupfs_dir *dirs; /* open directories, by mount and path */
	size_t n_dirs;
};

/* Conditions */
enum {
	CGROUPFS_ABSENT = 1, /* the group or the file is not there */
	CGROUPFS_EXISTS,     /* mkdir: somebody made it before */
	CGROUPFS_FOREIGN,    /* the mark is missing or another's */
	CGROUPFS_UNMARKED,   /* this file system keeps no marks */
};

/* mounts is borrowed and must outlive the access; strings that are read live in the arena. */
void cgroupfs_open(struct cgroupfs *c, struct arena *a, const struct facts_mount *mounts,
		   size_t n_mounts, const char *yard);
void cgroupfs_close(struct cgroupfs *c);

/* The absolute path of a group or file (file may be NULL), for people. */
const char *cgroupfs_path(const struct cgroupfs *c, const char *controller, const char *path,
			  const char *file);

/* Do two controllers share a hierarchy? */
bool cgroupfs_together(const struct cgroupfs *c, const char *one, const char *other);

/* An open directory of the group, owned by c. CGROUPFS_ABSENT. */
int cgroupfs_dir(int *ret_fd, struct cgroupfs *c, const char *controller, const char *path,
		 struct error *e);

/* The whole file without its last newline. CGROUPFS_ABSENT. */
int cgroupfs_read(const char **ret, struct cgroupfs *c, const char *controller, const char *path,
		  const char *file, struct error *e);

/* value in one write(2). The file must exist: ENOENT is an error here. */
int cgroupfs_write(struct cgroupfs *c, const char *controller, const char *path, const char *file,
		   const char *value, struct error *e);

/* CGROUPFS_EXISTS; the parent must exist (ENOENT is an error). */
int cgroupfs_mkdir(struct cgroupfs *c, const char *controller, const char *path, struct error *e);

/* One try. CGROUPFS_ABSENT; EBUSY is an error with its errno. */
int cgroupfs_rmdir(struct cgroupfs *c, const char *controller, const char *path, struct error *e);

/* The names of the child groups. CGROUPFS_ABSENT. */
int cgroupfs_children(const char ***ret, size_t *ret_n, struct cgroupfs *c, const char *controller,
		      const char *path, struct error *e);

/* The processes in the group itself (a pid may appear twice). CGROUPFS_ABSENT. */
int cgroupfs_procs(int64_t **ret, size_t *ret_n, struct cgroupfs *c, const char *controller,
		   const char *path, struct error *e);

/*
 * A mark says that vmcg made this directory, and for which container: an
 * extended attribute, so that it goes when the directory goes and needs no
 * record. Setting one where the file system has none is no error.
 */
int cgroupfs_mark(struct cgroupfs *c, const char *controller, const char *path, const char *id,
		  struct error *e);

/* 0: marked for id (any container when id is NULL). CGROUPFS_ABSENT, _FOREIGN, _UNMARKED. */
int cgroupfs_marked(struct cgroupfs *c, const char *controller, const char *path, const char *id,
		    struct error *e);

#endif
